/* SPDX-License-Identifier: MIT */
/* What the process runs on, and its end. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)

#include <windows.h>

/* A function of ntdll, which every process has. */
static FARPROC find(const char *name)
{
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
}

const char *wine_version(void)
{
    typedef const char *(__cdecl * version_function)(void);
    version_function version = (version_function)(void (*)(void))find("wine_get_version");
    return version != NULL ? version() : NULL;
}

/* GetVersionEx tells a program no more than its manifest knows. */
void system_text(char *text, size_t size)
{
    typedef LONG(WINAPI * version_function)(OSVERSIONINFOW * version);
    version_function get_version = (version_function)(void (*)(void))find("RtlGetVersion");
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    if (get_version != NULL)
        (void)get_version(&version);
    snprintf(text, size, "%s%s%sWindows %lu.%lu.%lu%s", wine_version() ? "Wine " : "",
             wine_version() ? wine_version() : "", wine_version() ? " (" : "", version.dwMajorVersion,
             version.dwMinorVersion, version.dwBuildNumber, wine_version() ? ")" : "");
}

/* Not _Exit: it kills the threads first, wherever they are, and then runs the code of DLLs, which may wait for a lock that
 * one of them held (tests/support/churn.h). */
void end_now(int code)
{
    (void)TerminateProcess(GetCurrentProcess(), (UINT)code);
    abort();
}

typedef LONG(NTAPI *next_thread_function)(HANDLE process, HANDLE thread, ACCESS_MASK access, ULONG attributes,
                                          ULONG flags, HANDLE *next);

/* A snapshot would tell too, in ten milliseconds. */
size_t process_threads(void)
{
    next_thread_function next_thread = (next_thread_function)(void (*)(void))find("NtGetNextThread");
    HANDLE thread = NULL, next;
    size_t count = 0;
    while (next_thread != NULL && next_thread(GetCurrentProcess(), thread, SYNCHRONIZE, 0, 0, &next) >= 0) {
        if (thread != NULL)
            CloseHandle(thread);
        thread = next;
        count += WaitForSingleObject(thread, 0) == WAIT_TIMEOUT;
    }
    if (thread != NULL)
        CloseHandle(thread);
    return count;
}

/* Threads that are not the library's may go on for ever, and those that sim keeps do: after a tenth of a second the process
 * ends beside them. */
static void let_threads_end(void)
{
    for (int i = 0; i < 10 && process_threads() > threading_active_count(); i++)
        Sleep(10);
}

/* Wine 8 kills the other threads at the end of a process. One that was just ending makes the process crash, or hang until
 * Wine's server kills it: once in a thousand cases on a loaded machine (docs/limits-of-the-check.md). A handler
 * registered before the library's first use is called after the library has waited for its threads. */
void end_after_all_threads(void)
{
    if (wine_version() != NULL)
        (void)atexit(let_threads_end);
}

#else

#include <sys/utsname.h>

const char *wine_version(void)
{
    return NULL;
}

size_t process_threads(void)
{
    return 0;
}

void system_text(char *text, size_t size)
{
    struct utsname name;
    if (uname(&name) < 0)
        snprintf(text, size, "an unknown system");
    else
        snprintf(text, size, "%s %.*s", name.sysname, (int)strcspn(name.release, "-+"), name.release);
}

void end_now(int code)
{
    _Exit(code);
}

void end_after_all_threads(void)
{
}

#endif
