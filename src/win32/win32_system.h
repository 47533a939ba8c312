/* SPDX-License-Identifier: MIT */
/* What every file of this backend includes first: Windows 7 and later. */
#ifndef TI_WIN32_SYSTEM_H
#define TI_WIN32_SYSTEM_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#include <windows.h>

#include "port.h"

/* Milliseconds until a deadline: rounded up, and less than INFINITE, so that the caller has to look at the clock. */
DWORD ti_win32_remaining(int64_t deadline);

/* A function that not every Windows has, from a module that is loaded already; NULL if it is not there. */
FARPROC ti_win32_find(const wchar_t *module, const char *name);

/* Whether all other threads have been killed because the process ends. */
bool ti_win32_is_ending(void);

#endif
