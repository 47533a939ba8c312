/* SPDX-License-Identifier: MIT */
/*
 * Time: unbiased interrupt time, which stands still while the machine sleeps, as timeouts of waits do since Windows 8. (The
 * performance counter goes on, so that deadlines on it would be late after a sleep.)
 */
#include "win32_system.h"

#define TI_WIN32_TICK 100 /* nanoseconds in a unit of interrupt time */
#define TI_WIN32_MILLISECOND 1000000
#define TI_WIN32_LONGEST_WAIT \
    86400000 /* milliseconds: a day, far from INFINITE; the caller looks at the clock */

int64_t ti_port_now(void)
{
    ULONGLONG now = 0;
    (void)QueryUnbiasedInterruptTime(&now); /* fails for a bad address only */
    return (int64_t)now * TI_WIN32_TICK;
}

DWORD ti_win32_remaining(int64_t deadline)
{
    if (deadline == TI_FOREVER)
        return INFINITE;
    int64_t now = ti_port_now();
    if (deadline <= now)
        return 0;
    int64_t remaining = (deadline - now) / TI_WIN32_MILLISECOND + 1;
    return (DWORD)(remaining < TI_WIN32_LONGEST_WAIT ? remaining : TI_WIN32_LONGEST_WAIT);
}

void ti_port_sleep(int64_t deadline)
{
    while (ti_port_now() < deadline)
        Sleep(ti_win32_remaining(deadline));
}
