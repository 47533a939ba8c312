/* SPDX-License-Identifier: MIT */
/*
 * Time. Unbiased interrupt time stands still while the machine sleeps, as the timeouts of waits do since
 * Windows 8; its precise form is there since Windows 10. Its other form moves with the timer's tick, every
 * 15.6 ms, so that waits measured with it could end that much too early. Older systems get the performance
 * counter, which goes on while the machine sleeps: there a timeout may pass meanwhile.
 */
#include "win32_system.h"

#define TI_WIN32_SECOND INT64_C(1000000000)
#define TI_WIN32_MILLISECOND 1000000
#define TI_WIN32_UNIT 100 /* nanoseconds in a unit of interrupt time and of waitable timers */
#define TI_WIN32_LONGEST_WAIT INT64_C(86400000) /* milliseconds: a day, far from INFINITE */

/* Timers of a finer kind than the tick, since Windows 10 1803; by number, since older SDKs do not know the
 * name. */
#define TI_WIN32_HIGH_RESOLUTION 0x00000002

/* Neither call fails since Windows XP. */
static int64_t ti_win32_counter(void)
{
    LARGE_INTEGER frequency = {.QuadPart = 1}, counter = {.QuadPart = 0};
    (void)QueryPerformanceFrequency(&frequency);
    (void)QueryPerformanceCounter(&counter);
    int64_t seconds = counter.QuadPart / frequency.QuadPart;
    int64_t rest = counter.QuadPart % frequency.QuadPart;
    return seconds * TI_WIN32_SECOND + rest * TI_WIN32_SECOND / frequency.QuadPart;
}

int64_t ti_port_now(void)
{
    typedef VOID(WINAPI * query)(PULONGLONG time);
    static ti_win32_optional precise = {L"kernel32.dll", L"kernelbase.dll",
                                        "QueryUnbiasedInterruptTimePrecise", 0};
    query ask = (query)ti_win32_find(&precise);
    ULONGLONG now = 0;
    if (ask == NULL)
        return ti_win32_counter();
    ask(&now);
    return (int64_t)now * TI_WIN32_UNIT;
}

/* Milliseconds in a span of time, which is positive, rounded up and cut. */
static DWORD ti_win32_milliseconds(int64_t span)
{
    int64_t milliseconds = (span - 1) / TI_WIN32_MILLISECOND + 1;
    return (DWORD)(milliseconds < TI_WIN32_LONGEST_WAIT ? milliseconds : TI_WIN32_LONGEST_WAIT);
}

DWORD ti_win32_remaining(int64_t deadline)
{
    if (deadline == TI_FOREVER)
        return INFINITE;
    int64_t now = ti_port_now();
    return deadline > now ? ti_win32_milliseconds(deadline - now) : 0;
}

/* Sleep() keeps to the tick: a millisecond can take 15. A timer does better. */
static void ti_win32_sleep_once(HANDLE timer, int64_t span)
{
    int64_t longest = TI_WIN32_LONGEST_WAIT * TI_WIN32_MILLISECOND;
    LARGE_INTEGER due = {.QuadPart = -((span < longest ? span : longest) / TI_WIN32_UNIT + 1)}; /* relative */
    if (timer != NULL && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE))
        (void)WaitForSingleObject(timer, INFINITE);
    else
        Sleep(ti_win32_milliseconds(span));
}

void ti_port_sleep(int64_t deadline)
{
    ti_port_errors errors = ti_port_errors_keep();
    HANDLE timer =
        CreateWaitableTimerExW(NULL, NULL, TI_WIN32_HIGH_RESOLUTION, TIMER_MODIFY_STATE | SYNCHRONIZE);
    for (int64_t now; (now = ti_port_now()) < deadline;)
        ti_win32_sleep_once(timer, deadline - now);
    if (timer != NULL)
        (void)CloseHandle(timer);
    ti_port_errors_restore(errors);
}
