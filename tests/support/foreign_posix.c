/* SPDX-License-Identifier: MIT */
/* Threads that the library did not start, on pthreads. */
#include "conformance.h"

#include <pthread.h>
#include <stdlib.h>

struct foreign {
    pthread_t native;
};

foreign_t *foreign_start(void *(*function)(void *arg), void *arg)
{
    foreign_t *thread = malloc(sizeof *thread);
    CHECK(thread != NULL);
    CHECK_EQUAL(pthread_create(&thread->native, NULL, function, arg), 0);
    return thread;
}

void foreign_join(foreign_t *thread)
{
    CHECK_EQUAL(pthread_join(thread->native, NULL), 0);
    free(thread);
}

void foreign_exit(void)
{
    pthread_exit(NULL);
}

struct native_key {
    pthread_key_t native;
};

native_key_t *native_key_new(void (*destructor)(void *value))
{
    native_key_t *key = malloc(sizeof *key);
    CHECK(key != NULL);
    CHECK_EQUAL(pthread_key_create(&key->native, destructor), 0);
    return key;
}

void native_key_set(native_key_t *key, void *value)
{
    CHECK_EQUAL(pthread_setspecific(key->native, value), 0);
}

/* The address sanitizer's run-time goes in the last one. */
int native_key_rounds(void)
{
#if defined(TEST_WITH_ADDRESS_SANITIZER)
    return 3;
#else
    return 4;
#endif
}
