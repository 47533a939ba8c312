/* SPDX-License-Identifier: MIT */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include "threading.h"

static void expect(int condition)
{
    if (condition)
        return;
    puts("the plug-in failed");
    fflush(stdout);
    _Exit(99);
}

static void start(threading_target_t target, void *arg, int daemon)
{
    threading_thread_t *thread =
        threading_thread_new(target, arg, &(threading_thread_options_t){.daemon = daemon});
    expect(thread != NULL && threading_thread_start(thread) == THREADING_OK);
    threading_thread_free(thread);
}

static void *outlive_main(void *line)
{
    expect(threading_thread_join(threading_main_thread()) == THREADING_OK);
    expect(threading_sleep(0.02) == THREADING_OK);
    puts((const char *)line);
    fflush(stdout);
    return NULL;
}

void plugin_start(const char *line)
{
    start(outlive_main, (void *)(uintptr_t)line, THREADING_NOT_DAEMON);
}

static void *return_at_once(void *arg)
{
    return arg;
}

void plugin_use(void)
{
    threading_thread_t *thread = threading_thread_new(return_at_once, NULL, NULL);
    expect(thread != NULL && threading_thread_start(thread) == THREADING_OK);
    expect(threading_thread_join(thread) == THREADING_OK);
    threading_thread_free(thread);
}

static threading_lock_t held;
static double seconds_to_wait;
static bool destructor_waits;

static void *hold_for_ever(void *arg)
{
    expect(threading_lock_acquire(&held) == THREADING_OK);
    for (;;)
        (void)threading_sleep(3600);
    return arg;
}

void plugin_hold(double seconds)
{
    start(hold_for_ever, NULL, THREADING_DAEMON);
    while (!threading_lock_locked(&held))
        (void)threading_sleep(0.001);
    seconds_to_wait = seconds;
    destructor_waits = true;
}

static threading_thread_t *joined;

static void *sleep_for_ever(void *arg)
{
    (void)threading_sleep(THREADING_FOREVER);
    return arg;
}

void plugin_keep(void)
{
    joined = threading_thread_new(sleep_for_ever, NULL,
                                  &(threading_thread_options_t){.daemon = THREADING_NOT_DAEMON});
    expect(joined != NULL && threading_thread_start(joined) == THREADING_OK);
    expect(threading_thread_join_timeout(joined, 0.01) == THREADING_TIMEOUT);
}

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

/* All other threads have been killed. */
static void join_the_killed(void)
{
    threading_source_t sources[] = {THREADING_SOURCE_THREAD(joined)};
    expect(threading_thread_join(joined) == THREADING_FINALIZING);
    expect(threading_thread_join_timeout(joined, 10) == THREADING_FINALIZING);
    expect(threading_thread_try_join(joined) == THREADING_FINALIZING);
    expect(threading_wait_any(sources, 1, THREADING_FOREVER, NULL) == THREADING_FINALIZING);
    expect(threading_wait_any(sources, 1, 10, NULL) == THREADING_FINALIZING);
    expect(threading_shutdown() == THREADING_FINALIZING);
    say("told");
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)module;
    if (reason == DLL_PROCESS_DETACH && reserved != NULL && joined != NULL)
        join_the_killed();
    if (reason == DLL_PROCESS_DETACH && reserved != NULL && destructor_waits) {
        threading_status_t status = threading_lock_acquire_timeout(&held, seconds_to_wait);
        say(threading_status_name(status));
    }
    return TRUE;
}
