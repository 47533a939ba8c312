/* SPDX-License-Identifier: MIT */
/* Threads: start, reap, end, names, numbers, yielding. */
#include "win32_system.h"

#include <process.h>
#include <tlhelp32.h>

#include "atomic.h"

#define TI_WIN32_NAME_LIMIT TI_PORT_NAME_MOST
#define TI_WIN32_STACK_DEFAULT ((size_t)1 << 20) /* the least that is a default */
#define TI_WIN32_STACK_LIMIT 0xFFFF0000u         /* the last multiple of the system's unit in 32 bits */

const char *const ti_port_backend = "win32";
const bool ti_port_has_stack_size = true;
const size_t ti_port_name_limit = TI_WIN32_NAME_LIMIT;

TI_WIN32_CALLED static unsigned __stdcall ti_win32_run(void *argument)
{
    ti_port_thread *thread = (ti_port_thread *)argument;
    thread->entry(thread->argument);
    return 0;
}

/* What the program was linked with. */
static size_t ti_win32_stack_linked(void)
{
    const char *base = (const char *)GetModuleHandleW(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)(const void *)base;
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(const void *)(base + dos->e_lfanew);
    return headers->OptionalHeader.SizeOfStackReserve;
}

/* _beginthreadex, since CreateThread leaks what a static C run-time keeps for each thread. The size is
 * reserved, not committed, and rounded up by the system: on 32 bits to 0 if there is no such number, and
 * the thread crashes. */
threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size)
{
    if (stack_size > TI_WIN32_STACK_LIMIT)
        return THREADING_NO_THREADS;
    ti_port_errors errors = ti_port_errors_keep();
    size_t linked = ti_win32_stack_linked();
    unsigned size = (unsigned)(stack_size != 0 ? stack_size : TI_WIN32_STACK_DEFAULT);
    if (stack_size == 0 &&
        linked >= TI_WIN32_STACK_DEFAULT) /* which 0 stands for, and 32 bits may not hold */
        size = 0;
    thread->stack_size = size != 0 ? size : linked;
    thread->entry = entry;
    thread->argument = argument;
    uintptr_t handle =
        _beginthreadex(NULL, size, ti_win32_run, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    ti_port_errors_restore(errors);
    thread->handle = (void *)handle;
    return handle != 0 ? THREADING_OK : THREADING_NO_THREADS;
}

/* Both calls fail only for handles that were closed before, which the core rules out. */
void ti_port_thread_join(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)WaitForSingleObject(thread->handle, INFINITE);
    (void)CloseHandle(thread->handle);
    ti_port_errors_restore(errors);
}

void ti_port_thread_detach(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)CloseHandle(thread->handle);
    ti_port_errors_restore(errors);
}

uintptr_t ti_port_thread_handle(const ti_port_thread *thread)
{
    return (uintptr_t)thread->handle;
}

/* Another one would have to be closed. */
uintptr_t ti_port_handle(void)
{
    return 0;
}

size_t ti_port_thread_stack_size(const ti_port_thread *thread)
{
    return thread->stack_size;
}

void ti_port_thread_exit(void)
{
    _endthreadex(0);
    for (;;) /* it does not return, but is not declared so everywhere */
        Sleep(INFINITE);
}

uint64_t ti_port_native_id(void)
{
    return GetCurrentThreadId();
}

/* ---- main: the oldest thread of the process, whoever loaded this library and when ---- */

/* When a thread was created; the latest time of all if it has gone. */
static ULONGLONG ti_win32_creation(DWORD id)
{
    FILETIME creation, other;
    ULONGLONG result = ~0ULL;
    HANDLE thread = OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, id);
    if (thread == NULL)
        return result;
    if (GetThreadTimes(thread, &creation, &other, &other, &other))
        result = (ULONGLONG)creation.dwHighDateTime << 32 | creation.dwLowDateTime;
    (void)CloseHandle(thread);
    return result;
}

/* 0 if the system would not list the threads. */
static DWORD ti_win32_find_main(void)
{
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    ULONGLONG oldest = ~0ULL;
    DWORD main = 0;
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (list == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Thread32First(list, &entry); more; more = Thread32Next(list, &entry)) {
        if (entry.th32OwnerProcessID != GetCurrentProcessId())
            continue;
        ULONGLONG creation = ti_win32_creation(entry.th32ThreadID);
        if (main == 0 || creation < oldest) { /* of equals the first: the system lists them in order */
            oldest = creation;
            main = entry.th32ThreadID;
        }
    }
    (void)CloseHandle(list);
    return main;
}

uint64_t ti_port_main_native_id(void)
{
    static uint32_t known;
    /* Relaxed: a number by itself. Threads that look at the same time find the same. */
    uint32_t main = ti_load_relaxed(&known);
    if (main == 0) {
        ti_port_errors errors = ti_port_errors_keep();
        main = ti_win32_find_main();
        ti_port_errors_restore(errors);
        if (main == 0) /* no list: whoever asks first */
            main = GetCurrentThreadId();
        ti_store_relaxed(&known, main);
    }
    return main;
}

bool ti_port_is_main(void)
{
    return ti_port_native_id() == ti_port_main_native_id();
}

/* ---- names ---- */

/* SetThreadDescription is in kernel32 since Windows 10 1703, in KernelBase since 1607. What it answers
 * matters to nobody: the name is for debuggers. */
void ti_port_set_name(const char *name, size_t length)
{
    typedef HRESULT(WINAPI * describe_function)(HANDLE thread, PCWSTR description);
    static ti_win32_optional set_description = {L"kernel32.dll", L"kernelbase.dll", "SetThreadDescription",
                                                0};
    describe_function describe = (describe_function)ti_win32_find(&set_description);
    wchar_t text[TI_WIN32_NAME_LIMIT + 1];
    ti_port_errors errors = ti_port_errors_keep();
    int count = MultiByteToWideChar(CP_UTF8, 0, name, (int)length, text, TI_WIN32_NAME_LIMIT);
    text[count] = L'\0';
    if (describe != NULL)
        (void)describe(GetCurrentThread(), text);
    ti_port_errors_restore(errors);
}

void ti_port_yield(void)
{
    (void)SwitchToThread(); /* whether there was another thread to run */
}
