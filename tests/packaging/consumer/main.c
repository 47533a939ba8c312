/* SPDX-License-Identifier: MIT */
/* What a user of the library writes, in C or in C++; prints which version and which kind it was linked with. */
#include <threading.h>

#if defined(_WINDOWS_) || defined(_INC_WINDOWS) || defined(_PTHREAD_H)
#error "the header brings a header of the system's along"
#endif

#include <stdio.h>
#include <string.h>

#if defined(THREADING_SHARED)
#define KIND "shared"
#else
#define KIND "static"
#endif

static threading_lock_t lock;
static int balance;

static void *deposit(void *amount)
{
    threading_lock_acquire(&lock);
    balance += *(int *)amount;
    threading_lock_release(&lock);
    return NULL;
}

int main(void)
{
    int five = 5;
    threading_thread_t *thread = threading_thread_new(deposit, &five, NULL);
    if (threading_thread_start(thread) != THREADING_OK)
        return 1;
    deposit(&five);
    if (threading_thread_join(thread) != THREADING_OK)
        return 1;
    threading_thread_free(thread);
    if (strcmp(threading_version(), THREADING_VERSION) != 0)
        return 1;
    printf("%s %s %d\n", threading_version(), KIND, balance);
    return 0;
}
