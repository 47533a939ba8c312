/* SPDX-License-Identifier: MIT */
/* What Linux has of its own: thread numbers, names, processors. */
#include "posix_system.h"

#if defined(__linux__)

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TI_LINUX_CPUS_MAX ((size_t)1 << 20) /* where to stop asking with larger and larger sets */

const size_t ti_port_name_limit = 15; /* TASK_COMM_LEN less the 0 */

uint64_t ti_port_native_id(void)
{
    return (uint64_t)syscall(SYS_gettid);
}

uint64_t ti_port_main_native_id(void)
{
    return (uint64_t)getpid();
}

bool ti_port_is_main(void)
{
    return ti_port_native_id() == ti_port_main_native_id();
}

void ti_port_set_name(const char *name, size_t length)
{
    char text[16] = "";
    memcpy(text, name, length);
    (void)prctl(PR_SET_NAME, text, 0L, 0L, 0L); /* fails for a bad address only */
}

void ti_port_yield(void)
{
    (void)sched_yield(); /* always 0 on Linux */
}

/* How many processors the calling thread may use, as far as a set of so many bytes can show; 0 when the kernel knows more
 * than that (EINVAL) or memory is out. The C library's own function for it is declared for _GNU_SOURCE only. */
static size_t ti_linux_count_cpus(size_t size)
{
    unsigned char *set = calloc(1, size);
    size_t count = 0;
    if (set != NULL && syscall(SYS_sched_getaffinity, 0, size, set) > 0) {
        for (size_t i = 0; i < size; i++)
            count += (size_t)__builtin_popcount(set[i]);
    }
    free(set);
    return count;
}

size_t ti_port_cpu_count(void)
{
    for (size_t size = 128; size <= TI_LINUX_CPUS_MAX / 8; size *= 4) {
        size_t count = ti_linux_count_cpus(size);
        if (count > 0)
            return count;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

#else
typedef int ti_posix_is_not_linux; /* C wants a declaration in every file */
#endif
