/* SPDX-License-Identifier: MIT */
/* What macOS has of its own: thread numbers, names, processors. */
#include "posix_system.h"

#if defined(__APPLE__)

#include <sched.h>
#include <string.h>
#include <unistd.h>

#define TI_APPLE_NAME_LIMIT 63 /* MAXTHREADNAMESIZE less the 0; a longer name is refused, not cut */

const size_t ti_port_name_limit = TI_APPLE_NAME_LIMIT;

static uint64_t ti_apple_main_id;

uint64_t ti_port_native_id(void)
{
    uint64_t id = 0;
    (void)pthread_threadid_np(NULL, &id); /* fails for a thread that is gone only */
    return id;
}

/* Run before main, in the main thread: later its number could be asked for by main only. */
__attribute__((constructor)) void ti_posix_find_main(void)
{
    if (ti_port_is_main())
        ti_apple_main_id = ti_port_native_id();
}

uint64_t ti_port_main_native_id(void)
{
    return ti_port_is_main() ? ti_port_native_id() : ti_apple_main_id;
}

bool ti_port_is_main(void)
{
    return pthread_main_np() != 0;
}

void ti_port_set_name(const char *name, size_t length)
{
    char text[TI_APPLE_NAME_LIMIT + 1] = "";
    ti_port_errors errors = ti_port_errors_keep();
    memcpy(text, name, length);
    (void)pthread_setname_np(text); /* of the calling thread; fails for a name too long only */
    ti_port_errors_restore(errors);
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
typedef int ti_posix_is_not_apple; /* C wants a declaration in every file */
#endif
