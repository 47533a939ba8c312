/* SPDX-License-Identifier: MIT */
/* What Visual Studio's static part of the C run-time has in each program and DLL, and Wine has not: the directory by which
 * Windows finds the variables and the callbacks that each thread has. Microsoft documents it in the PE format's chapter on
 * the .tls section. */
#include <windows.h>

/* What the linker has sorted between the first and the last of each section. */

#pragma comment(linker, "/include:_tls_used")

#pragma section(".tls", read, write)
#pragma section(".tls$ZZZ", read, write)
#pragma section(".CRT$XLA", read)
#pragma section(".CRT$XLZ", read)
#pragma section(".rdata$T", read)

ULONG _tls_index;
__declspec(allocate(".tls")) char _tls_start;
__declspec(allocate(".tls$ZZZ")) char _tls_end;
__declspec(allocate(".CRT$XLA")) PIMAGE_TLS_CALLBACK first_tls_callback;
__declspec(allocate(".CRT$XLZ")) PIMAGE_TLS_CALLBACK last_tls_callback;
__declspec(allocate(".rdata$T")) const IMAGE_TLS_DIRECTORY64 _tls_used = {
    (ULONG_PTR)&_tls_start, (ULONG_PTR)&_tls_end, (ULONG_PTR)&_tls_index, (ULONG_PTR)(&first_tls_callback + 1), 0, 0};

/* Every object that computes with floating point asks for it. */
int _fltused = 1;
