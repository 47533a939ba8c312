/* SPDX-License-Identifier: MIT */
/* Threads: start, reap, end. */
#include "posix_system.h"

#include <errno.h>
#include <unistd.h>

/* The least that is a default: musl's own is 128 KiB, macOS's 512 KiB. */
#define TI_POSIX_STACK_DEFAULT ((size_t)1 << 20)

const char *const ti_port_backend = "posix";
const bool ti_port_has_stack_size = true;

static void *ti_posix_run(void *argument)
{
    ti_port_thread *thread = (ti_port_thread *)argument;
    thread->entry(thread->argument);
    return NULL;
}

/* Whole pages, and no less than the system's minimum. 0 if there is no such number. */
static size_t ti_posix_stack_round(size_t size)
{
    long page = sysconf(_SC_PAGESIZE);
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t unit = page > 0 ? (size_t)page : 4096;
    if (least > 0 && size < (size_t)least)
        size = (size_t)least;
    return size > SIZE_MAX - unit ? 0 : (size + unit - 1) / unit * unit;
}

/* The system's own default, if it is enough. */
static size_t ti_posix_stack_default(const pthread_attr_t *attributes)
{
    size_t size = 0;
    (void)pthread_attr_getstacksize(attributes, &size); /* fails for no attributes that were initialised */
    return size > TI_POSIX_STACK_DEFAULT ? size : TI_POSIX_STACK_DEFAULT;
}

static int ti_posix_create_sized(ti_port_thread *thread, pthread_attr_t *attributes, size_t size)
{
    thread->stack_size = ti_posix_stack_round(size);
    int error = pthread_attr_setstacksize(attributes, thread->stack_size);
    return error != 0 ? error : pthread_create(&thread->native, attributes, ti_posix_run, thread);
}

static int ti_posix_create(ti_port_thread *thread, size_t stack_size)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    size_t least = ti_posix_stack_default(&attributes);
    error = ti_posix_create_sized(thread, &attributes, stack_size != 0 ? stack_size : least);
    /* glibc takes thread-local storage from the stack and refuses a stack that has no room for both:
     * the size asked for is what the target needs, so give more. */
    if (error == EINVAL && stack_size != 0 && stack_size < least)
        error = ti_posix_create_sized(thread, &attributes, least);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

threading_status_t ti_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument), void *argument,
                                        size_t stack_size)
{
    ti_port_errors errors = ti_port_errors_keep();
    thread->entry = entry;
    thread->argument = argument;
    int error = ti_posix_create(thread, stack_size);
    ti_port_errors_restore(errors);
    return error == 0 ? THREADING_OK : THREADING_NO_THREADS;
}

int ti_posix_cancel_disable(void)
{
    int state = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* fails for an unknown state only */
    return state;
}

void ti_posix_cancel_restore(int state)
{
    (void)pthread_setcancelstate(state, &state);
}

/* Both fail only for threads that were reaped before, which the core rules out. */
void ti_port_thread_join(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    int state = ti_posix_cancel_disable();
    (void)pthread_join(thread->native, NULL);
    ti_posix_cancel_restore(state);
    ti_port_errors_restore(errors);
}

void ti_port_thread_detach(ti_port_thread *thread)
{
    ti_port_errors errors = ti_port_errors_keep();
    (void)pthread_detach(thread->native);
    ti_port_errors_restore(errors);
}

/* A pthread_t is a number or an address on every system that is known. */
uintptr_t ti_port_thread_handle(const ti_port_thread *thread)
{
    return (uintptr_t)thread->native;
}

uintptr_t ti_port_handle(void)
{
    return (uintptr_t)pthread_self();
}

size_t ti_port_thread_stack_size(const ti_port_thread *thread)
{
    return thread->stack_size;
}

void ti_port_thread_exit(void)
{
    pthread_exit(NULL);
}
