/* SPDX-License-Identifier: MIT */
/* Plain accesses, and functions' begins and ends. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pthread_getattr_np */
#endif
#include "sim_tsan.h"

#include <pthread.h>

#include "sim_objects.h"

/* ---- whose stack ---- */

typedef struct ti_stack {
    uintptr_t first;
    uintptr_t end;
} ti_stack;

static _Thread_local ti_stack ti_own_stack;

static void ti_own_stack_find(void)
{
    pthread_attr_t attributes;
    void *first = NULL;
    size_t size = 0;
    ti_own_stack.first = ti_own_stack.end = 1; /* not known: nothing is on it */
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &first, &size) == 0) {
        ti_own_stack.first = (uintptr_t)first;
        ti_own_stack.end = (uintptr_t)first + size;
    }
    (void)pthread_attr_destroy(&attributes);
}

static bool ti_is_on_own_stack(const volatile void *address)
{
    if (ti_own_stack.end == 0)
        ti_own_stack_find();
    return (uintptr_t)address >= ti_own_stack.first && (uintptr_t)address < ti_own_stack.end;
}

/* ---- watched functions ---- */

#define TI_FRAMES 64 /* of the outer ones, what they call of the C library is not watched */

/* The stack pointers of the watched functions that the thread is in, the outermost first. What was left by a
 * jump is found by being deeper than what runs. */
static _Thread_local struct {
    uint32_t run;
    uint32_t count;
    uintptr_t stack[TI_FRAMES];
} ti_frames;

static void ti_frames_leave(uintptr_t stack)
{
    if (ti_frames.run != ti_sim_objects_run()) {
        ti_frames.run = ti_sim_objects_run();
        ti_frames.count = 0;
    }
    while (ti_frames.count > 0 && ti_frames.stack[ti_frames.count - 1] <= stack)
        ti_frames.count--;
}

void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);

void __tsan_func_entry(void *caller)
{
    uintptr_t stack = TI_CALLERS_STACK();
    (void)caller;
    if (ti_sim_self() == NULL)
        return;
    ti_frames_leave(stack);
    if (ti_frames.count == TI_FRAMES) {
        for (uint32_t i = 1; i < TI_FRAMES; i++)
            ti_frames.stack[i - 1] = ti_frames.stack[i];
        ti_frames.count--;
    }
    ti_frames.stack[ti_frames.count++] = stack;
}

void __tsan_func_exit(void)
{
    if (ti_sim_self() != NULL)
        ti_frames_leave(TI_CALLERS_STACK());
}

bool ti_tsan_is_watched(uintptr_t stack)
{
    ti_frames_leave(stack - 1);
    return ti_frames.count > 0 && ti_frames.stack[ti_frames.count - 1] == stack;
}

/* ---- accesses ---- */

void ti_tsan_access(const char *what, const volatile void *address, size_t size, bool is_write,
                    const void *code)
{
    ti_sim_thread *self = ti_sim_self();
    ti_sim_access access = {.size = size, .what = what, .code = code, .is_write = is_write};
    if (self == NULL || size == 0)
        return;
    access.address = (const void *)(uintptr_t)address;
    access.is_on_own_stack = ti_is_on_own_stack(address);
    ti_sim_data_access(self, &access);
}

#define TI_ACCESS(name, size, is_write)                                                    \
    void __tsan_##name(void *address);                                                     \
    void __tsan_##name##_pc(void *address, void *code);                                    \
    void __tsan_##name(void *address)                                                      \
    {                                                                                      \
        ti_tsan_access((is_write) ? "write" : "read", address, size, is_write, TI_CODE()); \
    }                                                                                      \
    void __tsan_##name##_pc(void *address, void *code)                                     \
    {                                                                                      \
        ti_tsan_access((is_write) ? "write" : "read", address, size, is_write, code);      \
    }
#define TI_READ_WRITE(name, size)                                \
    void __tsan_##name(void *address);                           \
    void __tsan_##name(void *address)                            \
    {                                                            \
        ti_tsan_access("read", address, size, false, TI_CODE()); \
        ti_tsan_access("write", address, size, true, TI_CODE()); \
    }
#define TI_ACCESSES(size)                       \
    TI_ACCESS(read##size, size, false)          \
    TI_ACCESS(write##size, size, true)          \
    TI_ACCESS(volatile_read##size, size, false) \
    TI_ACCESS(volatile_write##size, size, true) \
    TI_READ_WRITE(read_write##size, size)
#define TI_ACCESSES_UNALIGNED(size)                       \
    TI_ACCESS(unaligned_read##size, size, false)          \
    TI_ACCESS(unaligned_write##size, size, true)          \
    TI_ACCESS(unaligned_volatile_read##size, size, false) \
    TI_ACCESS(unaligned_volatile_write##size, size, true) \
    TI_READ_WRITE(unaligned_read_write##size, size)

TI_ACCESSES(1)
TI_ACCESSES(2)
TI_ACCESSES(4)
TI_ACCESSES(8)
TI_ACCESSES(16)
TI_ACCESSES_UNALIGNED(1)
TI_ACCESSES_UNALIGNED(2)
TI_ACCESSES_UNALIGNED(4)
TI_ACCESSES_UNALIGNED(8)
TI_ACCESSES_UNALIGNED(16)

#define TI_RANGE(name, what, is_write)                               \
    void __tsan_##name(void *address, size_t size);                  \
    void __tsan_##name##_pc(void *address, size_t size, void *code); \
    void __tsan_##name(void *address, size_t size)                   \
    {                                                                \
        ti_tsan_access(what, address, size, is_write, TI_CODE());    \
    }                                                                \
    void __tsan_##name##_pc(void *address, size_t size, void *code)  \
    {                                                                \
        ti_tsan_access(what, address, size, is_write, code);         \
    }

TI_RANGE(read_range, "read", false)
TI_RANGE(write_range, "write", true)

/* C++: the pointer to the virtual functions, which constructors and destructors set, mostly to what it is. */
void __tsan_vptr_update(void **address, void *value);
void __tsan_vptr_read(void **address);

void __tsan_vptr_update(void **address, void *value)
{
    if (*address != value)
        ti_tsan_access("write", address, sizeof value, true, TI_CODE());
}

void __tsan_vptr_read(void **address)
{
    ti_tsan_access("read", address, sizeof *address, false, TI_CODE());
}

/* ---- the rest ---- */

void __tsan_init(void);
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);

/* Called before main, by each file. */
void __tsan_init(void)
{
    ti_tsan_memory_init();
    ti_tsan_symbol_init();
}

/* Around what the program has said not to be looked at, of which the compilers say nothing here. */
void __tsan_ignore_thread_begin(void)
{
}

void __tsan_ignore_thread_end(void)
{
}
