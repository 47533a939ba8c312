/* SPDX-License-Identifier: MIT */
/* What Linux has of its own: thread numbers, names, processors. */
#include "posix_system.h"

#if defined(__linux__)

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TI_LINUX_CPUS_MAX 8192 /* as many as Linux can be built for */

const size_t ti_port_name_limit = 15; /* TASK_COMM_LEN less the 0 */

uint64_t ti_port_native_id(void)
{
    return (uint64_t)syscall(SYS_gettid);
}

uint64_t ti_port_main_native_id(void)
{
    return (uint64_t)getpid();
}

/* A thread's number. It may be given to another thread later: then this one counts as gone when that one
 * is. */
uint64_t ti_port_life(void)
{
    return ti_port_native_id();
}

/* A signal of number 0 is none, and is refused for a thread that is gone (ESRCH), or in a sandbox. */
bool ti_port_life_is_over(uint64_t life)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_over = life == ti_port_native_id(); /* the calling thread is another one */
    if (!is_over)
        is_over = syscall(SYS_tgkill, getpid(), (pid_t)life, 0) != 0 && errno == ESRCH;
    ti_port_errors_restore(errors);
    return is_over;
}

void ti_port_life_end(uint64_t life)
{
    (void)life;
}

/* The kernel tells it at any time. */
void ti_posix_find_main(void)
{
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

/* How many processors a thread may use, 0 for the calling one. The answer is 0 for a thread that is gone
 * (ESRCH), in a sandbox, and when the kernel knows more of them than the set has room for (EINVAL). On the
 * stack, since nothing may be allocated here. The C library's own function for it is declared for
 * _GNU_SOURCE only. */
static size_t ti_linux_count_cpus(pid_t thread)
{
    unsigned char set[TI_LINUX_CPUS_MAX / 8] = {0};
    size_t count = 0;
    long size =
        syscall(SYS_sched_getaffinity, thread, sizeof set, set); /* of what was written; -1: nothing was */
    for (long i = 0; i < size; i++)
        count += (size_t)__builtin_popcount(set[i]);
    return count;
}

/* Main's are the process's: what a shell, or a container, binds a process to is had by main, and a thread
 * that binds itself later changes nothing for the others. */
size_t ti_port_cpu_count(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    size_t count = ti_linux_count_cpus(getpid());
    if (count == 0)
        count = ti_linux_count_cpus(0);
    if (count == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (size_t)online : 1;
    }
    ti_port_errors_restore(errors);
    return count;
}

size_t ti_port_available_cpus(void)
{
    size_t count = ti_port_cpu_count(), quota = ti_posix_quota("");
    return quota < count ? quota : count;
}

#else
typedef int ti_posix_is_not_linux; /* C wants a declaration in every file */
#endif
