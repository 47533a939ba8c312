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
