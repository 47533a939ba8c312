/* SPDX-License-Identifier: MIT */
/*
 * Many downloads by few threads, and Ctrl-C stops all of them at once.
 *
 *     with ThreadPoolExecutor(max_workers=4) as pool:          # and in Python's asyncio:
 *         for url in urls:                                     # async with TaskGroup() as group:
 *             pool.submit(fetch, url)                          #     group.create_task(fetch(url))
 *
 * Signals go to no thread that works: all have SIGINT blocked, and one thread waits for it with sigwait(). When
 * it comes, that thread stops the group. Every wait in the group's tasks ends with THREADING_CANCELLED, also
 * those that would have lasted for minutes, and the group's wait is over when the last task is. On Windows a
 * handler of the console does what sigwait() does here: it runs in a thread of its own.
 *
 * This program presses Ctrl-C itself, after a moment.
 */
#if !defined(_WIN32)
#define _POSIX_C_SOURCE 200809L /* sigwait() and its like, where the compiler is told of plain C */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#endif

#include <stdatomic.h>

#include "example.h"

enum { DOWNLOADS = 100, THREADS = 4 };

static threading_group_t group;
static atomic_int begun, complete;

/* In place of a server that does not answer: a wait of a minute. A real one waits for its socket in short
 * steps, and looks at threading_stop_requested(&group.stop) between them. */
static threading_status_t download(void *url)
{
    (void)url;
    atomic_fetch_add(&begun, 1);
    threading_status_t status = threading_sleep(60);
    if (status == THREADING_OK)
        atomic_fetch_add(&complete, 1);
    return status;
}

#if defined(_WIN32)
static BOOL WINAPI stop_all(DWORD event)
{
    (void)event;
    threading_group_stop(&group);
    return TRUE;
}

static void watch_for_ctrl_c(void)
{
    SetConsoleCtrlHandler(stop_all, TRUE);
}

static void press_ctrl_c(void)
{
    (void)stop_all(CTRL_C_EVENT); /* a real event would go to all programs of this console */
}
#else
static sigset_t ctrl_c;

static void *stop_at_ctrl_c(void *arg)
{
    int signal;
    if (sigwait(&ctrl_c, &signal) == 0)
        threading_group_stop(&group);
    return arg;
}

/* First of all: the threads that are started later inherit what is blocked. */
static void watch_for_ctrl_c(void)
{
    sigemptyset(&ctrl_c);
    sigaddset(&ctrl_c, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &ctrl_c, NULL) != 0)
        exit(1);
    threading_thread_t *watcher =
        THREADING_MUST_SPAWN(stop_at_ctrl_c, NULL, .name = "Ctrl-C", .daemon = true);
    threading_thread_free(watcher);
}

static void press_ctrl_c(void)
{
    kill(getpid(), SIGINT);
}
#endif

int main(void)
{
    watch_for_ctrl_c();
    threading_executor_t *pool = threading_executor_new(THREADS, NULL);
    THREADING_MUST(threading_group_init(&group, pool));
    for (int i = 0; i < DOWNLOADS; i++)
        THREADING_MUST(threading_group_run(&group, download, NULL));
    while (atomic_load(&begun) < THREADS)
        threading_sleep(0.001);

    double begin = threading_monotonic();
    press_ctrl_c();
    threading_status_t status = threading_group_wait(&group);
    double seconds = threading_monotonic() - begin;
    printf("%s: %d of %d were complete\n", threading_status_name(status), atomic_load(&complete), DOWNLOADS);
    printf("all was over %s 100 ms\n", seconds < 0.1 ? "within" : "not within");
    THREADING_MUST(threading_executor_shutdown(pool, true, false));
    threading_executor_free(pool);
    return 0;
}
