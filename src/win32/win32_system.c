/* SPDX-License-Identifier: MIT */
#include "win32_system.h"

FARPROC ti_win32_find(const wchar_t *module, const char *name)
{
    HMODULE handle = GetModuleHandleW(module);
    return handle != NULL ? GetProcAddress(handle, name) : NULL;
}

/* RtlDllShutdownInProgress is in ntdll since Windows XP. */
bool ti_win32_is_ending(void)
{
    typedef BOOLEAN(NTAPI * query)(void);
    query ask = (query)(void (*)(void))ti_win32_find(L"ntdll.dll", "RtlDllShutdownInProgress");
    return ask != NULL && ask();
}
