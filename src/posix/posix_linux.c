/* SPDX-License-Identifier: MIT */
/* What Linux has of its own: thread numbers, names, processors. */
#include "posix_system.h"

#if defined(__linux__)

#include <errno.h>
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

/* How many processors a set of `capacity` shows; 0 when the kernel knows more than fit (EINVAL) or memory is
 * out. */
static size_t ti_linux_count_cpus(size_t capacity)
{
    size_t size = CPU_ALLOC_SIZE(capacity);
    cpu_set_t *set = CPU_ALLOC(capacity);
    size_t count = 0;
    if (set != NULL && sched_getaffinity(0, size, set) == 0)
        count = (size_t)CPU_COUNT_S(size, set);
    CPU_FREE(set);
    return count;
}

size_t ti_port_cpu_count(void)
{
    for (size_t capacity = 1024; capacity <= TI_LINUX_CPUS_MAX; capacity *= 4) {
        size_t count = ti_linux_count_cpus(capacity);
        if (count > 0)
            return count;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

#else
typedef int ti_posix_is_not_linux; /* C wants a declaration in every file */
#endif
