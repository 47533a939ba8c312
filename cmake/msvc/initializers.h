/* SPDX-License-Identifier: MIT */
/* The initializers of the program's or the DLL's variables, which the linker has sorted between these two. */
#define _ACRTIMP /* not only imported: atexit() is here */
#include <stdlib.h>
#include <windows.h>

typedef void(__cdecl *initializer)(void);

#pragma section(".CRT$XCA", read)
#pragma section(".CRT$XCZ", read)
__declspec(allocate(".CRT$XCA")) initializer first_initializer;
__declspec(allocate(".CRT$XCZ")) initializer last_initializer;

static void run_initializers(void)
{
    for (initializer *i = &first_initializer; i < &last_initializer; i++)
        if (*i != NULL)
            (*i)();
}
