/* SPDX-License-Identifier: MIT */
/*
 * The library as a DLL that is loaded and freed at run time, and as a part of another DLL. This program has a copy of
 * its own for the harness, of which it uses next to nothing; what it tests is the loaded one.
 */
#include "conformance.h"
#include "plugin.h"

#include <string.h>

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

typedef void (*function_t)(void);

static function_t find(HMODULE module, const char *name)
{
    function_t function = (function_t)GetProcAddress(module, name);
    if (function == NULL)
        check_failed(__FILE__, __LINE__, "GetProcAddress", name);
    return function;
}

static HMODULE loaded(const wchar_t *name)
{
    HMODULE module = LoadLibraryW(name);
    CHECK(module != NULL);
    return module;
}

/* ---- the library's own DLL ---- */

static struct {
    HMODULE module;
    threading_thread_t *(*thread_new)(threading_target_t target, void *arg,
                                      const threading_thread_options_t *options);
    threading_status_t (*thread_start)(threading_thread_t *thread);
    threading_status_t (*thread_join)(threading_thread_t *thread);
    threading_thread_t *(*main_thread)(void);
    void (*thread_free)(threading_thread_t *thread);
    threading_status_t (*lock_acquire)(threading_lock_t *lock);
    threading_status_t (*lock_release)(threading_lock_t *lock);
    threading_status_t (*sleep)(double seconds);
    uint32_t (*get_ident)(void);
} dll;

static void find_into(void *pointer, const char *name)
{
    function_t function = find(dll.module, name);
    memcpy(pointer, &function, sizeof function);
}

static void load_library(void)
{
    dll.module = loaded(L"" THREADING_DLL);
    find_into(&dll.thread_new, "threading_thread_new");
    find_into(&dll.thread_start, "threading_thread_start");
    find_into(&dll.thread_join, "threading_thread_join");
    find_into(&dll.main_thread, "threading_main_thread");
    find_into(&dll.thread_free, "threading_thread_free");
    find_into(&dll.lock_acquire, "threading_lock_acquire");
    find_into(&dll.lock_release, "threading_lock_release");
    find_into(&dll.sleep, "threading_sleep");
    find_into(&dll.get_ident, "threading_get_ident");
}

static threading_thread_t *start(threading_target_t target, void *arg, int daemon)
{
    threading_thread_t *thread = dll.thread_new(target, arg, &(threading_thread_options_t){.daemon = daemon});
    CHECK(thread != NULL);
    CHECK_STATUS(dll.thread_start(thread), THREADING_OK);
    return thread;
}

static threading_lock_t lock;
static int counter; /* not atomic: the lock makes it right */

static void *count_once(void *arg)
{
    CHECK_STATUS(dll.lock_acquire(&lock), THREADING_OK);
    counter++;
    CHECK_STATUS(dll.lock_release(&lock), THREADING_OK);
    return arg;
}

/* Each load is a use: the first pins the DLL, so that all others find what the first one left. */
CASE(many_rounds_of_load_use_and_free)
{ /* slow */
    int rounds = is_slow() ? 300 : 2000;
    for (int i = 0; i < rounds; i++) {
        load_library();
        threading_thread_t *thread =
            start(count_once, NULL, i % 2 == 0 ? THREADING_DAEMON : THREADING_NOT_DAEMON);
        (void)count_once(NULL);
        CHECK_STATUS(dll.thread_join(thread), THREADING_OK);
        dll.thread_free(thread);
        CHECK(FreeLibrary(dll.module));
    }
    CHECK_EQUAL(counter, 2 * rounds);
    CHECK(GetModuleHandleW(L"" THREADING_DLL) != NULL);
}

static void *ask_who_i_am(void *arg)
{
    CHECK(dll.get_ident() != 0);
    return arg;
}

/* A thread that was only known to the library ends after the DLL was freed. */
CASE(foreign_threads_end_after_the_dll_was_freed)
{
    for (int i = 0; i < 50; i++) {
        load_library();
        foreign_t *guest = foreign_start(ask_who_i_am, NULL);
        CHECK(dll.get_ident() != 0);
        CHECK(FreeLibrary(dll.module));
        foreign_join(guest);
    }
}

static atomic_bool may_end;

static void *run_in_the_dll(void *arg)
{
    while (!atomic_load(&may_end))
        CHECK_STATUS(dll.sleep(0.002), THREADING_OK);
    return arg;
}

CASE(freed_dll_goes_on_running_its_threads)
{
    enum { count = 8 };
    threading_thread_t *threads[count];
    load_library();
    for (int i = 0; i < count; i++)
        threads[i] = start(run_in_the_dll, NULL, THREADING_DAEMON);
    CHECK(FreeLibrary(dll.module));
    CHECK(!FreeLibrary(dll.module) || GetModuleHandleW(L"" THREADING_DLL) != NULL);
    (void)threading_sleep(0.05);
    atomic_store(&may_end, true);
    for (int i = 0; i < count; i++) {
        CHECK_STATUS(dll.thread_join(threads[i]), THREADING_OK);
        dll.thread_free(threads[i]);
    }
}

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

static void *outlive_main(void *arg)
{
    CHECK_STATUS(dll.thread_join(dll.main_thread()), THREADING_OK);
    CHECK_STATUS(dll.sleep(0.02), THREADING_OK);
    say("worker");
    return arg;
}

EXIT_CASE(worker_of_a_freed_dll_is_waited_for, 7, "end of main|worker|")
{
    load_library();
    dll.thread_free(start(outlive_main, NULL, THREADING_NOT_DAEMON));
    CHECK(FreeLibrary(dll.module));
    say("end of main");
    EXIT_CODE = 7;
}

EXIT_CASE(daemon_of_a_freed_dll_is_not_waited_for, 0, "end of main|")
{
    load_library();
    dll.thread_free(start(run_in_the_dll, NULL, THREADING_DAEMON));
    CHECK(FreeLibrary(dll.module));
    say("end of main");
}

/* A DLL cannot know the C run-time that the program ends with; there are two kinds in most processes. */
static void exit_through(const wchar_t *run_time, int code)
{
    typedef void(__cdecl * exit_t)(int code);
    HMODULE module = LoadLibraryW(run_time);
    if (module == NULL)
        SKIP("this system does not have that C run-time");
    exit_t leave = (exit_t)find(module, "exit");
    load_library();
    dll.thread_free(start(outlive_main, NULL, THREADING_NOT_DAEMON));
    say("end of main");
    leave(code);
}

EXIT_CASE(worker_is_waited_for_when_msvcrt_exits, 4, "end of main|worker|")
{
    exit_through(L"msvcrt.dll", 4);
}

EXIT_CASE(worker_is_waited_for_when_ucrtbase_exits, 4, "end of main|worker|")
{
    exit_through(L"ucrtbase.dll", 4);
}

/* ---- a DLL with the static library inside ---- */

EXIT_CASE(worker_of_a_plugin_is_waited_for, 0, "end of main|worker|")
{
    HMODULE module = loaded(L"" PLUGIN_DLL);
    ((plugin_start_t)find(module, "plugin_start"))("worker");
    say("end of main");
}

EXIT_CASE(worker_of_a_freed_plugin_is_waited_for, 0, "end of main|worker|")
{
    HMODULE module = loaded(L"" PLUGIN_DLL);
    ((plugin_start_t)find(module, "plugin_start"))("worker");
    CHECK(FreeLibrary(module));
    say("end of main");
}

CASE(plugin_can_be_loaded_and_freed_again_and_again)
{
    for (int i = 0; i < 50; i++) {
        HMODULE module = loaded(L"" PLUGIN_DLL);
        ((plugin_use_t)find(module, "plugin_use"))();
        CHECK(FreeLibrary(module));
    }
}

/* The daemon is killed while it holds the lock that a destructor wants. The process ends, though not well. */
EXIT_CASE(destructor_that_waits_for_a_killed_thread_does_not_hang, 1, "end of main|")
{
    HMODULE module = loaded(L"" PLUGIN_DLL);
    ((plugin_hold_t)find(module, "plugin_hold"))(THREADING_FOREVER);
    say("end of main");
}

EXIT_CASE(destructor_may_wait_for_a_killed_thread_until_a_timeout, 0, "end of main|THREADING_TIMEOUT|")
{
    HMODULE module = loaded(L"" PLUGIN_DLL);
    ((plugin_hold_t)find(module, "plugin_hold"))(0.05);
    say("end of main");
}

/* ExitProcess waits for nobody. */
EXIT_CASE(destructor_is_told_that_a_killed_thread_never_ends, 0, "end of main|told|")
{
    HMODULE module = loaded(L"" PLUGIN_DLL);
    ((plugin_keep_t)find(module, "plugin_keep"))();
    say("end of main");
    ExitProcess(0);
}
