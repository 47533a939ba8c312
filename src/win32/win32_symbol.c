/* SPDX-License-Identifier: MIT */
/* What code an address is in. Names of functions are in files of the compiler's; a module's own name would
 * take the loader's lock, which a thread may hold that waits for the one that asks. */
#include "win32_system.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_WIN32_FRAMES 16 /* more than this library's own calls and the callers that are wanted */

bool ti_port_symbol(const void *address, ti_symbol *symbol)
{
    MEMORY_BASIC_INFORMATION memory = {.AllocationBase = NULL};
    ti_port_errors errors = ti_port_errors_keep();
    (void)VirtualQuery(address, &memory, sizeof memory); /* fails for no address that code runs at */
    bool is_program = memory.AllocationBase == (PVOID)GetModuleHandleW(NULL);
    ti_port_errors_restore(errors);
    *symbol = (ti_symbol){.object = is_program ? "program" : "DLL"};
    symbol->in_object = (uintptr_t)address - (uintptr_t)memory.AllocationBase;
    return memory.AllocationBase != NULL;
}

/* Looked up, since not every Windows header declares it. */
static size_t ti_win32_frames(PVOID *frames)
{
    typedef USHORT(WINAPI * capture_function)(ULONG skipped, ULONG most, PVOID * frames, PULONG hash);
    static ti_win32_optional capture = {L"kernel32.dll", NULL, "RtlCaptureStackBackTrace", 0};
    capture_function found = (capture_function)ti_win32_find(&capture);
    return found != NULL ? found(0, TI_WIN32_FRAMES, frames, NULL) : 0;
}

size_t ti_port_callers(const void *caller, const void **callers, size_t most)
{
    PVOID frames[TI_WIN32_FRAMES];
    size_t count = ti_win32_frames(frames);
    size_t found = 0;
    for (size_t i = 0; i < count && found < most; i++)
        if (found > 0 || frames[i] == caller)
            callers[found++] = frames[i];
    return found;
}

#endif
