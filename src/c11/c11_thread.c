/* SPDX-License-Identifier: MIT */
/* Threads with nothing but <threads.h>: no stack sizes, no names, no numbers. */
#include <string.h>
#include <threads.h>

#include "port.h"

const char *const ti_port_backend = "c11";
const bool ti_port_has_stack_size = false;
const size_t ti_port_name_limit = 0;

static int ti_c11_run(void *argument)
{
    ti_port_thread *thread = (ti_port_thread *)argument;
    thread->entry(thread->argument);
    return 0;
}

/* C libraries disagree on which failure is thrd_nomem and which thrd_error; both mean that there is no
 * thread. */
threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size)
{
    if (stack_size != 0)
        return THREADING_UNSUPPORTED;
    ti_port_errors errors = ti_port_errors_keep();
    thread->entry = entry;
    thread->argument = argument;
    bool started = thrd_create(&thread->native, ti_c11_run, thread) == thrd_success;
    ti_port_errors_restore(errors);
    return started ? THREADING_OK : THREADING_NO_THREADS;
}

/* Both fail only for threads that were reaped before, which the core rules out. */
void ti_port_thread_join(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)thrd_join(thread->native, NULL);
    ti_port_errors_restore(errors);
}

void ti_port_thread_detach(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)thrd_detach(thread->native);
    ti_port_errors_restore(errors);
}

/* A thrd_t may be a struct. */
static uintptr_t ti_c11_handle(thrd_t thread)
{
    uintptr_t handle = 0;
    if (sizeof thread == sizeof handle)
        memcpy(&handle, &thread, sizeof handle);
    return handle;
}

uintptr_t ti_port_thread_handle(const ti_port_thread *thread)
{
    return ti_c11_handle(thread->native);
}

uintptr_t ti_port_handle(void)
{
    return ti_c11_handle(thrd_current());
}

size_t ti_port_thread_stack_size(const ti_port_thread *thread)
{
    (void)thread;
    return 0;
}

void ti_port_thread_exit(void)
{
    thrd_exit(0);
}

uint64_t ti_port_native_id(void)
{
    return 0;
}

uint64_t ti_port_main_native_id(void)
{
    return 0;
}

void ti_port_set_name(const char *name, size_t length)
{
    (void)name;
    (void)length;
}

void ti_port_yield(void)
{
    ti_port_errors errors = ti_port_errors_keep();
    thrd_yield();
    ti_port_errors_restore(errors);
}

/* C cannot count them. */
size_t ti_port_cpu_count(void)
{
    return 1;
}

size_t ti_port_available_cpus(void)
{
    return 1;
}

/* Nothing here tells whether a thread is gone. */
uint64_t ti_port_life(void)
{
    return 0;
}

bool ti_port_life_is_over(uint64_t life)
{
    (void)life;
    return false;
}

void ti_port_life_end(uint64_t life)
{
    (void)life;
}
