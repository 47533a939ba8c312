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
    THREADING_MUST(threading_local_destroy(&automatic));
    return threading_thread_spawn(NULL, NULL, NULL, NULL);
}

#if !defined(__cplusplus)
threading_thread_t *use_keywords(threading_target_t target);
threading_thread_t *use_keywords(threading_target_t target)
{
    return threading_thread(target, NULL, .name = "keyword", .daemon = true);
}

/* Without a keyword too, in the strictest C; and an argument with commas. */
threading_thread_t *use_no_keyword(threading_target_t target);
threading_thread_t *use_no_keyword(threading_target_t target)
{
    THREADING_MUST(threading_thread_start(threading_thread(target, NULL)));
    THREADING_MUST(threading_thread_join(THREADING_MUST_SPAWN(target, NULL)));
    threading_thread_free(THREADING_MUST_SPAWN(target, NULL, .name = "keyword"));
    return threading_spawn(target, &(struct school){1}, .stack_size = 65536);
}

threading_thread_t *use_status(threading_target_t target, threading_status_t *status);
threading_thread_t *use_status(threading_target_t target, threading_status_t *status)
{
    return threading_spawn(target, (int[]){1, 2}, .priority = THREADING_PRIORITY_LOW, .status = status);
}
#endif

#define KNOWN(name, message) {THREADING_##name, message},
struct known {
    threading_status_t status;
    const char *message;
};
extern const struct known known[];
const struct known known[] = {THREADING_STATUS_LIST(KNOWN){THREADING_STATUS_COUNT, THREADING_VERSION}};
