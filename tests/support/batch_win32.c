/* SPDX-License-Identifier: MIT */
/*
 * Without fork a child runs one case after the other, as long as each returns and can be taken back: no
 * thread is left, the library gives up all that it has (threading_unload), and the program's variables are
 * made what they were. The next case begins as if the process had just started. Else it begins in a new
 * child. So does one that is marked as fresh, and an EXIT_CASE, and these have the child for themselves.
 *
 * A child is this program, called with `--batch NUMBER child PLACE`: it begins with that case of the table.
 * What it prints goes through a pipe, with a zero behind each case but the child's last.
 */
#include "conformance.h"

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "batch_child.h"

static int batch;
static ULONGLONG limit; /* in milliseconds, as the times are */
static ULONGLONG begun;
static HANDLE child; /* NULL where none is under way */
static HANDLE child_output;
static char some[4096]; /* of its output, and which part of that is not looked at yet */
static DWORD some_at, some_length;

static THREADING_NORETURN void give_up(const char *what)
{
    fprintf(stderr, "%s: error %lu\n", what, GetLastError());
    exit(2);
}

void child_say(const char *text, size_t length)
{
    DWORD written;
    if (length > 0 && !WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)length, &written, NULL))
        give_up("WriteFile");
}

double child_seconds(void)
{
    return (double)(GetTickCount64() - begun) / 1000;
}

bool child_hangs_by_itself(void)
{
    return wine_version() != NULL;
}

/* ---- the child ---- */

static void return_at_once(void)
{
}

static const struct test_case none = {"none", return_at_once, 0, false, 0, NULL};

static bool wants_a_child(const struct test_case *one)
{
    return one->fresh || one->output != NULL || one->name == NULL;
}

static const struct test_case *case_behind(const struct test_case *one)
{
    do
        one++;
    while (one->name != NULL && one->batch != batch);
    return one;
}

/* The program's variables, and what they were before the first case: those of the suite and of the library. */
struct variables {
    struct {
        char *place, *copy;
        size_t size;
    } parts[16];
    size_t count;
};

static void keep(struct variables *kept, char *place, size_t size)
{
    char *copy = malloc(size);
    if (copy == NULL || kept->count == sizeof kept->parts / sizeof *kept->parts)
        give_up("variables");
    memcpy(copy, place, size);
    kept->parts[kept->count].place = place;
    kept->parts[kept->count].copy = copy;
    kept->parts[kept->count++].size = size;
}

/* All of the program's image that can be written to. */
static void keep_variables(struct variables *kept)
{
    char *image = (char *)GetModuleHandleA(NULL);
    const IMAGE_DOS_HEADER *first = (const void *)image;
    const IMAGE_NT_HEADERS *headers = (const void *)(image + first->e_lfanew);
    const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(headers);
    kept->count = 0;
    for (int i = 0; i < headers->FileHeader.NumberOfSections; i++)
        if (section[i].Characteristics & IMAGE_SCN_MEM_WRITE)
            keep(kept, image + section[i].VirtualAddress, section[i].Misc.VirtualSize);
}

static void restore_variables(const struct variables *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        memcpy(kept->parts[i].place, kept->parts[i].copy, kept->parts[i].size);
}

/* A thread that has ended for the library may still be on its way out. */
static bool is_taken_back(void)
{
    for (int i = 0; i < 20 && process_threads() > 1; i++)
        Sleep(5);
    return process_threads() <= 1 && threading_active_count() == 1 && threading_unload() == THREADING_OK;
}

/* Runs all cases that one child can, but for the last. What is kept is a library that was used and has given up all: the
 * hooks of the process's end stay, and know whom to call. */
static const struct test_case *run_cases(const struct test_case *one)
{
    const struct test_case *next = case_behind(one);
    struct variables kept;
    if (one->output == NULL)
        EXIT_CODE = RETURNED;
    if (wants_a_child(one) || !is_taken_back())
        return one;
    keep_variables(&kept);
    while (!wants_a_child(next)) {
        one->function();
        fflush(stdout);
        fflush(stderr);
        if (!is_taken_back())
            return &none;
        restore_variables(&kept);
        child_say("", 1);
        one = next;
        next = case_behind(one);
    }
    return one;
}

/* ---- the parent ---- */

/* A thread watches the time: to read from a pipe has no limit. */
static CRITICAL_SECTION watched; /* guards what follows, and `child` */
static ULONGLONG deadline;
static bool is_over_time;

static DWORD WINAPI watch(void *unused)
{
    for (;;) {
        Sleep(200);
        EnterCriticalSection(&watched);
        if (child != NULL && GetTickCount64() >= deadline) {
            is_over_time = true;
            (void)TerminateProcess(child, 1);
        }
        LeaveCriticalSection(&watched);
    }
    return unused != NULL;
}

static void watch_from_now(HANDLE process)
{
    EnterCriticalSection(&watched);
    begun = GetTickCount64();
    deadline = begun + limit;
    child = process;
    LeaveCriticalSection(&watched);
}

const struct test_case *child_prepare(char **arguments)
{
    batch = atoi(arguments[0]);
    if (strcmp(arguments[1], "child") == 0)
        return run_cases(test_cases + atoi(arguments[2]));
    limit = (ULONGLONG)(atof(arguments[1]) * 1000);
    InitializeCriticalSection(&watched);
    HANDLE watcher = CreateThread(NULL, 0, watch, NULL, 0, NULL);
    if (watcher == NULL)
        give_up("CreateThread");
    CloseHandle(watcher);
    return NULL;
}

static HANDLE start(const struct test_case *one, HANDLE output)
{
    char path[1024], line[1200];
    STARTUPINFOA how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    how.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    how.hStdOutput = output;
    how.hStdError = one->output == NULL ? output : GetStdHandle(STD_ERROR_HANDLE);
    if (GetModuleFileNameA(NULL, path, sizeof path) == 0)
        give_up("GetModuleFileName");
    snprintf(line, sizeof line, "\"%s\" --batch %d child %d", path, batch, (int)(one - test_cases));
    if (!CreateProcessA(path, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &process))
        give_up("CreateProcess");
    CloseHandle(process.hThread);
    return process.hProcess;
}

/* One that is under way already runs this case now. */
bool child_begin(const struct test_case *one)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    HANDLE output;
    if (child != NULL) {
        watch_from_now(child);
        return false;
    }
    if (!CreatePipe(&child_output, &output, &inherited, 0) ||
        !SetHandleInformation(child_output, HANDLE_FLAG_INHERIT, 0))
        give_up("CreatePipe");
    some_at = some_length = 0;
    is_over_time = false;
    watch_from_now(start(one, output));
    CloseHandle(output);
    return false;
}

static bool read_some(void)
{
    some_at = 0;
    return ReadFile(child_output, some, sizeof some, &some_length, NULL) && some_length > 0;
}

/* Whether the child goes on with the next case. A line ends with two characters here, and with one in what is expected. */
static bool goes_on(struct printed *printed)
{
    for (printed->length = 0; some_at < some_length || read_some();) {
        char next = some[some_at++];
        if (next == '\0')
            return true;
        if (next != '\r' && printed->length < sizeof printed->text)
            printed->text[printed->length++] = next;
    }
    return false;
}

static void end_watch(void)
{
    EnterCriticalSection(&watched);
    CloseHandle(child);
    child = NULL;
    LeaveCriticalSection(&watched);
    CloseHandle(child_output);
}

struct outcome child_end(struct printed *printed)
{
    DWORD code = 1;
    if (goes_on(printed))
        return (struct outcome){ENDED, RETURNED};
    (void)WaitForSingleObject(child, INFINITE);
    (void)GetExitCodeProcess(child, &code);
    end_watch();
    if (is_over_time)
        return (struct outcome){OUT_OF_TIME, 0};
    return (struct outcome){code >= 0x80000000 ? CRASHED : ENDED, code};
}
