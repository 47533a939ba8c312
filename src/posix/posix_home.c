/* SPDX-License-Identifier: MIT */
/*
 * Where this code is, and how it is kept there.
 *
 * In a shared object it is kept by a reference of its own, dlopen() of the object by its own name. glibc
 * then can have it back: when the last reference is gone it takes the object's handlers out of its tables,
 * those of fork, and those of exit after it has run them. musl never unloads an object. macOS has a table
 * of fork handlers that nothing can be taken out of, so there an object stays once it is loaded; and so it
 * does where nothing is known of the system.
 */
#include "posix_system.h"

#if !defined(__EMSCRIPTEN__)
#include <dlfcn.h>
#endif

#include "atomic.h"

#if defined(__linux__)

#include <link.h>

#ifndef RTLD_NOLOAD
#define RTLD_NOLOAD 4
#endif

/* The beginning of what dl_iterate_phdr tells of an object; its own declaration is for _GNU_SOURCE only. */
typedef struct ti_posix_object {
    ElfW(Addr) base;
    const char *name;
    const ElfW(Phdr) * headers;
    ElfW(Half) count;
} ti_posix_object;

/* Weak, so that a program that is linked statically, or with an old glibc and without its libdl, needs none
 * of them. It then has no object either that could be unloaded. */
static int ti_posix_iterate(int (*look)(ti_posix_object *object, size_t size, void *arg), void *arg)
    __attribute__((weakref("dl_iterate_phdr")));
static void *ti_posix_open(const char *name, int flags) __attribute__((weakref("dlopen")));
static int ti_posix_close(void *handle) __attribute__((weakref("dlclose")));
static int ti_posix_try_join(pthread_t thread, void **result) __attribute__((weakref("pthread_tryjoin_np")));

#if defined(__GLIBC__)
#define TI_POSIX_UNLOADS true
#else
#define TI_POSIX_UNLOADS false
#endif

static uint32_t ti_posix_home;      /* the ti_home and 1; 0: not looked for yet */
static uintptr_t ti_posix_own_name; /* of the object; the system's, for as long as the object is loaded */
static uintptr_t ti_posix_pin;      /* the reference */

typedef struct ti_posix_search {
    bool is_first;
    bool is_program;
    const char *name; /* NULL: not found */
} ti_posix_search;

static bool ti_posix_is_in(const ti_posix_object *object, uintptr_t address)
{
    for (size_t i = 0; i < object->count; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        if (header->p_type == PT_LOAD && address - (object->base + header->p_vaddr) < header->p_memsz)
            return true;
    }
    return false;
}

/* The first object is the program; in a namespace of dlmopen's it is what was loaded there. glibc has no
 * name for the program. */
static bool ti_posix_is_program(const ti_posix_search *search, const ti_posix_object *object)
{
    return search->is_first && (!TI_POSIX_UNLOADS || object->name == NULL || object->name[0] == '\0');
}

TI_COLD static int ti_posix_look(ti_posix_object *object, size_t size, void *arg)
{
    ti_posix_search *search = (ti_posix_search *)arg;
    (void)size;
    bool is_here = ti_posix_is_in(object, (uintptr_t)&ti_posix_pin);
    if (is_here) {
        search->is_program = ti_posix_is_program(search, object);
        search->name = object->name;
    }
    search->is_first = false;
    return is_here;
}

TI_COLD static ti_home ti_posix_find_home(void)
{
    ti_posix_search search = {.is_first = true};
    if (ti_posix_iterate == NULL)
        return TI_HOME_PROGRAM;
    (void)ti_posix_iterate(ti_posix_look, &search); /* what the last look gave */
    if (search.is_program)
        return TI_HOME_PROGRAM;
    ti_store_pointer_relaxed(&ti_posix_own_name,
                             (uintptr_t)search.name); /* relaxed: the home is stored later */
    bool can_go = TI_POSIX_UNLOADS && search.name != NULL && ti_posix_open != NULL && ti_posix_close != NULL;
    return can_go ? TI_HOME_PINNED : TI_HOME_KEPT;
}

/* Threads that look at the same time find the same. */
ti_home ti_port_home(void)
{
    uint32_t home = ti_load_acquire(&ti_posix_home);
    if (home == 0) {
        home = (uint32_t)ti_posix_find_home() + 1;
        ti_store_release(&ti_posix_home, home); /* pairs with the acquire above, for the name */
    }
    return (ti_home)(home - 1);
}

TI_COLD static bool ti_posix_take_pin(void)
{
    const char *name =
        (const char *)ti_load_pointer_relaxed(&ti_posix_own_name); /* relaxed: behind the home */
    void *pin = ti_posix_open(name, RTLD_NOW | RTLD_NOLOAD);
    if (pin != NULL && !ti_swap_pointer_acquire(&ti_posix_pin, 0, (uintptr_t)pin))
        (void)ti_posix_close(pin); /* another thread has one already */
    return pin != NULL;
}

bool ti_port_pin(void)
{
    ti_home home = ti_port_home();
    bool can_pin = home != TI_HOME_PROGRAM && ti_posix_open != NULL && ti_posix_close != NULL;
    if (!can_pin || ti_load_pointer_relaxed(&ti_posix_pin) != 0)
        return true;
    ti_port_errors errors = ti_port_errors_keep();
    bool taken = ti_posix_take_pin();
    ti_port_errors_restore(errors);
    return taken || home == TI_HOME_KEPT;
}

void ti_port_unpin(void)
{
    void *pin = (void *)ti_exchange_pointer_acquire(&ti_posix_pin, 0);
    if (pin != NULL)
        (void)ti_posix_close(pin); /* fails for no reference that it has given */
}

bool ti_port_thread_try_join(ti_port_thread *thread)
{
    return ti_posix_try_join != NULL && ti_posix_try_join(thread->native, NULL) == 0;
}

#elif defined(__EMSCRIPTEN__)

/* The code is in the program; a side module, if it is in one, is never unloaded. */
ti_home ti_port_home(void)
{
    return TI_HOME_PROGRAM;
}

bool ti_port_pin(void)
{
    return true;
}

void ti_port_unpin(void)
{
}

bool ti_port_thread_try_join(ti_port_thread *thread)
{
    (void)thread;
    return false;
}

#else

#if defined(__APPLE__)

#include <mach-o/loader.h>

static bool ti_posix_is_program(const Dl_info *info)
{
    return ((const struct mach_header *)info->dli_fbase)->filetype == MH_EXECUTE;
}

#define TI_POSIX_PIN RTLD_NOLOAD

#else

static bool ti_posix_is_program(const Dl_info *info)
{
    (void)info;
    return false;
}

#define TI_POSIX_PIN 0

#endif

static char ti_posix_here;

ti_home ti_port_home(void)
{
    Dl_info info;
    return dladdr(&ti_posix_here, &info) != 0 && ti_posix_is_program(&info) ? TI_HOME_PROGRAM : TI_HOME_KEPT;
}

bool ti_port_pin(void)
{
    static uint32_t is_pinned;
    Dl_info info;
    ti_port_errors errors = ti_port_errors_keep();
    if (ti_swap_acquire(&is_pinned, 0, 1) && ti_port_home() == TI_HOME_KEPT &&
        dladdr(&ti_posix_here, &info) != 0)
        (void)dlopen(info.dli_fname, RTLD_NOW | TI_POSIX_PIN); /* for ever; of a program it means nothing */
    ti_port_errors_restore(errors);
    return true;
}

void ti_port_unpin(void)
{
}

bool ti_port_thread_try_join(ti_port_thread *thread)
{
    (void)thread;
    return false;
}

#if defined(__APPLE__)
/* The fork hooks are registered at load, and stay. */
__attribute__((constructor)) static void ti_posix_stay(void)
{
    (void)ti_port_pin();
}
#endif

#endif

/* No thread of the backend's own. */
bool ti_port_is_idle(void)
{
    return true;
}
