/* SPDX-License-Identifier: MIT */
/* The header before anything else, twice, and every macro of it in use: compiled as C and as C++. */
#include "threading.h"

#include "threading.h"

struct school {
    int students;
};

void init_school(void *copy);
int with_both(threading_lock_t *lock, threading_rlock_t *rlock, int *value);
void with_statements(threading_lock_t *lock, threading_rwlock_t *rwlock, int *value);
threading_status_t use_initialisers(void);

static threading_local_t plain = THREADING_LOCAL_INIT(struct school);
static threading_local_t with_init = THREADING_LOCAL_INIT_WITH(struct school, init_school, NULL);

void init_school(void *copy)
{
    ((struct school *)copy)->students = 1;
}

/* Bodies nest, also in the same kind and on the same line, without shadowing anything. */
int with_both(threading_lock_t *lock, threading_rlock_t *rlock, int *value)
{
    THREADING_WITH_LOCK(lock) {
        THREADING_WITH_RLOCK(rlock) {
            THREADING_WITH_RLOCK(rlock) {
                if (*value > 0)
                    return *value;
                *value += 1;
            }
        }
    }
    return 0;
}

/* Bodies of one statement, an else that is not theirs, and ways out that leave just the body. */
void with_statements(threading_lock_t *lock, threading_rwlock_t *rwlock, int *value)
{
    if (*value > 0)
        THREADING_WITH_READ(rwlock)
            *value += 1;
    else
        THREADING_WITH_WRITE(rwlock)
            *value += 2;
    THREADING_WITH_LOCK(lock)
        break;
    THREADING_WITH_LOCK(lock) {
        if (*value > 2)
            continue;
        *value += 3;
    }
}

threading_status_t use_initialisers(void)
{
    threading_local_t automatic = THREADING_LOCAL_INIT(struct school);
    if (threading_local_get(&plain) == NULL || threading_local_get(&with_init) == NULL)
        return THREADING_NO_MEMORY;
    if (threading_sleep(THREADING_FOREVER) != THREADING_OK || THREADING_TIMEOUT_MAX < 1)
        return THREADING_INVALID;
    return threading_local_destroy(&automatic);
}

#if !defined(__cplusplus)
threading_thread_t *use_keywords(threading_target_t target);
threading_thread_t *use_keywords(threading_target_t target)
{
    return threading_thread(target, NULL, .name = "keyword", .daemon = true);
}
#endif

#define KNOWN(name, message) {THREADING_##name, message},
struct known {
    threading_status_t status;
    const char *message;
};
extern const struct known known[];
const struct known known[] = {THREADING_STATUS_LIST(KNOWN){THREADING_STATUS_COUNT, THREADING_VERSION}};
