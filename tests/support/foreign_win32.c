/* SPDX-License-Identifier: MIT */
/* Threads that the library did not start, on Win32. */
#include "conformance.h"

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <process.h>
#include <stdlib.h>

/* The system calls with a stack aligned to 4 bytes on 32-bit x86. */
#if defined(__GNUC__) && defined(__i386__)
#define CALLED_BY_SYSTEM __attribute__((force_align_arg_pointer))
#else
#define CALLED_BY_SYSTEM
#endif

struct foreign {
    HANDLE native;
    void *(*function)(void *arg);
    void *arg;
};

CALLED_BY_SYSTEM static unsigned __stdcall run_foreign(void *arg)
{
    foreign_t *thread = arg;
    (void)thread->function(thread->arg);
    return 0;
}

foreign_t *foreign_start(void *(*function)(void *arg), void *arg)
{
    foreign_t *thread = malloc(sizeof *thread);
    CHECK(thread != NULL);
    thread->function = function;
    thread->arg = arg;
    thread->native = (HANDLE)_beginthreadex(NULL, 0, run_foreign, thread, 0, NULL);
    CHECK(thread->native != NULL);
    return thread;
}

void foreign_join(foreign_t *thread)
{
    CHECK_EQUAL(WaitForSingleObject(thread->native, INFINITE), WAIT_OBJECT_0);
    CHECK(CloseHandle(thread->native));
    free(thread);
}

void foreign_exit(void)
{
    _endthreadex(0);
    for (;;) /* it does not return, but is not declared so everywhere */
        Sleep(INFINITE);
}

/* An FLS slot. Its callback is not told which slot it is of, so that the value has to say what is to be
 * called. */
struct native_key {
    DWORD native;
    void (*destructor)(void *value);
};

struct native_value {
    void (*destructor)(void *value);
    void *value;
};

CALLED_BY_SYSTEM static VOID WINAPI call_destructor(PVOID arg)
{
    struct native_value value = *(struct native_value *)arg;
    free(arg);
    value.destructor(value.value);
}

native_key_t *native_key_new(void (*destructor)(void *value))
{
    native_key_t *key = malloc(sizeof *key);
    CHECK(key != NULL);
    key->destructor = destructor;
    key->native = FlsAlloc(call_destructor);
    CHECK(key->native != FLS_OUT_OF_INDEXES);
    return key;
}

void native_key_set(native_key_t *key, void *value)
{
    struct native_value *stored = malloc(sizeof *stored);
    CHECK(stored != NULL);
    *stored = (struct native_value){key->destructor, value};
    CHECK(FlsSetValue(key->native, stored));
}

int native_key_rounds(void)
{
    return 1;
}
