/* SPDX-License-Identifier: MIT */
/* What the diagnosis needs: the environment, standard error, Ctrl-Break. */
#include "win32_system.h"

#include "atomic.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_WIN32_VALUE 1024 /* bytes of a variable of the environment; a longer one counts as not set */

static uint32_t ti_win32_breaks;

/* Windows raises no privileges without asking: a process that has more begins with an environment of its own.
 * */
TI_COLD const char *ti_port_environment(const char *name)
{
    static char value[TI_WIN32_VALUE]; /* one variable is asked for, and once */
    ti_port_errors errors = ti_port_errors_keep();
    DWORD length = GetEnvironmentVariableA(name, value, sizeof value);
    ti_port_errors_restore(errors);
    return length > 0 && length < sizeof value ? value : NULL;
}

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
