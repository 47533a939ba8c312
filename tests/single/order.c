/* SPDX-License-Identifier: MIT */
/* The implementation in a file of its user's, who includes other headers too, before it or behind it. */
#if defined(OLD_POSIX)
#define _POSIX_C_SOURCE 199309L
#endif
#if defined(BEHIND_OTHERS) || defined(OLD_POSIX)
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#endif
#endif
#if defined(BEHIND_ITSELF)
#include "threading.h"
#endif

#define THREADING_IMPLEMENTATION
#include "threading.h"

#include "threading.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(_WIN32)
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#endif

#if defined(TI_FOREVER)
#error "macros of the implementation are left"
#endif
#if defined(THREADING_INLINE) && !defined(THREADING_NO_INLINE) && !defined(threading_lock_acquire)
#error "the inline calls are missing behind the implementation"
#endif

static threading_lock_t lock;

int main(void)
{
    THREADING_WITH_LOCK(&lock)
        puts(threading_backend());
    return 0;
}
