/* SPDX-License-Identifier: MIT */
/*
 * A fence in all threads of the process: FlushProcessWriteBuffers, since Windows Vista, cannot fail. Wine's,
 * up to version 9 at least, does nothing and says nothing of it: there it is not used.
 */
#include "win32_system.h"

static bool ti_win32_is_wine(void)
{
    static ti_win32_optional wine_get_version = {L"ntdll.dll", NULL, "wine_get_version", 0};
    return ti_win32_find(&wine_get_version) != NULL;
}

bool ti_port_fence_start(void)
{
    return !ti_win32_is_wine();
}

bool ti_port_fence_all(void)
{
    FlushProcessWriteBuffers();
    return true;
}
