#define THREADING_IMPLEMENTATION
#include "threading.h"
#include <stdio.h>

static void *work(void *greeting)
{
    printf("%s says %s\n", threading_thread_name(threading_current_thread()), (const char *)greeting);
    return NULL;
}

int main(void)
{
    threading_thread_t *thread = THREADING_MUST_SPAWN(work, "hello", .name = "Worker");
    THREADING_MUST(threading_thread_join(thread));
    threading_thread_free(thread);
    return 0;
}
