/* SPDX-License-Identifier: MIT */
/* Standard error, abort, and what the diagnosis needs: SIGQUIT. */
#include "posix_system.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "atomic.h"

TI_COLD void ti_port_complain(const char *text, size_t length)
{
    ti_port_errors errors = ti_port_errors_keep();
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno != EINTR)
            break; /* it is closed, or full: there is nobody to tell */
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    ti_port_errors_restore(errors);
}

TI_COLD void ti_port_abort(void)
{
    abort();
}

#if !defined(THREADING_NO_DIAGNOSIS)

static uint32_t ti_posix_quits; /* a signal handler may change it: it is lock-free */

/* A strictly conforming program that includes the one file behind the system's headers has hidden these. */
#if defined(SA_RESTART)

static bool ti_posix_counts; /* SIGQUIT is the library's */

TI_COLD static void ti_posix_quit(int signal_number)
{
    (void)signal_number;
    ti_add_relaxed(&ti_posix_quits, 1); /* relaxed: only the number matters */
}

/* A program that ignores the signal, as below nohup, or handles it goes on to do so. */
TI_COLD bool ti_port_count_requests(void)
{
    struct sigaction action = {.sa_handler = ti_posix_quit, .sa_flags = SA_RESTART};
    struct sigaction before;
    (void)sigemptyset(&action.sa_mask);
    ti_posix_counts = sigaction(SIGQUIT, NULL, &before) == 0 &&
                      (before.sa_handler == SIG_DFL || before.sa_handler == ti_posix_quit) &&
                      sigaction(SIGQUIT, &action, NULL) == 0;
    return ti_posix_counts;
}

/* Nobody answers there: the signal ends the child, as it would without the library. */
TI_COLD void ti_posix_quit_in_child(void)
{
    if (ti_posix_counts)
        (void)signal(SIGQUIT, SIG_DFL);
    ti_posix_counts = false;
}

TI_COLD void ti_port_leave_signals(void)
{
    sigset_t signals;
    (void)sigfillset(&signals);
    if (ti_posix_counts)
        (void)sigdelset(&signals, SIGQUIT);
    (void)pthread_sigmask(SIG_SETMASK, &signals, NULL);
}

#else

TI_COLD void ti_posix_quit_in_child(void)
{
}

TI_COLD bool ti_port_count_requests(void)
{
    return false;
}

TI_COLD void ti_port_leave_signals(void)
{
}

#endif

TI_COLD uint32_t ti_port_requests(void)
{
    return ti_load_relaxed(&ti_posix_quits);
}

#endif
