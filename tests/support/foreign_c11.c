/* SPDX-License-Identifier: MIT */
/* Threads that the library did not start, on C11 threads. */
#include "conformance.h"

#include <stdlib.h>
#include <threads.h>

struct foreign {
    thrd_t native;
    void *(*function)(void *arg);
    void *arg;
};

static int run_foreign(void *arg)
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
    CHECK_EQUAL(thrd_create(&thread->native, run_foreign, thread), thrd_success);
    return thread;
}

void foreign_join(foreign_t *thread)
{
    CHECK_EQUAL(thrd_join(thread->native, NULL), thrd_success);
    free(thread);
}

void foreign_exit(void)
{
    thrd_exit(0);
}

struct native_key {
    tss_t native;
};

native_key_t *native_key_new(void (*destructor)(void *value))
{
    native_key_t *key = malloc(sizeof *key);
    CHECK(key != NULL);
    CHECK_EQUAL(tss_create(&key->native, destructor), thrd_success);
    return key;
}

void native_key_set(native_key_t *key, void *value)
{
    CHECK_EQUAL(tss_set(key->native, value), thrd_success);
}

int native_key_rounds(void)
{
    return TSS_DTOR_ITERATIONS < 4 ? TSS_DTOR_ITERATIONS : 4;
}
