/* SPDX-License-Identifier: MIT */
/* A fence in all threads of the process: Linux has it since 4.14. With the parker of macOS it is left out, as
 * there. */
#include "posix_system.h"

#if defined(__linux__) && !defined(THREADING_PARKER_CONDITION)

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/membarrier.h, which musl's own headers lack */
#define TI_MEMBARRIER_PRIVATE_EXPEDITED (1 << 3)
#define TI_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED (1 << 4)

/* Fails on older kernels (ENOSYS, EINVAL) and in sandboxes (EPERM): then there is none. */
static bool ti_linux_membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}

bool ti_port_fence_start(void)
{
    int error = errno;
    bool started = ti_linux_membarrier(TI_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED);
    errno = error;
    return started;
}

/* Run when the program is loaded: registering costs nothing in a process of one thread, and ten milliseconds
 * later on. */
__attribute__((constructor)) static void ti_linux_register(void)
{
    (void)ti_port_fence_start();
}

bool ti_port_fence_all(void)
{
    int error = errno;
    bool fenced = ti_linux_membarrier(TI_MEMBARRIER_PRIVATE_EXPEDITED);
    errno = error;
    return fenced;
}

#else

bool ti_port_fence_start(void)
{
    return false;
}

bool ti_port_fence_all(void)
{
    return false;
}

#endif
