/* SPDX-License-Identifier: MIT */
/*
 * A variable of which each thread has its own copy.
 *
 *     local_school = threading.local()
 *     local_school.student = name
 *
 * Look at process_student(): it takes no argument and needs no lock, and still finds its own thread's student.
 */
#include "example.h"

struct school {
    const char *student;
};

static threading_local_t local_school = THREADING_LOCAL_INIT(struct school);

static void process_student(void)
{
    const struct school *school = threading_local_get(&local_school);
    printf("Hello, %s (in %s)\n", school->student, threading_thread_name(threading_current_thread()));
}

static void *process_thread(void *name)
{
    struct school *school = threading_local_get(&local_school);
    THREADING_MUST(school != NULL ? THREADING_OK
                                  : THREADING_NO_MEMORY); /* the first time in a thread it needs some */
    school->student = name;
    process_student();
    return NULL;
}

int main(void)
{
    static char alice[] = "Alice", bob[] = "Bob";
    threading_thread_t *t1 = THREADING_MUST_SPAWN(process_thread, alice, .name = "Thread-A");
    threading_thread_t *t2 = THREADING_MUST_SPAWN(process_thread, bob, .name = "Thread-B");
    THREADING_MUST(threading_thread_join(t1));
    THREADING_MUST(threading_thread_join(t2));
    threading_thread_free(t1);
    threading_thread_free(t2);
    return 0;
}
