/* SPDX-License-Identifier: MIT */
/* Memory runs out for locals. */
#include "failing_memory.h"

struct copy {
    int value;
    char rest[300];
};

static atomic_int inits, finis;

static void init_copy(void *copy)
{
    ((struct copy *)copy)->value += 7;
    atomic_fetch_add(&inits, 1);
}

static void fini_copy(void *copy)
{
    CHECK(((struct copy *)copy)->value >= 7);
    atomic_fetch_add(&finis, 1);
}

static bool try_local_get(void *arg)
{
    threading_local_t *local = arg;
    int inits_before = atomic_load(&inits);
    struct copy *copy = threading_local_get(local);
    if (copy == NULL) {
        CHECK_EQUAL(atomic_load(&inits), inits_before);
        return false;
    }
    CHECK_EQUAL(copy->value, 7);
    CHECK(copy->rest[0] == 0 && copy->rest[299] == 0);
    CHECK_EQUAL(atomic_load(&inits), inits_before + 1);
    CHECK_STATUS(threading_local_destroy(local), THREADING_OK);
    CHECK_EQUAL(atomic_load(&finis), atomic_load(&inits));
    return true;
}

CASE(local_gives_no_copy_until_there_is_memory)
{
    static threading_local_t local = THREADING_LOCAL_INIT_WITH(struct copy, init_copy, fini_copy);
    check_attempt(try_local_get, &local);
}

CASE(locals_beyond_any_table_fail_one_by_one)
{
    enum { count = 200 };
    static threading_local_t locals[count];
    static struct copy *copies[count];
    for (size_t i = 0; i < count; i++) {
        CHECK_STATUS(threading_local_init(&locals[i], sizeof(struct copy), init_copy, fini_copy),
                     THREADING_OK);
        for (int after = 0; copies[i] == NULL; after++) {
            CHECK(after < 10);
            memory_runs_out(after, i % 2 == 0);
            copies[i] = threading_local_get(&locals[i]);
            int failed = memory_comes_back();
            CHECK((copies[i] == NULL) == (failed > 0));
        }
        copies[i]->value += (int)i;
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(threading_local_get(&locals[i]) == copies[i]);
        CHECK_EQUAL(copies[i]->value, 7 + i);
    }
    memory_runs_out(0, false);
    for (size_t i = 0; i < count; i++)
        CHECK_STATUS(threading_local_destroy(&locals[i]), THREADING_OK);
    CHECK_EQUAL(memory_comes_back(), 0);
    CHECK_EQUAL(atomic_load(&finis), count);
}
