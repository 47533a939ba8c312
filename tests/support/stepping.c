/* SPDX-License-Identifier: MIT */
/* The trap flag of x86-64, as Linux and Windows hand its traps to the program. */
#include "stepping.h"

#include <errno.h>
#include <string.h>

#if defined(TEST_WITH_THREAD_SANITIZER)
#define STEPPING_NONE /* its own code, which runs at each access to memory, cannot be stopped anywhere */
#elif defined(__x86_64__) && defined(__GNUC__) && defined(__linux__)
#define STEPPING_LINUX
#elif defined(__x86_64__) && defined(__GNUC__) && defined(_WIN32)
#define STEPPING_WINDOWS
#else
#define STEPPING_NONE
#endif

enum { RUNS, STOPPED, GOES_ON, OVER };

#if !defined(STEPPING_NONE)

#define TRAP_FLAG 0x100

static stepping_t *_Atomic current;
static void keep(stepping_t *step);

static bool is_as_before(const stepping_t *step)
{
    const volatile unsigned char *now = (const volatile unsigned char *)step->watched;
    for (size_t i = 0; i < step->size; i++)
        if (now[i] != step->before[i])
            return false;
    return true;
}

/* After an instruction, in the stepped thread. False: no more need be looked at. */
static bool look(stepping_t *step)
{
    if (step == NULL || step->has_ended)
        return false;
    if (!step->has_changed && is_as_before(step))
        return true;
    step->has_changed = true;
    if (step->guard != NULL && (*(const volatile uintptr_t *)step->guard & 1) != 0)
        return true;
    if (step->instructions-- > 0)
        return true;
    keep(step);
    return false;
}

static void set_trap_flag(void)
{
    /* The 128 bytes below the stack pointer may be in use by the function that this is part of. */
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp" ::
                         : "cc", "memory");
}

#endif

#if defined(STEPPING_LINUX)

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* In place of the C library's: those read the clock in a loop that begins anew when the kernel has changed
 * the clock meanwhile. A thread that is stepped is so slow that it may never come out of it. */

int clock_gettime(clockid_t clock, struct timespec *moment)
{
    return (int)syscall(SYS_clock_gettime, clock, moment);
}

int timespec_get(struct timespec *moment, int base)
{
    clockid_t clock =
        base - TIME_UTC; /* CLOCK_REALTIME, and behind it CLOCK_MONOTONIC, in the order of the bases */
    return syscall(SYS_clock_gettime, clock, moment) == 0 ? base : 0;
}

static void keep(stepping_t *step)
{
    const struct timespec moment = {0, 100000};
    atomic_store(&step->state, STOPPED);
    while (atomic_load(&step->state) == STOPPED)
        (void)nanosleep(&moment, NULL);
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    int error = errno;
    ucontext_t *thread = (ucontext_t *)context;
    (void)signal;
    (void)info;
    if (!look(atomic_load(&current)))
        thread->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    errno = error;
}

static void install(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};
    action.sa_sigaction = on_trap;
    CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
}

void page_protect(void *page, size_t size, bool is_taken)
{
    CHECK(mprotect(page, size, is_taken ? PROT_NONE : PROT_READ | PROT_WRITE) == 0);
}

#elif defined(STEPPING_WINDOWS)

#include <windows.h>

static void keep(stepping_t *step)
{
    atomic_store(&step->state, STOPPED);
    while (atomic_load(&step->state) == STOPPED)
        Sleep(0);
}

/* The system clears the flag before it calls this. */
static LONG CALLBACK on_trap(EXCEPTION_POINTERS *exception)
{
    if (exception->ExceptionRecord->ExceptionCode != EXCEPTION_SINGLE_STEP)
        return EXCEPTION_CONTINUE_SEARCH;
    if (look(atomic_load(&current)))
        exception->ContextRecord->EFlags |= TRAP_FLAG;
    else
        exception->ContextRecord->EFlags &= ~(DWORD)TRAP_FLAG;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void install(void)
{
    static bool is_installed;
    if (!is_installed)
        CHECK(AddVectoredExceptionHandler(1, on_trap) != NULL);
    is_installed = true;
}

void page_protect(void *page, size_t size, bool is_taken)
{
    DWORD before;
    CHECK(VirtualProtect(page, size, is_taken ? PAGE_NOACCESS : PAGE_READWRITE, &before));
}

#else

void page_protect(void *page, size_t size, bool is_taken)
{
    (void)page;
    (void)size;
    (void)is_taken;
}

#endif

void needs_stepping(void)
{
#if defined(STEPPING_NONE)
    SKIP("a thread is stepped on x86-64 Linux and Windows only, and not under ThreadSanitizer");
#endif
}

void stepping_begin(stepping_t *step)
{
    CHECK(step->size <= STEPPING_WATCHED_MAX);
    memcpy(step->before, step->watched, step->size);
#if !defined(STEPPING_NONE)
    install();
    atomic_store(&current, step);
    set_trap_flag();
#endif
}

void stepping_end(stepping_t *step)
{
    step->has_ended = true; /* the next trap is the last */
    atomic_store(&step->state, OVER);
}

bool stepping_is_stopped(stepping_t *step)
{
    return atomic_load(&step->state) == STOPPED;
}

void stepping_go_on(stepping_t *step)
{
    int stopped = STOPPED; /* one that is over stays so */
    (void)atomic_compare_exchange_strong(&step->state, &stopped, GOES_ON);
}

bool stepping_is_over(stepping_t *step)
{
    return atomic_load(&step->state) == OVER;
}
