/* SPDX-License-Identifier: MIT */
/* What POSIX alone gives, for Unixes that have no file of their own here: no thread numbers and no names. */
#include "posix_system.h"

#if !defined(__linux__) && !defined(__APPLE__)

#include <sched.h>
#include <unistd.h>

const size_t ti_port_name_limit = 0;

static pthread_t ti_other_main;

void ti_posix_find_main(void)
{
    ti_other_main = pthread_self();
}

#if defined(__EMSCRIPTEN__)
/* The page's thread loads the code, and main() may be called in another one: the first thread to use the
 * library counts as main. */
static void ti_other_look_for_main(void)
{
    static pthread_once_t is_found = PTHREAD_ONCE_INIT;
    (void)pthread_once(&is_found, ti_posix_find_main); /* fails for nothing that was initialised */
}
#else
/* Run before main, in the main thread, unless the library is loaded later by another one. */
__attribute__((constructor)) static void ti_other_load(void)
{
    ti_posix_find_main();
}

static void ti_other_look_for_main(void)
{
}
#endif

uint64_t ti_port_native_id(void)
{
    return 0;
}

uint64_t ti_port_main_native_id(void)
{
    return 0;
}

/* In a child forked by another thread than main this tells the thread that called fork. */
bool ti_port_is_main(void)
{
    ti_other_look_for_main();
    return pthread_equal(pthread_self(), ti_other_main) != 0;
}

void ti_port_set_name(const char *name, size_t length)
{
    (void)name;
    (void)length;
}

void ti_port_yield(void)
{
    (void)sched_yield();
}

size_t ti_port_cpu_count(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    ti_port_errors_restore(errors);
    return online > 0 ? (size_t)online : 1;
}

size_t ti_port_available_cpus(void)
{
    return ti_port_cpu_count();
}

/* Nothing here tells whether a thread is gone. */
uint64_t ti_port_life(void)
{
    return 0;
}

bool ti_port_life_is_over(uint64_t life)
{
    (void)life;
    return false;
}

void ti_port_life_end(uint64_t life)
{
    (void)life;
}

#else
typedef int ti_posix_is_known; /* C wants a declaration in every file */
#endif
