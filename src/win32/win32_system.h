/* SPDX-License-Identifier: MIT */
/* What every file of this backend includes first: Windows 7 and later, and of its DLLs only kernel32 for
 * certain. */
#ifndef TI_WIN32_SYSTEM_H
#define TI_WIN32_SYSTEM_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#include <windows.h>
#if _WIN32_WINNT < 0x0601
#error "threading: compile with -D_WIN32_WINNT=0x0601 or more, for Windows 7"
#endif

#include "port.h"

/* A function that the system or the C run-time calls: on 32-bit x86 they align the stack to 4 bytes, while
 * GCC and Clang rely on 16. */
#if defined(__GNUC__) && defined(__i386__)
#define TI_WIN32_CALLED __attribute__((force_align_arg_pointer))
#else
#define TI_WIN32_CALLED
#endif

/* A function that not every Windows has. It is looked up once, since a look-up takes the loader's lock. */
typedef struct ti_win32_optional {
    const wchar_t *module; /* one that is loaded already if it is there at all */
    const wchar_t *otherwise;
    const char *name;
    uintptr_t address; /* what is known of it; zero at first */
} ti_win32_optional;

typedef void (*ti_win32_function)(void);

/* The function, to be cast to its type; NULL if it is not there. */
ti_win32_function ti_win32_find(ti_win32_optional *function);

/* Milliseconds until a deadline: rounded up, and less than INFINITE, so that the caller has to look at the
 * clock. INFINITE for TI_FOREVER alone. */
DWORD ti_win32_remaining(int64_t deadline);

/* What Windows 8 tells of a job's part of the processors (JOBOBJECT_CPU_RATE_CONTROL_INFORMATION): a cap,
 * or the least in the lower half and the most in the upper one. */
typedef struct ti_win32_rate {
    DWORD flags;
    DWORD value;
} ti_win32_rate;

/* How many threads such a part lets run at once, of so many processors: at least 1, for there is no rate
 * of 0. */
size_t ti_win32_rate_cpus(const ti_win32_rate *rate, size_t processors);

/* Whether all other threads have been killed because the process ends. */
bool ti_win32_is_ending(void);

/* Let the DLL that this code is in, if it is, stay loaded until the process ends. */
bool ti_win32_stay(void);

#endif
