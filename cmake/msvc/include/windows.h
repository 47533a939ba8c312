/* SPDX-License-Identifier: MIT */
/* Wine's, with what Wine 8 forgets to declare. */
#include_next <windows.h>

#ifndef MSVC_WINDOWS_H
#define MSVC_WINDOWS_H

WINBASEAPI BOOL WINAPI GetProcessGroupAffinity(HANDLE process, PUSHORT count, PUSHORT groups);

#endif
