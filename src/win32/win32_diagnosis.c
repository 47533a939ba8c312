/* SPDX-License-Identifier: MIT */
/* Standard error, abort, and what the diagnosis needs: Ctrl-Break. */
#include "win32_system.h"

#include <signal.h>

#include "atomic.h"

TI_COLD void ti_port_complain(const char *text, size_t length)
{
    ti_port_errors errors = ti_port_errors_keep();
    DWORD written = 0;
    HANDLE handle = GetStdHandle(STD_ERROR_HANDLE);
    while (length > 0 && handle != NULL && handle != INVALID_HANDLE_VALUE &&
           WriteFile(handle, text, (DWORD)length, &written, NULL) && written > 0) {
        text += written;
        length -= written;
    }
    ti_port_errors_restore(errors);
}

/* abort() itself may ask by a dialog, or have Windows report it, and waits for the answer. What else it does
 * is this: it calls a handler, or ends the process with 3. */
TI_COLD void ti_port_abort(void)
{
    (void)raise(SIGABRT);
    (void)TerminateProcess(GetCurrentProcess(), 3); /* a handler has returned, or the signal is ignored */
    for (;;)
        Sleep(INFINITE);
}

#if !defined(THREADING_NO_DIAGNOSIS)

static uint32_t ti_win32_breaks;

/* In a thread of the system's. */
TI_WIN32_CALLED static BOOL WINAPI ti_win32_break(DWORD event)
{
    if (event != CTRL_BREAK_EVENT)
        return FALSE;
    ti_add_relaxed(&ti_win32_breaks, 1); /* relaxed: only the number matters */
    return TRUE;
}

TI_COLD bool ti_port_count_requests(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    bool is_counted = SetConsoleCtrlHandler(ti_win32_break, TRUE);
    ti_port_errors_restore(errors);
    return is_counted;
}

TI_COLD void ti_port_leave_signals(void)
{
}

TI_COLD uint32_t ti_port_requests(void)
{
    return ti_load_relaxed(&ti_win32_breaks);
}

#endif
