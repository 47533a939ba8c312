/* SPDX-License-Identifier: MIT */
/*
 * For files that include the one file without THREADING_IMPLEMENTATION. If no file of the program defines
 * that, the linker misses a name that says so: these calls ask for it. Every program that makes threads
 * makes one of them, and each costs far more than the empty call that is added. Locks ask where it costs
 * nothing: when a body is skipped, and, where a release is inline, by the name of its wake
 * (tools/amalgamate.cmake). A file that calls nothing asks for nothing.
 */
#if !defined(THREADING_IMPLEMENTATION) && !defined(THREADING_SHARED) && !defined(THREADING_NO_INLINE) && \
    !defined(THREADING_NEEDED)
#define THREADING_NEEDED threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file(NULL)

THREADING_UNUSED static inline threading_lock_t *threading_lock_entered(threading_lock_t *lock)
{
    if (lock == NULL)
        THREADING_NEEDED;
    return lock;
}

THREADING_UNUSED static inline const char *threading_version_inline(void)
{
    THREADING_NEEDED;
    return threading_version();
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_status_t
threading_thread_start_inline(threading_thread_t *thread)
{
    THREADING_NEEDED;
    return threading_thread_start(thread);
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_status_t
threading_thread_join_inline(threading_thread_t *thread)
{
    THREADING_NEEDED;
    return threading_thread_join(thread);
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_status_t
threading_start_new_thread_inline(threading_target_t target, void *arg, uint32_t *ident)
{
    THREADING_NEEDED;
    return threading_start_new_thread(target, arg, ident);
}

THREADING_UNUSED static inline threading_executor_t *
threading_executor_new_inline(size_t max_workers, const threading_executor_options_t *options)
{
    THREADING_NEEDED;
    return threading_executor_new(max_workers, options);
}

THREADING_NODISCARD THREADING_UNUSED static inline threading_status_t
threading_group_run_inline(threading_group_t *group, threading_status_t (*function)(void *arg), void *arg)
{
    THREADING_NEEDED;
    return threading_group_run(group, function, arg);
}

/* They take what the functions take: a compound literal, or a template, may have commas of its own. */
#define threading_lock_enter(...) threading_lock_entered(threading_lock_enter(__VA_ARGS__))
#define threading_version() threading_version_inline()
#define threading_thread_start(...) threading_thread_start_inline(__VA_ARGS__)
#define threading_thread_join(...) threading_thread_join_inline(__VA_ARGS__)
#define threading_start_new_thread(...) threading_start_new_thread_inline(__VA_ARGS__)
#define threading_executor_new(...) threading_executor_new_inline(__VA_ARGS__)
#define threading_group_run(...) threading_group_run_inline(__VA_ARGS__)
#endif
