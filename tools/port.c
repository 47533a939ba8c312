/* SPDX-License-Identifier: MIT */
/*
 * Builds the tests of a port and runs them, as tools/port does, where there is a compiler but no shell for that:
 *
 *     cl tools\port.c       cc -o port tools/port.c
 *     port port_clock       ./port port_clock
 *
 * to be called in the top folder. An argument is the name of a suite, or how names begin, with a '*' behind it; or a
 * file. Without one all suites are run. The settings are in the environment, and are those that tools/port lists.
 */
#if defined(_WIN32)
#define _CRT_SECURE_NO_WARNINGS 1
#else
#define _POSIX_C_SOURCE 200809L
#endif
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_JOBS = 64, SKIP_CODE = 77, SHOWN_LINES = 20 };

static const char *cc, *cflags, *ldlibs, *backend, *run, *out, *suffix;
static const char *variables = ""; /* how a user sets those that the cases have */
static int jobs, limit;            /* in seconds, for a case that is not slow */
static bool is_small, is_cl;       /* cl.exe, or Clang in its clothes */

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "port: %s%s\n", what, which);
    exit(2);
}

/* ---- text; all of it stays ---- */

static void *must(void *memory)
{
    if (memory == NULL)
        fail("out of memory", "");
    return memory;
}

static char *text(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    char *result = must(malloc((size_t)length + 1));
    va_start(values, format);
    vsnprintf(result, (size_t)length + 1, format, values);
    va_end(values);
    return result;
}

static char *part(const char *begin, size_t length)
{
    return text("%.*s", (int)length, begin);
}

static bool begins_with(const char *whole, const char *beginning)
{
    return strncmp(whole, beginning, strlen(beginning)) == 0;
}

/* What a file holds, without the first of the two characters that end a line on Windows; nothing if there is no file. */
static char *contents(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t length = 0, room = 1 << 16;
    char *result = must(malloc(room));
    int character;
    while (file != NULL && (character = fgetc(file)) != EOF) {
        if (character != '\r')
            result[length++] = (char)character;
        if (length == room)
            result = must(realloc(result, room *= 2));
    }
    result[length] = '\0';
    if (file != NULL)
        fclose(file);
    return result;
}

static FILE *written(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        fail("cannot write ", path);
    return file;
}

/* "folder/lock.c": "lock" */
static char *name_of(const char *path)
{
    const char *name = path, *at;
    for (at = path; *at != '\0'; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    return part(name, strcspn(name, "."));
}

/* ---- what the system of this program differs in ---- */

#if defined(_WIN32)
#include <windows.h>

#define LIST "dir /b" /* in the order of their names */
#define MAKE_FOLDER "mkdir"
#define NOWHERE "nul"
#define DEFAULT_BACKEND "win32"

typedef HANDLE process_t;

/* For the commands of the system, which take a slash for an option. */
static char *own_path(const char *path)
{
    char *result = text("%s", path), *at;
    for (at = result; *at != '\0'; at++)
        if (*at == '/')
            *at = '\\';
    return result;
}

static HANDLE inherited_file(const char *path, DWORD access, DWORD how)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    return CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, how,
                       FILE_ATTRIBUTE_NORMAL, NULL);
}

/* Its errors go to the same file if there is no other for them. */
static process_t process_start(const char *command, const char *output, const char *errors)
{
    STARTUPINFOA how = {0};
    PROCESS_INFORMATION process = {0};
    how.cb = sizeof how;
    how.dwFlags = STARTF_USESTDHANDLES;
    how.hStdInput = inherited_file("NUL", GENERIC_READ, OPEN_EXISTING);
    how.hStdOutput = inherited_file(output, GENERIC_WRITE, CREATE_ALWAYS);
    how.hStdError = errors ? inherited_file(errors, GENERIC_WRITE, CREATE_ALWAYS) : how.hStdOutput;
    if (!CreateProcessA(NULL, text("%s", command), NULL, NULL, TRUE, 0, NULL, NULL, &how, &process))
        fail("cannot start ", command);
    CloseHandle(process.hThread);
    CloseHandle(how.hStdInput);
    CloseHandle(how.hStdOutput);
    if (errors != NULL)
        CloseHandle(how.hStdError);
    return process.hProcess;
}

static bool process_has_ended(process_t process, int *code)
{
    DWORD result;
    if (WaitForSingleObject(process, 0) == WAIT_TIMEOUT)
        return false;
    *code = GetExitCodeProcess(process, &result) ? (int)result : -1;
    CloseHandle(process);
    return true;
}

static void process_kill(process_t process)
{
    (void)TerminateProcess(process, 1);
}

static void pause_a_moment(void)
{
    Sleep(2);
}

static void enter(const char *folder)
{
    if (!SetCurrentDirectoryA(folder))
        fail("there is no folder ", folder);
}

static char *this_folder(void)
{
    char path[MAX_PATH] = "";
    (void)GetCurrentDirectoryA(sizeof path, path);
    return text("%s", path);
}

static int processor_count(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return (int)info.dwNumberOfProcessors;
}

/* A program that crashes waits for nobody to click, nor do those that it starts. */
static void set_up(void)
{
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
}

#define SET_VARIABLE "set %s=1&& " /* a blank before the && would be in the value */

static void set_variable(const char *name)
{
    (void)_putenv(text("%s=1", name));
}

#else
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIST "ls"
#define MAKE_FOLDER "mkdir -p"
#define NOWHERE "/dev/null"
#define DEFAULT_BACKEND "posix"

typedef pid_t process_t;

static char *own_path(const char *path)
{
    return text("%s", path);
}

static process_t process_start(const char *command, const char *output, const char *errors)
{
    char *all = text("exec %s <%s >%s 2>%s", command, NOWHERE, output, errors ? errors : "&1");
    process_t process = fork();
    if (process == 0) {
        execl("/bin/sh", "sh", "-c", all, (char *)NULL);
        _exit(127);
    }
    if (process < 0)
        fail("cannot start ", command);
    return process;
}

static bool process_has_ended(process_t process, int *code)
{
    int status;
    if (waitpid(process, &status, WNOHANG) == 0)
        return false;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

static void process_kill(process_t process)
{
    (void)kill(process, SIGKILL);
}

static void pause_a_moment(void)
{
    const struct timespec moment = {0, 2000000};
    (void)nanosleep(&moment, NULL);
}

static void enter(const char *folder)
{
    if (chdir(folder) != 0)
        fail("there is no folder ", folder);
}

static char *this_folder(void)
{
    char path[4096];
    return text("%s", getcwd(path, sizeof path) ? path : "");
}

static int processor_count(void)
{
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static void set_up(void)
{
}

#define SET_VARIABLE "%s=1 "

static void set_variable(const char *name)
{
    (void)setenv(name, "1", 1);
}

#endif

/* ---- how it is built ---- */

/* Whether the command, of which `log` has what it printed, ended well. */
static bool succeeds(const char *command, const char *log)
{
    return system(text("%s >%s 2>&1", command, log)) == 0;
}

static char *object_of(const char *name)
{
    return text("%s.%s", name, is_cl ? "obj" : "o");
}

/* `name` without its ending; the log is beside it. */
static bool compile(const char *source, const char *name, const char *definition)
{
    return succeeds(
        text(
            "%s %s %s -I. -I%s/suites -Iinclude -Itests/support -Isrc/%s -Isrc/core/base -Isrc/core/parking "
            "-Isrc/core/sync -Isrc/core/thread -Isrc/core/tasks -Isrc/core/diagnosis -Isrc/core/process -c %s%s %s",
            cc, cflags, definition, out, backend, is_cl ? "-Fo" : "-o", object_of(name), source),
        text("%s.log", name));
}

static bool compile_test(const char *source, const char *name)
{
    return compile(source, name, *suffix != '\0' ? "" : "-D_GNU_SOURCE");
}

static bool link_program(const char *name, const char *objects)
{
    return succeeds(text("%s %s %s%s%s %s %s %s", cc, cflags, is_cl ? "-Fe" : "-o", name, suffix,
                         object_of(name), objects, ldlibs),
                    text("%s.link.log", name));
}

/* Calls `what` with each file of C in a folder, until that gives false. */
static bool for_each_file(const char *folder, bool (*what)(const char *path))
{
    const char *list = text("%s/files.txt", out);
    if (!succeeds(text("%s %s", LIST, own_path(folder)), own_path(list)))
        fail("cannot list the files of ", folder);
    for (char *line = contents(list), *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        if (end - line > 2 && strncmp(end - 2, ".c", 2) == 0 &&
            !what(text("%s/%.*s", folder, (int)(end - line), line)))
            return false;
    return true;
}

static FILE
    *library; /* includes all files of the library: compiled in one piece it takes a fraction of the time */

static bool include_file(const char *path)
{
    fprintf(library, "#include \"%s\"\n", path);
    return true;
}

static bool build_library(void)
{
    static const char *const rooms[] = {"base", "parking", "sync", "thread", "tasks", "diagnosis", "process"};
    const char *path = text("%s/library.c", out);
    library = written(path);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        for_each_file(text("src/core/%s", rooms[i]), include_file);
    for_each_file(text("src/%s", backend), include_file);
    fclose(library);
    return compile(path, text("%s/support/library", out), "-D_DEFAULT_SOURCE");
}

static const char *shared_objects = ""; /* what every suite is linked with */

/* stepping.c takes the place of functions of the C library, and no suite here needs that. */
static bool build_support_file(const char *path)
{
    const char *name = name_of(path), *built = text("%s/support/%s", out, name);
    bool is_needed =
        strcmp(name, "about") != 0 && strcmp(name, "cases") != 0 && strcmp(name, "stepping") != 0;
    if (begins_with(name, "foreign_"))
        is_needed = strcmp(name + strlen("foreign_"), backend) == 0;
    if (begins_with(name, "batch_"))
        is_needed = (strcmp(name, "batch_win32") == 0) == (strcmp(backend, "win32") == 0);
    if (is_needed)
        shared_objects = text("%s %s", shared_objects, object_of(built));
    return !is_needed || compile_test(path, built);
}

/* The program that says what it runs on. */
static bool build_about(void)
{
    const char *name = text("%s/suites/about", out);
    return compile_test("tests/support/about.c", name) &&
           link_program(name, text("%s %s", object_of(text("%s/support/system", out)),
                                   object_of(text("%s/support/library", out))));
}

/* ---- the cases of a suite, as tests/support/conformance.h says that they are written ---- */

typedef struct one_case {
    char *name;
    bool is_exit, is_slow;
    int code;
    const char *output; /* where '|' is the end of a line */
} case_t;

/* The cases of the suite that is run. */
static const char *suite, *built;
static case_t *cases;
static size_t case_count;

/* The code and the output of an EXIT_CASE, behind its name. Gives what is behind them. */
static const char *parse_output(const char *at, case_t *one)
{
    char *digits_end;
    one->code = (int)strtol(at + strspn(at, ", \n"), &digits_end, 10);
    at = digits_end + strspn(digits_end, ", \n");
    if (*at != '"' || strchr(at + 1, '"') == NULL)
        return "";
    one->output = part(at + 1, strcspn(at + 1, "\""));
    return at + strlen(one->output) + 2;
}

static bool parse_case(const char *heading, case_t *one)
{
    const char *at = strchr(heading, '(') + 1;
    *one = (case_t){part(at, strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_")), *heading == 'E', false, 0,
                    ""};
    at += strlen(one->name);
    if (one->is_exit)
        at = parse_output(at, one);
    if (*one->name == '\0' || *at != ')' || (at = strchr(at, '{')) == NULL)
        return false;
    at += 1 + strspn(at + 1, " \n");
    one->is_slow = begins_with(at, "/* slow */");
    return true;
}

/* Not a second time one that is written twice, in the branches of an #if. */
static void add_case(case_t one)
{
    for (size_t i = 0; i < case_count; i++)
        if (strcmp(cases[i].name, one.name) == 0)
            return;
    cases = must(realloc(cases, (case_count + 1) * sizeof *cases));
    cases[case_count++] = one;
}

static bool parse_cases(const char *path)
{
    case_count = 0;
    for (const char *line = contents(path); line != NULL; line = strchr(line, '\n')) {
        case_t one;
        line += *line == '\n';
        if (!begins_with(line, "CASE(") && !begins_with(line, "EXIT_CASE("))
            continue;
        if (!parse_case(line, &one))
            return false;
        add_case(one);
    }
    return case_count > 0;
}

/* Their table, for tests/support/cases.c. */
static void write_cases(void)
{
    FILE *file = written(text("%s.inc", built));
    for (size_t i = 0; i < case_count; i++)
        if (cases[i].is_exit)
            fprintf(file, "EXIT_ENTRY(%s, 0, %d, \"%s\")\n", cases[i].name, cases[i].code, cases[i].output);
        else
            fprintf(file, "CASE_ENTRY(%s, 0, false)\n", cases[i].name);
    fclose(file);
}

static bool build_suite(const char *path)
{
    const char *source = text("%s.c", built);
    FILE *file;
    if (!parse_cases(path))
        return false;
    write_cases();
    file = written(source);
    fprintf(file, "#define CASES_FILE \"%s.inc\"\n#include \"%s\"\n#include \"tests/support/cases.c\"\n",
            suite, path);
    fclose(file);
    return compile_test(source, built) && link_program(built, shared_objects);
}

/* ---- how it is run ---- */

typedef struct skip {
    const char *reason, *cases; /* reason is NULL behind the last one */
    int count;
} skip_t;

typedef struct job {
    const case_t *one; /* NULL if there is none */
    process_t process;
    time_t begun;
    bool is_late;
} job_t;

static int passed, skipped, failed; /* of this suite */
static int all_passed, all_skipped, all_failed, unbuilt;
static const char *complaints;                 /* of this suite's cases that failed */
static const char *failures = "", *again = ""; /* of all, for the table */
static skip_t skips[100];

static int limit_of(const case_t *one)
{
    return one->is_slow ? limit * 6 : limit;
}

static char *command_of(const char *name)
{
    return text("%s%s%s %s", run, *run ? " " : "", own_path(text("./%s%s", suite, suffix)), name);
}

static void begin(job_t *job, const case_t *one)
{
    const char *log = text("%s.%s.log", suite, one->name);
    *job =
        (job_t){one, process_start(command_of(one->name), log, one->is_exit ? text("%s.errors", log) : NULL),
                time(NULL), false};
}

static bool has_lines(const char *printed, const char *expected)
{
    size_t i;
    for (i = 0; printed[i] != '\0' && (printed[i] == '\n' ? '|' : printed[i]) == expected[i]; i++)
        ;
    return printed[i] == '\0' && expected[i] == '\0';
}

/* The last lines of a file, indented. */
static char *end_of(const char *path)
{
    const char *printed = contents(path), *at = printed + strlen(printed);
    char *result = text("");
    int lines = 0;
    while (at > printed && (lines += at[-1] == '\n') <= SHOWN_LINES)
        at--;
    for (; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n')
        result = text("%s    | %.*s\n", result, (int)strcspn(at, "\n"), at);
    return result;
}

static void tell_skipped(const case_t *one, const char *printed)
{
    const char *found = strstr(printed, "SKIP: ");
    const char *reason = found ? part(found + 6, strcspn(found + 6, "\n")) : "";
    skip_t *skip = skips;
    while (skip->reason != NULL && strcmp(skip->reason, reason) != 0)
        skip++;
    if (skip == skips + sizeof skips / sizeof *skips - 1)
        fail("too many reasons to skip: ", reason);
    *skip =
        (skip_t){reason, text("%s %s.%s", skip->count ? skip->cases : "", suite, one->name), skip->count + 1};
    skipped++;
}

static void tell_failed(const case_t *one, const char *why)
{
    const char *log = text("%s.%s.log", suite, one->name);
    complaints = text("%s    %s: %s\n%s", complaints, one->name, why, end_of(log));
    if (one->is_exit)
        complaints = text("%s%s", complaints, end_of(text("%s.errors", log)));
    failures = text("%s    %s.%s %s\n", failures, suite, one->name, why);
    again = text("%s    %s%s\n", again, variables, command_of(one->name));
    failed++;
}

static void tell(const job_t *job, int code)
{
    const case_t *one = job->one;
    const char *printed = contents(text("%s.%s.log", suite, one->name));
    if (job->is_late)
        tell_failed(one, text("still running after %d seconds", limit_of(one)));
    else if (code == SKIP_CODE)
        tell_skipped(one, printed);
    else if (code != one->code)
        tell_failed(one, text("ended with %d, not with %d", code, one->code));
    else if (one->is_exit && !has_lines(printed, one->output))
        tell_failed(one, text("should have printed %s", one->output));
    else
        passed++;
}

/* Whether the job's process is gone. */
static bool look(job_t *job)
{
    int code;
    if (!process_has_ended(job->process, &code)) {
        if (!job->is_late && difftime(time(NULL), job->begun) > limit_of(job->one)) {
            job->is_late = true;
            process_kill(job->process);
        }
        return false;
    }
    tell(job, code);
    job->one = NULL;
    return true;
}

static bool is_wanted(const case_t *one)
{
    return !one->is_slow || !is_small;
}

/* Beside the programs, for some cases write files. A slow case takes all of the machine, and so it runs alone. */
static void run_cases(void)
{
    const char *top = this_folder();
    job_t running[MOST_JOBS] = {0};
    size_t next = 0;
    int count = 0;
    bool is_slow = false;
    enter(text("%s/suites", out));
    while (count > 0 || next < case_count) {
        while (next < case_count && !is_wanted(&cases[next]))
            next++;
        for (int i = 0; i < jobs && next < case_count && is_wanted(&cases[next]); i++) {
            if (running[i].one != NULL || is_slow || (cases[next].is_slow && count > 0))
                continue;
            is_slow = cases[next].is_slow;
            begin(&running[i], &cases[next++]);
            count++;
        }
        pause_a_moment();
        for (int i = 0; i < jobs; i++)
            if (running[i].one != NULL && look(&running[i]) && --count == 0)
                is_slow = false;
    }
    enter(top);
}

static bool run_suite(const char *path)
{
    suite = name_of(path);
    built = text("%s/suites/%s", out, suite);
    complaints = "";
    passed = skipped = failed = 0;
    if (build_suite(path)) {
        run_cases();
        printf("%-26s%4d passed", suite, passed);
        printf(skipped ? ", %d skipped" : "", skipped);
        printf(failed ? ", %d FAILED" : "", failed);
        printf("\n%s", complaints);
    } else {
        printf("%-26s cannot be built\n%s%s", suite, end_of(text("%s.log", built)),
               end_of(text("%s.link.log", built)));
        failures = text("%s    %s cannot be built\n", failures, suite);
        unbuilt++;
    }
    fflush(stdout);
    all_passed += passed;
    all_skipped += skipped;
    all_failed += failed;
    return true;
}

/* ---- what is asked for ---- */

static char **wanted; /* the arguments */

static bool run_if_wanted(const char *path)
{
    const char *name = name_of(path);
    bool is = *wanted == NULL;
    for (char **one = wanted; *one != NULL; one++) {
        size_t length = strcspn(*one, "*");
        is = is || (strncmp(name, *one, length) == 0 && ((*one)[length] == '*' || name[length] == '\0'));
    }
    return !is || run_suite(path);
}

static void set_for_cases(const char *name)
{
    set_variable(name);
    variables = text("%s" SET_VARIABLE, variables, name);
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : otherwise;
}

static void read_settings(void)
{
#if defined(_MSC_VER) && !defined(__clang__)
    cc = setting("CC", "cl");
#elif defined(__clang__)
    cc = setting("CC", "clang");
#elif defined(__GNUC__)
    cc = setting("CC", "gcc");
#else
    cc = setting("CC", "cc");
#endif
    is_cl = strncmp(name_of(part(cc, strcspn(cc, " "))), "cl", 3) == 0 || strstr(cc, "clang-cl") != NULL;
    cflags = setting("CFLAGS",
                     is_cl ? "-nologo -std:c11 -experimental:c11atomics -utf-8 -O1 -D_CRT_SECURE_NO_WARNINGS"
                           : "-std=c11 -O1");
    backend = setting("BACKEND", DEFAULT_BACKEND);
    suffix = strcmp(DEFAULT_BACKEND, "win32") == 0 ? ".exe" : "";
    ldlibs =
        setting("LDLIBS", strcmp(backend, "posix") == 0 || strcmp(backend, "c11") == 0 ? "-pthread" : "");
    run = setting("RUN", "");
    out = setting("OUT", "build/port");
    is_small = strcmp(setting("LOADS", "full"), "small") == 0;
    limit = atoi(setting("LIMIT", *run ? "60" : "20"));
    jobs = atoi(setting("JOBS", text("%d", processor_count())));
    jobs = jobs < 1 ? 1 : jobs > MOST_JOBS ? MOST_JOBS : jobs;
    if (is_small || *run != '\0')
        set_for_cases("THREADING_TEST_SLOW");
    if (strstr(run, "qemu") != NULL)
        set_for_cases("THREADING_TEST_EMULATED");
}

/* ---- the table ---- */

/* "ABOUT: posix 0.1.0, Linux 6.1.0, 64-bit x86, glibc 2.36, GCC 12.2", said by a program on the platform itself. */
static const char *about(int place)
{
    const char *at = contents(text("%s/suites/about.txt", out));
    at += begins_with(at, "ABOUT: ") ? 7 : 0;
    for (; place > 1 && strchr(at, ',') != NULL; place--)
        at = strchr(at, ',') + 1;
    return part(at + strspn(at, " "), strcspn(at + strspn(at, " "), ",\n"));
}

/* What a command prints in one line; nothing if it fails. */
static const char *answer(const char *command)
{
    const char *path = text("%s/answer.txt", out);
    const char *printed = succeeds(command, own_path(path)) ? contents(path) : "";
    return part(printed, strcspn(printed, "\n"));
}

static const char *table(void)
{
    char date[20];
    time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
    char *result =
        text("library     %s %s\nplatform    %s\nprocessor   %s %s\nC library   %s\ncompiler    %s: %s %s\n"
             "run by      %s\ndate        %s\ncases       %d run%s: %d passed, %d skipped, %d failed",
             about(1), answer("git rev-parse --short HEAD"), about(2), about(3),
             is_cl ? "" : answer(text("%s -dumpmachine", cc)), about(4), about(5), cc, cflags,
             *run ? run : "itself", date, all_passed + all_skipped + all_failed,
             is_small ? " with small loads" : "", all_passed, all_skipped, all_failed);
    result = text(unbuilt ? "%s; suites not built: %d\n" : "%s\n", result, unbuilt);
    for (const skip_t *skip = skips; skip->reason != NULL; skip++)
        result = text("%s%s%4d  %s:%s\n", result, skip == skips ? "\nskipped\n" : "", skip->count,
                      skip->reason, skip->cases);
    result = text(*failures ? "%s\nfailed\n%s" : "%s", result, failures);
    return text(*again ? "%s\nto run these again, in %s/suites\n%s" : "%s", result, out, again);
}

static void build_what_is_shared(void)
{
    system(text("%s %s >%s 2>&1", MAKE_FOLDER, own_path(text("%s/suites", out)), NOWHERE));
    system(text("%s %s >%s 2>&1", MAKE_FOLDER, own_path(text("%s/support", out)), NOWHERE));
    printf("building the library for %s: %s %s\n", backend, cc, cflags);
    fflush(stdout);
    if (!build_library())
        fail("the library cannot be compiled:\n", contents(text("%s/support/library.log", out)));
    shared_objects = object_of(text("%s/support/library", out));
    if (!for_each_file("tests/support", build_support_file) || !build_about())
        fail("what the tests share cannot be built; the compiler's words are in *.log in ", out);
}

int main(int argc, char **argv)
{
    const char *top = this_folder();
    FILE *kept;
    wanted = argv + (argc > 0);
    set_up();
    read_settings();
    build_what_is_shared();
    suite = "about";
    enter(text("%s/suites", out));
    if (!succeeds(command_of(""), "about.txt"))
        fail("a program that is built so does not run here:\n", contents("about.txt"));
    enter(top);
    for_each_file("tests/port", run_if_wanted);
    for_each_file("tests/conformance", run_if_wanted);
    for (char **one = wanted; *one != NULL; one++)
        if (strpbrk(*one, "/\\") != NULL)
            run_suite(*one);
    kept = written(text("%s/table.txt", out));
    fputs(table(), kept);
    fclose(kept);
    printf("\n%s", table());
    return all_failed + unbuilt > 0 || all_passed == 0;
}
