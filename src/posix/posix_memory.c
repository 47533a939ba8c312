/* SPDX-License-Identifier: MIT */
/* Memory that malloc knows nothing of. */
#include "posix_system.h"

#include <sys/mman.h>

/* As with the clocks in posix_system.h: headers that were read in strict C lack it. */
#if !defined(MAP_ANONYMOUS) && defined(MAP_ANON)
#define MAP_ANONYMOUS MAP_ANON
#elif !defined(MAP_ANONYMOUS) && defined(__linux__) && !defined(__mips__) && !defined(__alpha__)
#define MAP_ANONYMOUS 0x20
#endif

/* The leak sanitizer of a program that was built with it, while this library was not: it looks for pointers
 * in memory that it knows. */
#if defined(__linux__)
/* The name is the sanitizer's. NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((weak)) void __lsan_register_root_region(const void *memory, size_t size);
/* The name is the sanitizer's. NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((weak)) void __lsan_unregister_root_region(const void *memory, size_t size);

static void ti_posix_show_pages(const void *memory, size_t size)
{
    if (__lsan_register_root_region != NULL)
        __lsan_register_root_region(memory, size);
}

static void ti_posix_hide_pages(const void *memory, size_t size)
{
    if (__lsan_unregister_root_region != NULL)
        __lsan_unregister_root_region(memory, size);
}
#else
static void ti_posix_show_pages(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

static void ti_posix_hide_pages(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}
#endif

void *ti_port_pages(size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ti_port_errors_restore(errors);
    if (memory == MAP_FAILED)
        return NULL;
    ti_posix_show_pages(memory, size);
    return memory;
}

void ti_port_pages_give_back(void *pages, size_t size)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_posix_hide_pages(pages, size);
    (void)munmap(pages, size); /* fails for no pages that there are */
    ti_port_errors_restore(errors);
}
