/* SPDX-License-Identifier: MIT */
/* A shared object that has the static library in it. */
#include <threading.h>

static threading_rlock_t lock;

#if defined(_WIN32)
__declspec(dllexport)
#endif
    int plugin_run(void)
{
    return threading_rlock_acquire(&lock) || threading_rlock_release(&lock) ||
           threading_thread_new(NULL, NULL, NULL) == NULL;
}
