/* SPDX-License-Identifier: MIT */
/* A fence in all threads of the process: Linux has it since 4.14. With the parker of macOS it is left out, as
 * there. */
#include "posix_system.h"

#if defined(__linux__) && !defined(THREADING_PARKER_CONDITION)

#include <sys/syscall.h>
#include <unistd.h>

/* linux/membarrier.h, which musl's own headers lack */
#define TI_MEMBARRIER_PRIVATE_EXPEDITED (1 << 3)
#define TI_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED (1 << 4)

/* Fails on older kernels (ENOSYS, EINVAL) and in sandboxes (EPERM): then there is none. */
static bool ti_linux_membarrier(int command)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool done = syscall(SYS_membarrier, command, 0, 0) == 0;
    ti_port_errors_restore(errors);
    return done;
}

bool ti_port_fence_start(void)
{
    return ti_linux_membarrier(TI_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED);
}

/* Run when the program is loaded: registering costs nothing in a process of one thread, and ten milliseconds
 * later on. */
__attribute__((constructor)) static void ti_linux_register(void)
{
    (void)ti_port_fence_start();
}

bool ti_port_fence_all(void)
{
    return ti_linux_membarrier(TI_MEMBARRIER_PRIVATE_EXPEDITED);
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
