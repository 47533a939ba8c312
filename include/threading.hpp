/* SPDX-License-Identifier: MIT */
/**
 * @file threading.hpp
 * Python's `threading`, for C++11 and later: thin classes over threading.h, in the namespace `threading`.
 *
 *     #include <mutex>
 *     #include "threading.hpp"
 *
 *     static threading::Lock lock;
 *     static int balance;
 *
 *     static void deposit(int amount)
 *     {
 *         std::lock_guard<threading::Lock> held(lock);
 *         balance += amount;
 *     }
 *
 *     int main()
 *     {
 *         threading::Thread worker(threading::Options().name("Worker"), deposit, 5);
 *         return worker.start() || worker.join();
 *     }
 *
 * threading.h is the manual of what the calls do, return and order; here stands what C++ adds.
 *
 * Contents
 *   1  Conventions   what holds for every class
 *   2  Errors        statuses as std::error_code
 *   3  Time          one type for seconds, durations and moments
 *   4  Locks         Lock, Guard, RLock, Condition, Semaphore, BoundedSemaphore, RWLock
 *   5  Waiting       Event, Barrier, Once, Stop
 *   6  Thread        Thread, Options, Timer, what becomes of exceptions
 *   7  Local         one T for each thread
 *   8  Queue         Queue, LifoQueue, PriorityQueue
 *   9  Executor      a pool of threads, and Future
 *  10  Group         tasks that end together
 *
 * -------------------------------------------------------------------------------------------------
 * 1 Conventions
 *
 * Names. A class is called as in Python, a method as the call of C that it makes: `lock.try_acquire()` is
 * threading_lock_try_acquire(). A time limit is one more argument: `lock.acquire(0.5)`.
 *
 * Results. Methods with C's names return C's status and throw nothing. What the standard library calls (lock,
 * try_lock, …), constructors, and calls that return a value cannot: they throw std::system_error with the
 * status, and std::bad_alloc where the memory is C++'s own. Without exceptions (-fno-exceptions, the same for
 * all files of a program) those call std::terminate() instead; the methods with C's names work as ever.
 * `unlock` has nobody to tell: of a lock that is not held it does nothing, and `release` says so.
 *
 * Standard library. Every class of section 4 is TimedLockable, RWLock is SharedTimedLockable, so
 * std::lock_guard, unique_lock, shared_lock, scoped_lock, lock() and condition_variable_any work with them.
 * Nothing here needs the standard library's threads, which some compilers for Windows lack.
 *
 * Objects of sections 4 and 5 are those of C: `native_handle()` gives the address, for every call of C.
 * They are neither copied nor moved, need no destructor (but for Barrier and what it calls), and those that
 * C can zero-fill are constants when the program starts, so no order of initialisation matters.
 *
 * Static objects with destructors. As with any function of atexit(), those made after the library's first use
 * are destroyed before the process waits for its non-daemon threads, and all while daemons may still run. A
 * call of threading::shutdown() at the end of main waits first.
 *
 * Exceptions never pass through C: each function that the library calls catches them, and its section says
 * where they go. Functions that you hand to C's own calls must not throw.
 */
#ifndef THREADING_HPP
#define THREADING_HPP

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "threading.h"

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define THREADING_EXCEPTIONS 1
#endif

/* -------------------------------------------------------------------------------------------------
 * 2 Errors
 *
 *     catch (const std::system_error &error) {
 *         if (error.code() == THREADING_DEADLOCK) …                            // the status itself
 *         if (error.code() == std::errc::resource_deadlock_would_occur) …      // or what it means elsewhere
 *     }
 */

namespace threading
{

/** What a call has to say; THREADING_OK, 0, is success. */
using Status = threading_status_t;

namespace detail
{

class Category : public std::error_category
{
  public:
    const char *name() const noexcept override { return "threading"; }

    std::string message(int status) const override
    {
        bool known = status >= 0 && status < THREADING_STATUS_COUNT;
        return threading_status_message(known ? static_cast<Status>(status) : THREADING_STATUS_COUNT);
    }

    std::error_condition default_error_condition(int status) const noexcept override
    {
        switch (status) {
        case THREADING_TIMEOUT:
            return std::errc::timed_out;
        case THREADING_BUSY:
            return std::errc::device_or_resource_busy;
        case THREADING_INVALID:
            return std::errc::invalid_argument;
        case THREADING_OVERFLOW:
            return std::errc::value_too_large;
        case THREADING_NOT_OWNER:
            return std::errc::operation_not_permitted;
        case THREADING_DEADLOCK:
            return std::errc::resource_deadlock_would_occur;
        case THREADING_NO_MEMORY:
            return std::errc::not_enough_memory;
        case THREADING_NO_THREADS:
            return std::errc::resource_unavailable_try_again;
        case THREADING_CANCELLED:
            return std::errc::operation_canceled;
        case THREADING_UNSUPPORTED:
            return std::errc::not_supported;
        default:
            return std::error_condition(status, *this);
        }
    }
};

} // namespace detail

/**
 * Give the category of the statuses: its name is "threading", its messages are threading_status_message()'s.
 *
 * It is never destroyed, since threads may fail while the process exits.
 */
inline const std::error_category &category() noexcept
{
    alignas(detail::Category) static unsigned char memory[sizeof(detail::Category)];
    static const detail::Category *const only = new (memory) detail::Category;
    return *only;
}

} // namespace threading

/** A status as an error_code; found by the standard library, so that `std::error_code error = status;`
 * works. */
inline std::error_code make_error_code(threading_status_t status) noexcept
{
    return std::error_code(static_cast<int>(status), threading::category());
}

namespace std
{
template <> struct is_error_code_enum<threading_status_t> : true_type {
};
} // namespace std

namespace threading
{

namespace detail
{

THREADING_NORETURN inline void fail(Status status)
{
#if defined(THREADING_EXCEPTIONS)
    throw std::system_error(make_error_code(status));
#else
    (void)status;
    std::terminate();
#endif
}

/* Nobody needs to know it. GCC minds a cast to void. */
inline void drop(Status) noexcept
{
}

inline void require(Status status)
{
    if (status != THREADING_OK)
        fail(status);
}

/* Whether it was had, for calls that answer with bool. */
inline bool got(Status status)
{
    if (status == THREADING_TIMEOUT || status == THREADING_BUSY)
        return false;
    require(status);
    return true;
}

/* What the calls of C give, or no memory. */
template <class Handle> Handle *made(Handle *handle)
{
    if (handle == nullptr)
        fail(THREADING_NO_MEMORY);
    return handle;
}

} // namespace detail

/* -------------------------------------------------------------------------------------------------
 * 3 Time
 */

namespace detail
{

/* Of any duration, whatever it counts in: as floating point it cannot overflow. */
template <class Rep, class Period> double seconds_of(const std::chrono::duration<Rep, Period> &duration)
{
    return std::chrono::duration_cast<std::chrono::duration<double>>(duration).count();
}

/* More than what the conversions to double can have taken away, so that no wait ends early. */
inline double rounding(double seconds)
{
    return (seconds < 0 ? -seconds : seconds) * 4 * std::numeric_limits<double>::epsilon();
}

/* Between nothing and the longest there is: 292 years are for ever. NaN is nothing. */
inline double limited(double seconds)
{
    if (!(seconds > 0))
        return 0;
    return seconds < THREADING_TIMEOUT_MAX ? seconds : THREADING_TIMEOUT_MAX;
}

/* Both moments as double, since their difference may be no number of the clock's. */
template <class Clock, class Duration>
double seconds_until(const std::chrono::time_point<Clock, Duration> &moment)
{
    double end = seconds_of(moment.time_since_epoch());
    return limited(end + rounding(end) - seconds_of(Clock::now().time_since_epoch()));
}

/* The clock may be set while the attempt waits on one that cannot be: so look again. */
template <class Clock, class Duration, class Attempt>
Status attempt_until(const std::chrono::time_point<Clock, Duration> &moment, Attempt attempt)
{
    for (;;) {
        double left = seconds_until(moment);
        Status status = attempt(left);
        if (status != THREADING_TIMEOUT || left <= 0)
            return status;
    }
}

} // namespace detail

/**
 * How long to wait at most. Made, without being named, out of
 *   - a number: seconds, as in C, THREADING_FOREVER and the answers to wrong numbers included;
 *   - any std::chrono duration: a negative one tries once, one of more than 292 years is 292 years;
 *   - a moment of any clock: what is left until then. If the clock is set during a wait, only
 *     try_lock_until() and try_lock_shared_until() follow it.
 */
class Timeout
{
  public:
    constexpr Timeout(double seconds) noexcept : seconds_(seconds) {}

    template <class Rep, class Period>
    Timeout(const std::chrono::duration<Rep, Period> &duration) : seconds_(detail::seconds_of(duration))
    {
        seconds_ = detail::limited(seconds_ + detail::rounding(seconds_));
    }

    template <class Clock, class Duration>
    Timeout(const std::chrono::time_point<Clock, Duration> &moment) : seconds_(detail::seconds_until(moment))
    {
    }

    /** For the calls of C. */
    constexpr double seconds() const noexcept { return seconds_; }

  private:
    double seconds_;
};

/** Let the calling thread sleep: threading_sleep(). */
inline Status sleep(Timeout timeout)
{
    return threading_sleep(timeout.seconds());
}

/** Wait until no non-daemon thread is left: threading_shutdown(). For the end of main. */
inline Status shutdown()
{
    return threading_shutdown();
}

/** Before a plugin is unloaded that has the library inside: threading_unload(). */
inline Status unload()
{
    return threading_unload();
}

/* -------------------------------------------------------------------------------------------------
 * 4 Locks
 *
 * What the standard library calls, in all classes of this section:
 *   lock              acquire; throws THREADING_DEADLOCK, THREADING_OVERFLOW, THREADING_CANCELLED
 *   try_lock          try_acquire; false for THREADING_BUSY, throws anything else
 *   try_lock_for      acquire with a duration; false for THREADING_TIMEOUT, throws anything else
 *   try_lock_until    the same with a moment of any clock; follows the clock if it is set
 *   unlock            release; never throws
 */

namespace detail
{

/* Neither copied nor moved. */
class Fixed
{
  protected:
    Fixed() = default;
    ~Fixed() = default;

  public:
    Fixed(const Fixed &) = delete;
    Fixed &operator=(const Fixed &) = delete;
};

/* TimedLockable, made of acquire, try_acquire and release. */
template <class Object> class Lockable : Fixed
{
  public:
    void lock() { require(object().acquire()); }

    THREADING_NODISCARD bool try_lock() { return got(object().try_acquire()); }

    template <class Rep, class Period>
    THREADING_NODISCARD bool try_lock_for(const std::chrono::duration<Rep, Period> &duration)
    {
        return got(object().acquire(duration));
    }

    template <class Clock, class Duration>
    THREADING_NODISCARD bool try_lock_until(const std::chrono::time_point<Clock, Duration> &moment)
    {
        Object &self = object();
        return got(attempt_until(moment, [&self](double left) { return self.acquire(left); }));
    }

    void unlock() noexcept { (void)object().release(); }

  protected:
    Lockable() = default;
    ~Lockable() = default;

  private:
    Object &object() noexcept { return static_cast<Object &>(*this); }
};

} // namespace detail

/** The plain lock, 4 bytes: any thread may release it. Clang's -Wthread-safety knows it as a capability. */
class THREADING_ANALYSIS(capability("lock")) Lock : detail::Fixed
{
  public:
    constexpr Lock() noexcept : lock_() {}

    Status acquire() noexcept THREADING_ANALYSIS(acquire_capability()) THREADING_NO_ANALYSIS
    {
        return threading_lock_acquire(&lock_);
    }

    THREADING_NODISCARD Status acquire(Timeout timeout) noexcept
        THREADING_ANALYSIS(try_acquire_capability(0)) THREADING_NO_ANALYSIS
    {
        return threading_lock_acquire_timeout(&lock_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_acquire() noexcept
        THREADING_ANALYSIS(try_acquire_capability(0)) THREADING_NO_ANALYSIS
    {
        return threading_lock_try_acquire(&lock_);
    }

    Status release() noexcept THREADING_ANALYSIS(release_capability()) THREADING_NO_ANALYSIS
    {
        return threading_lock_release(&lock_);
    }

    bool locked() const noexcept { return threading_lock_locked(&lock_); }

    void lock() THREADING_ANALYSIS(acquire_capability()) THREADING_NO_ANALYSIS { detail::require(acquire()); }

    THREADING_NODISCARD bool try_lock() THREADING_ANALYSIS(try_acquire_capability(true)) THREADING_NO_ANALYSIS
    {
        return detail::got(try_acquire());
    }

    template <class Rep, class Period>
    THREADING_NODISCARD bool try_lock_for(const std::chrono::duration<Rep, Period> &duration)
        THREADING_ANALYSIS(try_acquire_capability(true)) THREADING_NO_ANALYSIS
    {
        return detail::got(acquire(duration));
    }

    template <class Clock, class Duration>
    THREADING_NODISCARD bool try_lock_until(const std::chrono::time_point<Clock, Duration> &moment)
        THREADING_ANALYSIS(try_acquire_capability(true)) THREADING_NO_ANALYSIS
    {
        threading_lock_t *lock = &lock_;
        return detail::got(detail::attempt_until(
            moment, [lock](double left) { return threading_lock_acquire_timeout(lock, left); }));
    }

    void unlock() noexcept THREADING_ANALYSIS(release_capability()) THREADING_NO_ANALYSIS { (void)release(); }

    threading_lock_t *native_handle() noexcept { return &lock_; }

  private:
    threading_lock_t lock_;
};

/** std::lock_guard<Lock>, for Clang's analysis, which does not see through the standard one. */
class THREADING_ANALYSIS(scoped_lockable) Guard : detail::Fixed
{
  public:
    explicit Guard(Lock &lock) THREADING_ANALYSIS(acquire_capability(lock)) THREADING_NO_ANALYSIS
        : lock_(lock)
    {
        lock_.lock();
    }

    ~Guard() THREADING_ANALYSIS(release_capability()) THREADING_NO_ANALYSIS { lock_.unlock(); }

  private:
    Lock &lock_;
};

/** The recursive lock, 8 bytes: its owner may acquire it again. */
class RLock : public detail::Lockable<RLock>
{
  public:
    constexpr RLock() noexcept : rlock_() {}

    THREADING_NODISCARD Status acquire() noexcept { return threading_rlock_acquire(&rlock_); }

    THREADING_NODISCARD Status acquire(Timeout timeout) noexcept
    {
        return threading_rlock_acquire_timeout(&rlock_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_acquire() noexcept { return threading_rlock_try_acquire(&rlock_); }

    Status release() noexcept { return threading_rlock_release(&rlock_); }

    bool locked() const noexcept { return threading_rlock_locked(&rlock_); }

    bool is_owned() const noexcept { return threading_rlock_is_owned(&rlock_); }

    std::size_t count() const noexcept { return threading_rlock_count(&rlock_); }

    threading_rlock_t *native_handle() noexcept { return &rlock_; }

  private:
    threading_rlock_t rlock_;
};

/**
 * A condition on an RLock of its own, or on the Lock or RLock that it is given, which must live as long.
 *
 *     std::lock_guard<threading::Condition> held(ready);
 *     if (ready.wait_for([] { return jobs > 0; }) == THREADING_OK) …
 *
 * As in Python, `wait` takes the limit and `wait_for` a predicate.
 */
class Condition : public detail::Lockable<Condition>
{
  public:
    constexpr Condition() noexcept : condition_() {}

    explicit Condition(Lock &lock) noexcept : condition_()
    {
        (void)threading_condition_init_lock(&condition_, lock.native_handle());
    }

    explicit Condition(RLock &rlock) noexcept : condition_()
    {
        (void)threading_condition_init_rlock(&condition_, rlock.native_handle());
    }

    THREADING_NODISCARD Status acquire() noexcept { return threading_condition_acquire(&condition_); }

    THREADING_NODISCARD Status acquire(Timeout timeout) noexcept
    {
        return threading_condition_acquire_timeout(&condition_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_acquire() noexcept { return threading_condition_try_acquire(&condition_); }

    Status release() noexcept { return threading_condition_release(&condition_); }

    bool locked() const noexcept { return threading_condition_locked(&condition_); }

    bool is_owned() const noexcept { return threading_condition_is_owned(&condition_); }

    THREADING_NODISCARD Status wait() noexcept { return threading_condition_wait(&condition_); }

    THREADING_NODISCARD Status wait(Timeout timeout) noexcept
    {
        return threading_condition_wait_timeout(&condition_, timeout.seconds());
    }

    /** What the predicate throws ends the wait and is thrown here, with the lock held. */
    template <class Predicate>
    THREADING_NODISCARD Status wait_for(Predicate predicate, Timeout timeout = THREADING_FOREVER);

    Status notify(std::size_t n = 1) noexcept { return threading_condition_notify(&condition_, n); }

    Status notify_all() noexcept { return threading_condition_notify_all(&condition_); }

    threading_condition_t *native_handle() noexcept { return &condition_; }

  private:
    threading_condition_t condition_;
};

/** A number to take from and to add to. The constructor throws THREADING_OVERFLOW. */
class Semaphore : public detail::Lockable<Semaphore>
{
  public:
    explicit Semaphore(std::size_t value = 1) : semaphore_()
    {
        detail::require(threading_semaphore_init(&semaphore_, value));
    }

    THREADING_NODISCARD Status acquire() noexcept { return threading_semaphore_acquire(&semaphore_); }

    THREADING_NODISCARD Status acquire(Timeout timeout) noexcept
    {
        return threading_semaphore_acquire_timeout(&semaphore_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_acquire() noexcept { return threading_semaphore_try_acquire(&semaphore_); }

    Status release(std::size_t n = 1) noexcept { return threading_semaphore_release_n(&semaphore_, n); }

    std::size_t value() const noexcept { return threading_semaphore_value(&semaphore_); }

    threading_semaphore_t *native_handle() noexcept { return &semaphore_; }

  private:
    threading_semaphore_t semaphore_;
};

/** A semaphore that refuses, with THREADING_INVALID, to be released above its first value. */
class BoundedSemaphore : public detail::Lockable<BoundedSemaphore>
{
  public:
    explicit BoundedSemaphore(std::size_t value = 1) : semaphore_()
    {
        detail::require(threading_bounded_semaphore_init(&semaphore_, value));
    }

    THREADING_NODISCARD Status acquire() noexcept { return threading_bounded_semaphore_acquire(&semaphore_); }

    THREADING_NODISCARD Status acquire(Timeout timeout) noexcept
    {
        return threading_bounded_semaphore_acquire_timeout(&semaphore_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_acquire() noexcept
    {
        return threading_bounded_semaphore_try_acquire(&semaphore_);
    }

    Status release(std::size_t n = 1) noexcept
    {
        return threading_bounded_semaphore_release_n(&semaphore_, n);
    }

    std::size_t value() const noexcept { return threading_bounded_semaphore_value(&semaphore_); }

    threading_bounded_semaphore_t *native_handle() noexcept { return &semaphore_; }

  private:
    threading_bounded_semaphore_t semaphore_;
};

/**
 * Many readers or one writer, 8 bytes. `lock` and its like write; `lock_shared` and its like read, for
 * std::shared_lock.
 */
class RWLock : detail::Fixed
{
  public:
    constexpr RWLock() noexcept : rwlock_() {}

    THREADING_NODISCARD Status acquire_read() noexcept { return threading_rwlock_acquire_read(&rwlock_); }

    THREADING_NODISCARD Status acquire_read(Timeout timeout) noexcept
    {
        return threading_rwlock_acquire_read_timeout(&rwlock_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_acquire_read() noexcept
    {
        return threading_rwlock_try_acquire_read(&rwlock_);
    }

    Status release_read() noexcept { return threading_rwlock_release_read(&rwlock_); }

    THREADING_NODISCARD Status acquire_write() noexcept { return threading_rwlock_acquire_write(&rwlock_); }

    THREADING_NODISCARD Status acquire_write(Timeout timeout) noexcept
    {
        return threading_rwlock_acquire_write_timeout(&rwlock_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_acquire_write() noexcept
    {
        return threading_rwlock_try_acquire_write(&rwlock_);
    }

    Status release_write() noexcept { return threading_rwlock_release_write(&rwlock_); }

    void lock() { detail::require(acquire_write()); }

    THREADING_NODISCARD bool try_lock() { return detail::got(try_acquire_write()); }

    template <class Rep, class Period>
    THREADING_NODISCARD bool try_lock_for(const std::chrono::duration<Rep, Period> &duration)
    {
        return detail::got(acquire_write(duration));
    }

    template <class Clock, class Duration>
    THREADING_NODISCARD bool try_lock_until(const std::chrono::time_point<Clock, Duration> &moment)
    {
        return detail::got(
            detail::attempt_until(moment, [this](double left) { return acquire_write(left); }));
    }

    void unlock() noexcept { (void)release_write(); }

    void lock_shared() { detail::require(acquire_read()); }

    THREADING_NODISCARD bool try_lock_shared() { return detail::got(try_acquire_read()); }

    template <class Rep, class Period>
    THREADING_NODISCARD bool try_lock_shared_for(const std::chrono::duration<Rep, Period> &duration)
    {
        return detail::got(acquire_read(duration));
    }

    template <class Clock, class Duration>
    THREADING_NODISCARD bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration> &moment)
    {
        return detail::got(detail::attempt_until(moment, [this](double left) { return acquire_read(left); }));
    }

    void unlock_shared() noexcept { (void)release_read(); }

    threading_rwlock_t *native_handle() noexcept { return &rwlock_; }

  private:
    threading_rwlock_t rwlock_;
};

/* -------------------------------------------------------------------------------------------------
 * 5 Waiting
 */

/** A flag to wait for, 4 bytes. */
class Event : detail::Fixed
{
  public:
    constexpr Event() noexcept : event_() {}

    Status set() noexcept { return threading_event_set(&event_); }

    Status clear() noexcept { return threading_event_clear(&event_); }

    bool is_set() const noexcept { return threading_event_is_set(&event_); }

    THREADING_NODISCARD Status wait() noexcept { return threading_event_wait(&event_); }

    THREADING_NODISCARD Status wait(Timeout timeout) noexcept
    {
        return threading_event_wait_timeout(&event_, timeout.seconds());
    }

    threading_event_t *native_handle() noexcept { return &event_; }

  private:
    threading_event_t event_;
};

namespace detail
{

#if defined(THREADING_EXCEPTIONS)
/* In a handler: what is handled. Where that is no exception of C++, it is how glibc ends a thread that calls
 * pthread_exit(), and must be let through. */
inline std::exception_ptr caught_now()
{
    std::exception_ptr error = std::current_exception();
    if (error == nullptr)
        throw;
    return error;
}
#endif

/* What a function that C calls has thrown, until the call of C is over. */
class Caught
{
  public:
    template <class Function> void call(Function &function)
    {
#if defined(THREADING_EXCEPTIONS)
        try {
            function();
        } catch (...) {
            error_ = caught_now();
        }
#else
        function();
#endif
    }

    explicit operator bool() const noexcept
    {
        return error_ != nullptr;
    }

    void rethrow()
    {
        if (error_ != nullptr)
            std::rethrow_exception(std::move(error_));
    }

  private:
    std::exception_ptr error_;
};

} // namespace detail

template <class Predicate> Status Condition::wait_for(Predicate predicate, Timeout timeout)
{
    struct Asked {
        Predicate &predicate;
        detail::Caught caught;
        static bool ask(void *argument)
        {
            Asked &asked = *static_cast<Asked *>(argument);
            bool answer = false;
            auto question = [&] { answer = static_cast<bool>(asked.predicate()); };
            asked.caught.call(question);
            return answer || asked.caught;
        }
    } asked = {predicate, {}};
    Status status = threading_condition_wait_for_timeout(&condition_, Asked::ask, &asked, timeout.seconds());
    asked.caught.rethrow();
    return status;
}

/**
 * A fixed number of threads that wait for each other. The constructor throws THREADING_INVALID and
 * THREADING_OVERFLOW.
 *
 * What the action throws breaks the barrier and is thrown by the `wait` of the thread that called it, as in
 * Python; the others get THREADING_BROKEN.
 */
class Barrier : detail::Fixed
{
  public:
    explicit Barrier(std::size_t parties, std::function<void()> action = nullptr,
                     Timeout timeout = THREADING_FOREVER)
        : barrier_(), action_(std::move(action))
    {
        detail::require(threading_barrier_init_with(&barrier_, parties, action_ ? act : nullptr, this,
                                                    timeout.seconds()));
    }

    /** `index` receives the place in the order of arrival; may be NULL. */
    THREADING_NODISCARD Status wait(std::size_t *index = nullptr)
    {
        return wait_by([this, index] { return threading_barrier_wait(&barrier_, index); });
    }

    THREADING_NODISCARD Status wait(Timeout timeout, std::size_t *index = nullptr)
    {
        return wait_by([this, timeout, index] {
            return threading_barrier_wait_timeout(&barrier_, timeout.seconds(), index);
        });
    }

    Status reset() noexcept { return threading_barrier_reset(&barrier_); }

    Status abort() noexcept { return threading_barrier_abort(&barrier_); }

    std::size_t parties() const noexcept { return threading_barrier_parties(&barrier_); }

    std::size_t n_waiting() const noexcept { return threading_barrier_n_waiting(&barrier_); }

    bool broken() const noexcept { return threading_barrier_broken(&barrier_); }

    threading_barrier_t *native_handle() noexcept { return &barrier_; }

  private:
    /* Where this thread's wait keeps what its action throws. After a reset two threads may act at once, so it
     * is no member. */
    static detail::Caught *&caught() noexcept
    {
        static thread_local detail::Caught *innermost = nullptr;
        return innermost;
    }

    static void act(void *argument)
    {
        Barrier &barrier = *static_cast<Barrier *>(argument);
        detail::Caught *mine = caught();
        mine->call(barrier.action_);
        if (*mine)
            (void)barrier.abort();
    }

    template <class Wait> Status wait_by(Wait wait)
    {
        detail::Caught mine, *outer = caught();
        caught() = &mine;
        Status status = wait();
        caught() = outer;
        mine.rethrow();
        return status;
    }

    threading_barrier_t barrier_;
    std::function<void()> action_;
};

/**
 * Something that is done once. A function that throws has not done it, and the next caller tries again, as
 * with std::call_once.
 */
class Once : detail::Fixed
{
  public:
    constexpr Once() noexcept : done_(false), lock_() {}

    /**
     * Call a function unless it was called through this object; wait if another thread is just running it.
     *
     * @return THREADING_OK; THREADING_DEADLOCK when the function calls this object itself, or its thread
     *         waits for this one or has ended; THREADING_CANCELLED.
     */
    template <class Function, class... Args>
    THREADING_NODISCARD Status call(Function &&function, Args &&...args)
    {
        /* Acquire: pairs with the release below, so that what the function did is seen. */
        if (done_.load(std::memory_order_acquire))
            return THREADING_OK;
        if (lock_.is_owned())
            return THREADING_DEADLOCK;
        Status status = lock_.acquire();
        if (status != THREADING_OK)
            return status;
        Releaser releaser = {lock_};
        /* Relaxed: it is changed under the lock. */
        if (!done_.load(std::memory_order_relaxed)) {
            std::forward<Function>(function)(std::forward<Args>(args)...);
            done_.store(true, std::memory_order_release);
        }
        return THREADING_OK;
    }

  private:
    struct Releaser {
        RLock &lock;
        ~Releaser() { (void)lock.release(); }
    };

    std::atomic<bool> done_;
    RLock lock_;
};

/** Cancellation by consent: a request that threads heed, see section 17 of threading.h. */
class Stop : detail::Fixed
{
  public:
    constexpr Stop() noexcept : stop_() {}

    /** Also requested when `parent` is, or when the time is over. Throws THREADING_INVALID,
     * THREADING_OVERFLOW. */
    explicit Stop(Stop *parent, Timeout timeout = THREADING_FOREVER) : stop_()
    {
        detail::require(threading_stop_init_child(&stop_, parent == nullptr ? nullptr : &parent->stop_,
                                                  timeout.seconds()));
    }

    Status request() noexcept { return threading_stop_request(&stop_); }

    bool requested() const noexcept { return threading_stop_requested(&stop_); }

    /** For threading_stop_heed(), by which the calling thread heeds it. */
    threading_stop_t *native_handle() noexcept { return &stop_; }

  private:
    threading_stop_t stop_;
};

/* -------------------------------------------------------------------------------------------------
 * 6 Thread
 *
 *     threading::Thread plain(compute, 7);
 *     threading::Thread named(threading::Options().name("Loop").daemon(true), [&] { … });
 *
 * Nothing runs before start(). As in Python, a Thread is a handle: when it is destroyed, a thread that was
 * started goes on, and the process waits for it at its end unless it is a daemon. So what the callable refers
 * to must live until the thread ends: pass copies, or join.
 *
 * The callable and the arguments are copied or moved, as for std::thread, and are destroyed in the thread
 * when the call is over, before a join returns; if the thread is never started, with the handle.
 *
 * Exceptions. What leaves the callable ends the thread, and nothing else: it is kept, and exception() gives
 * it once the thread has ended. Python's threading.excepthook prints it; here nothing is printed unless
 * set_excepthook() was given a function that does. `throw threading::Exit()` is Python's SystemExit: it
 * ends the thread, with all destructors run, and is no error. (threading_exit() runs no destructors: not
 * for C++.)
 */

/** Thrown to end the calling thread, from anywhere in it. */
struct Exit {
};

/** Called in a thread whose callable has thrown, while the thread is still alive and current_thread() is
 * it. */
using ExceptHook = void (*)(const std::exception_ptr &error);

namespace detail
{

inline std::atomic<ExceptHook> &excepthook() noexcept
{
    static std::atomic<ExceptHook> hook(nullptr);
    return hook;
}

} // namespace detail

/**
 * Set what is told of exceptions that leave a thread's callable. Python: threading.excepthook = ….
 *
 * @param hook  nullptr, as at first, for nothing. What it throws is dropped.
 * @return the one before.
 */
inline ExceptHook set_excepthook(ExceptHook hook) noexcept
{
    return detail::excepthook().exchange(hook);
}

/** Keyword arguments of a Thread; threading_thread_options_t says what they mean. Texts are copied by
 * Thread. */
class Options
{
  public:
    Options() noexcept : options_() {}

    Options &name(const char *name) noexcept
    {
        options_.name = name;
        return *this;
    }

    Options &daemon(bool daemon) noexcept
    {
        options_.daemon = daemon ? THREADING_DAEMON : THREADING_NOT_DAEMON;
        return *this;
    }

    Options &stack_size(std::size_t size) noexcept
    {
        options_.stack_size = size;
        return *this;
    }

    Options &stop(Stop &stop) noexcept
    {
        options_.stop = stop.native_handle();
        return *this;
    }

    /** One of threading_priority. */
    Options &priority(int priority) noexcept
    {
        options_.priority = priority;
        return *this;
    }

    operator const threading_thread_options_t &() const noexcept { return options_; }

  private:
    threading_thread_options_t options_;
};

namespace detail
{

/* std::invoke, which C++11 lacks. */
template <class Function, class... Args>
auto invoke(Function &&function, Args &&...args)
    -> decltype(std::forward<Function>(function)(std::forward<Args>(args)...))
{
    return std::forward<Function>(function)(std::forward<Args>(args)...);
}

template <class Member, class Class, class... Args>
auto invoke(Member Class::*member, Args &&...args)
    -> decltype(std::mem_fn(member)(std::forward<Args>(args)...))
{
    return std::mem_fn(member)(std::forward<Args>(args)...);
}

/* std::index_sequence, which C++11 lacks. */
template <std::size_t...> struct Indices {
};
template <std::size_t N, std::size_t... I> struct IndicesTo : IndicesTo<N - 1, N - 1, I...> {
};
template <std::size_t... I> struct IndicesTo<0, I...> {
    using type = Indices<I...>;
};

/* A function and its arguments, to be called once. */
template <class... Parts> class Call
{
  public:
    template <class... Given> explicit Call(Given &&...given) : parts_(std::forward<Given>(given)...) {}

    using Result = decltype(detail::invoke(std::declval<Parts>()...));

    Result operator()() { return call(typename IndicesTo<sizeof...(Parts)>::type()); }

  private:
    template <std::size_t... I> Result call(Indices<I...>)
    {
        return detail::invoke(std::move(std::get<I>(parts_))...);
    }

    std::tuple<Parts...> parts_;
};

template <class... Parts> using CallOf = Call<typename std::decay<Parts>::type...>;

/* Something with two owners: who holds the handle, and the thread that does it. The last one deletes it. */
class Shared : Fixed
{
  public:
    void release() noexcept
    {
        /* Release: what this owner did happens before the end; acquire: which the last one brings about. */
        if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

  protected:
    Shared() noexcept : owners_(2) {}

    virtual ~Shared() = default;

  private:
    std::atomic<unsigned> owners_;
};

struct Release {
    void operator()(Shared *shared) const noexcept { shared->release(); }
};

/* What a Thread runs. */
struct Work : Shared {
    virtual void run() = 0;
    std::exception_ptr error; /* written before the thread has ended, read after */
};

template <class Callable> struct WorkOf : Work {
    explicit WorkOf(std::unique_ptr<Callable> given) : callable(std::move(given)) {}

    void run() override
    {
        std::unique_ptr<Callable> mine(std::move(callable)); /* gone when the call is over, however it ends */
#if defined(THREADING_EXCEPTIONS)
        try {
            (*mine)();
        } catch (const Exit &) {
        }
#else
        (*mine)();
#endif
    }

    std::unique_ptr<Callable> callable;
};

inline void tell(const std::exception_ptr &error) noexcept
{
    ExceptHook hook = excepthook().load();
    auto told = [&] { hook(error); };
    if (hook != nullptr)
        Caught().call(told);
}

/* Keeps what the work throws. */
inline void run_caught(Work &work)
{
#if defined(THREADING_EXCEPTIONS)
    try {
        work.run();
    } catch (...) {
        work.error = caught_now();
    }
#else
    work.run();
#endif
}

/* The target of the threads that are made here. */
inline void *run_work(void *argument)
{
    std::unique_ptr<Work, Release> work(static_cast<Work *>(argument));
    run_caught(*work);
    if (work->error != nullptr)
        tell(work->error);
    return nullptr;
}

} // namespace detail

/** A thread: a handle that can be moved. One that holds no thread answers THREADING_INVALID. */
class Thread
{
    template <class Function>
    using IfCallable = typename std::enable_if<
        !std::is_base_of<Thread, typename std::decay<Function>::type>::value &&
        !std::is_convertible<Function, const threading_thread_options_t &>::value>::type;

  public:
    /** Holds no thread. */
    Thread() noexcept : thread_(nullptr), work_(nullptr) {}

    /** Make a thread that will call `function(args...)`, with the default options. */
    template <class Function, class... Args, class = IfCallable<Function>>
    explicit Thread(Function &&function, Args &&...args)
        : Thread(threading_thread_options_t(), std::forward<Function>(function), std::forward<Args>(args)...)
    {
    }

    /** The same with options. */
    template <class Function, class... Args>
    Thread(const threading_thread_options_t &options, Function &&function, Args &&...args) : Thread()
    {
        using Callable = detail::CallOf<Function, Args...>;
        std::unique_ptr<Callable> callable(
            new Callable(std::forward<Function>(function), std::forward<Args>(args)...));
        hold(options, std::unique_ptr<detail::Work>(new detail::WorkOf<Callable>(std::move(callable))));
    }

    /** Take over a reference that C's calls gave. */
    static Thread adopt(threading_thread_t *thread) noexcept
    {
        Thread adopted;
        adopted.thread_ = thread;
        return adopted;
    }

    Thread(Thread &&other) noexcept : Thread() { swap(other); }

    Thread &operator=(Thread &&other) noexcept
    {
        Thread(std::move(other)).swap(*this);
        return *this;
    }

    /** A thread that was started goes on. */
    ~Thread()
    {
        if (work_ != nullptr && threading_thread_ident(thread_) == 0)
            work_->release(); /* it was never started, so the thread will not do it */
        if (work_ != nullptr)
            work_->release();
        threading_thread_free(thread_);
    }

    void swap(Thread &other) noexcept
    {
        std::swap(thread_, other.thread_);
        std::swap(work_, other.work_);
    }

    THREADING_NODISCARD Status start() noexcept { return threading_thread_start(thread_); }

    THREADING_NODISCARD Status join() noexcept { return threading_thread_join(thread_); }

    THREADING_NODISCARD Status join(Timeout timeout) noexcept
    {
        return threading_thread_join_timeout(thread_, timeout.seconds());
    }

    THREADING_NODISCARD Status try_join() noexcept { return threading_thread_try_join(thread_); }

    bool is_alive() const noexcept { return threading_thread_is_alive(thread_); }

    /** Valid as long as the handle; nullptr if it holds no thread. */
    const char *name() const noexcept { return threading_thread_name(thread_); }

    Status set_name(const char *name) noexcept { return threading_thread_set_name(thread_, name); }

    bool daemon() const noexcept { return threading_thread_daemon(thread_); }

    THREADING_NODISCARD Status set_daemon(bool daemon) noexcept
    {
        return threading_thread_set_daemon(thread_, daemon);
    }

    std::uint32_t ident() const noexcept { return threading_thread_ident(thread_); }

    std::uint64_t native_id() const noexcept { return threading_thread_native_id(thread_); }

    /** The pthread_t or HANDLE: threading_thread_native_handle(). */
    std::uintptr_t system_handle() const noexcept { return threading_thread_native_handle(thread_); }

    std::size_t stack_size() const noexcept { return threading_thread_stack_size(thread_); }

    /** What left the callable; nullptr if nothing did, while the thread runs, and for a thread not made
     * here. */
    std::exception_ptr exception() const noexcept
    {
        /* The status orders what the thread did before the look at it. */
        if (work_ == nullptr || threading_thread_result(thread_, nullptr) != THREADING_OK)
            return nullptr;
        return work_->error;
    }

    /** Borrowed, for the calls of C. Do not start through it a thread whose Thread may be gone. */
    threading_thread_t *native_handle() const noexcept { return thread_; }

  private:
    void hold(const threading_thread_options_t &options, std::unique_ptr<detail::Work> work)
    {
        thread_ = detail::made(threading_thread_new(detail::run_work, work.get(), &options));
        work_ = work.release();
    }

    threading_thread_t *thread_;
    detail::Work *work_;
};

/** The calling thread's own object: threading_current_thread(). Throws when memory is out. */
inline Thread current_thread()
{
    return Thread::adopt(threading_thread_retain(detail::made(threading_current_thread())));
}

/** The main thread's object: threading_main_thread(). */
inline Thread main_thread()
{
    return Thread::adopt(threading_thread_retain(threading_main_thread()));
}

/** Give the calling thread a priority: threading_set_priority(). */
THREADING_NODISCARD inline Status set_priority(int priority) noexcept
{
    return threading_set_priority(priority);
}

/** The calling thread's priority: threading_get_priority(). */
inline int get_priority() noexcept
{
    return threading_get_priority();
}

/** The threads that are alive, main first: threading_enumerate(). */
inline std::vector<Thread> enumerate()
{
    std::vector<threading_thread_t *> handles;
    std::vector<Thread> threads;
    std::size_t alive = threading_active_count();
    while (alive > handles.size()) {
        for (threading_thread_t *handle : handles)
            threading_thread_free(handle);
        handles.assign(alive, nullptr);
        threads.reserve(alive); /* now, so that nothing fails while there are references to give back */
        alive = threading_enumerate(handles.data(), handles.size());
    }
    for (std::size_t i = 0; i < alive; i++)
        threads.push_back(Thread::adopt(handles[i]));
    return threads;
}

/** Seconds on a clock that no one can set: threading_monotonic(). */
inline double monotonic() noexcept
{
    return threading_monotonic();
}

/** The calling thread's number: threading_get_ident(). */
inline std::uint32_t get_ident() noexcept
{
    return threading_get_ident();
}

/** How many processors the process may use: threading_cpu_count(). */
inline std::size_t cpu_count() noexcept
{
    return threading_cpu_count();
}

/** How many threads can really run at once: threading_available_parallelism(). */
inline std::size_t available_parallelism() noexcept
{
    return threading_available_parallelism();
}

namespace detail
{

/* The first of the timer's thread and cancel() decides. */
struct TimerState {
    TimerState() noexcept : decided(false) {}
    bool decide() noexcept { return !decided.exchange(true); }
    std::atomic<bool> decided;
    Event cancelled;
};

template <class Callable> struct TimerCall {
    std::shared_ptr<TimerState> state;
    double seconds;
    Callable callable;

    void operator()()
    {
        if (state->cancelled.wait(seconds) == THREADING_TIMEOUT && state->decide())
            callable();
    }
};

} // namespace detail

/** A Thread that waits, then calls, unless it is cancelled. A wrong time is told by start(). */
class Timer : public Thread
{
  public:
    template <class Function, class... Args>
    explicit Timer(Timeout interval, Function &&function, Args &&...args)
        : Timer(std::make_shared<detail::TimerState>(), interval,
                detail::CallOf<Function, Args...>(std::forward<Function>(function),
                                                  std::forward<Args>(args)...))
    {
    }

    THREADING_NODISCARD Status start() noexcept
    {
        return status_ == THREADING_OK ? Thread::start() : status_;
    }

    /** Afterwards the function has begun, or is never called. */
    Status cancel() noexcept
    {
        if (state_ == nullptr)
            return THREADING_INVALID;
        return state_->decide() ? state_->cancelled.set() : THREADING_OK;
    }

  private:
    template <class... Parts>
    Timer(std::shared_ptr<detail::TimerState> state, Timeout interval, detail::Call<Parts...> &&call)
        : Thread(detail::TimerCall<detail::Call<Parts...>>{state, interval.seconds(), std::move(call)}),
          state_(std::move(state)), status_(check(interval))
    {
    }

    /* What a wait says of its time, though it need not wait. */
    static Status check(Timeout interval) noexcept
    {
        Event over;
        over.set();
        return over.wait(interval);
    }

    std::shared_ptr<detail::TimerState> state_;
    Status status_;
};

/* -------------------------------------------------------------------------------------------------
 * 7 Local
 *
 *     static threading::Local<std::string> student;
 *     student.get() = "Bob";                         // this thread's own
 */

/**
 * One T for each thread: made, by T(), at a thread's first use, destroyed when its thread ends, or with the
 * Local, which no thread may be using then. (As for every static object with a destructor, see the
 * conventions; a Local that daemons use is best made by `new` and never deleted.) Main's copy goes with the
 * Local, or not at all.
 */
template <class T> class Local : detail::Fixed
{
  public:
    constexpr Local() noexcept : local_ THREADING_LOCAL_INIT_WITH(Copy, nullptr, finish) {}

    ~Local() { detail::drop(threading_local_destroy(&local_)); }

    /** The calling thread's own. Throws what T() throws, and THREADING_NO_MEMORY; then the next call tries
     * again. */
    T &get()
    {
        Copy *copy = static_cast<Copy *>(detail::made(threading_local_get(&local_)));
        if (copy->value == nullptr)
            copy->value = new (copy->memory) T();
        return *copy->value;
    }

    T &operator*() { return get(); }

    T *operator->() { return &get(); }

  private:
    static_assert(alignof(T) <= alignof(std::max_align_t),
                  "a Local's type cannot be aligned beyond all others");

    struct Copy {
        T *value; /* nullptr until it is made */
        alignas(T) unsigned char memory[sizeof(T)];
    };

    static void finish(void *argument)
    {
        Copy *copy = static_cast<Copy *>(argument);
        if (copy->value != nullptr)
            copy->value->~T();
    }

    threading_local_t local_;
};

/* -------------------------------------------------------------------------------------------------
 * 8 Queue
 *
 * Each item is moved, or copied, to the heap when it is put, and moved to the variable that `get` is given.
 * After a call that failed both are what they were. Items that the queue drops are destroyed.
 */

namespace detail
{

/* The library's queue holds pointers. */
template <class T> class QueueOf : Fixed
{
  public:
    THREADING_NODISCARD Status put(const T &item, Timeout timeout = THREADING_FOREVER)
    {
        Node node(new T(item));
        return put_node(node, timeout);
    }

    THREADING_NODISCARD Status put(T &&item, Timeout timeout = THREADING_FOREVER)
    {
        Node node(new T(std::move(item)));
        Status status = put_node(node, timeout);
        if (status != THREADING_OK)
            item = std::move(*node);
        return status;
    }

    THREADING_NODISCARD Status try_put(const T &item)
    {
        Node node(new T(item));
        return try_put_node(node);
    }

    THREADING_NODISCARD Status try_put(T &&item)
    {
        Node node(new T(std::move(item)));
        Status status = try_put_node(node);
        if (status != THREADING_OK)
            item = std::move(*node);
        return status;
    }

    THREADING_NODISCARD Status get(T &item, Timeout timeout = THREADING_FOREVER)
    {
        T *got = nullptr;
        Status status = threading_queue_get_timeout(queue_, timeout.seconds(), &got);
        return take(item, Node(got), status);
    }

    THREADING_NODISCARD Status try_get(T &item)
    {
        T *got = nullptr;
        Status status = threading_queue_try_get(queue_, &got);
        return take(item, Node(got), status);
    }

    Status task_done() noexcept { return threading_queue_task_done(queue_); }

    THREADING_NODISCARD Status join(Timeout timeout = THREADING_FOREVER) noexcept
    {
        return threading_queue_join_timeout(queue_, timeout.seconds());
    }

    Status shutdown(bool immediate = false) noexcept { return threading_queue_shutdown(queue_, immediate); }

    bool is_shutdown() const noexcept { return threading_queue_is_shutdown(queue_); }

    std::size_t size() const noexcept { return threading_queue_size(queue_); }

    bool empty() const noexcept { return threading_queue_empty(queue_); }

    bool full() const noexcept { return threading_queue_full(queue_); }

    std::size_t unfinished() const noexcept { return threading_queue_unfinished(queue_); }

    /** Borrowed, for the calls of C; its items are pointers. */
    threading_queue_t *native_handle() const noexcept { return queue_; }

  protected:
    QueueOf(threading_queue_kind_t kind, std::size_t maxsize, int (*compare)(const void *, const void *))
        : queue_(made(threading_queue_new(kind, sizeof(T *), maxsize, compare)))
    {
        (void)threading_queue_set_destructor(queue_, drop);
    }

    ~QueueOf() { threading_queue_free(queue_); }

  private:
    using Node = std::unique_ptr<T>;

    static void drop(void *item) noexcept { delete *static_cast<T **>(item); }

    /* What was put belongs to the queue. */
    static Status given(Node &node, Status status) noexcept
    {
        if (status == THREADING_OK)
            (void)node.release();
        return status;
    }

    static Status take(T &item, Node node, Status status)
    {
        if (status == THREADING_OK)
            item = std::move(*node);
        return status;
    }

    Status put_node(Node &node, Timeout timeout)
    {
        T *item = node.get();
        return given(node, threading_queue_put_timeout(queue_, &item, timeout.seconds()));
    }

    Status try_put_node(Node &node)
    {
        T *item = node.get();
        return given(node, threading_queue_try_put(queue_, &item));
    }

    threading_queue_t *queue_;
};

} // namespace detail

/** `get` takes the oldest item. `maxsize` items make it full; 0 for no limit. */
template <class T> class Queue : public detail::QueueOf<T>
{
  public:
    explicit Queue(std::size_t maxsize = 0) : detail::QueueOf<T>(THREADING_QUEUE_FIFO, maxsize, nullptr) {}
};

/** `get` takes the newest item. */
template <class T> class LifoQueue : public detail::QueueOf<T>
{
  public:
    explicit LifoQueue(std::size_t maxsize = 0) : detail::QueueOf<T>(THREADING_QUEUE_LIFO, maxsize, nullptr)
    {
    }
};

/** `get` takes the smallest item. The comparison must not throw, nor use the queue. */
template <class T, class Less = std::less<T>> class PriorityQueue : public detail::QueueOf<T>
{
  public:
    explicit PriorityQueue(std::size_t maxsize = 0)
        : detail::QueueOf<T>(THREADING_QUEUE_PRIORITY, maxsize, compare)
    {
    }

  private:
    static int compare(const void *left, const void *right) noexcept
    {
        const T &a = **static_cast<const T *const *>(left), &b = **static_cast<const T *const *>(right);
        Less less;
        return less(a, b) ? -1 : less(b, a) ? 1 : 0;
    }
};

/* -------------------------------------------------------------------------------------------------
 * 9 Executor
 *
 *     threading::Executor pool(4);
 *     threading::Future<int> answer = pool.submit([](int n) { return n * n; }, 7);
 *     std::cout << answer.result();
 */

namespace detail
{

template <class Result> struct Outcome {
    std::unique_ptr<Result> value;

    template <class Callable> void keep(Callable &callable) { value.reset(new Result(callable())); }
    Result &get() const noexcept { return *value; }
};

template <class Result> struct Outcome<Result &> {
    Result *value = nullptr;

    template <class Callable> void keep(Callable &callable) { value = &callable(); }
    Result &get() const noexcept { return *value; }
};

template <> struct Outcome<void> {
    template <class Callable> void keep(Callable &callable) { callable(); }
    void get() const noexcept {}
};

/* What an executor runs. It is shared by its Future and by the library, which gives it back when it is
 * done, was cancelled, or will never be. */
template <class Result> struct Task : Work {
    Outcome<Result> outcome;
};

template <class Callable> struct TaskOf : Task<typename Callable::Result> {
    explicit TaskOf(std::unique_ptr<Callable> given) : callable(std::move(given)) {}

    void run() override
    {
        std::unique_ptr<Callable> mine(std::move(callable)); /* gone when the call is over, however it ends */
        this->outcome.keep(*mine);
    }

    std::unique_ptr<Callable> callable;
};

inline void *run_task(void *argument)
{
    run_caught(*static_cast<Work *>(argument));
    return nullptr;
}

inline void give_back(threading_future_t *, void *argument) noexcept
{
    static_cast<Work *>(argument)->release();
}

/* When memory is out, wait here in place of the callback, whatever the thread heeds. */
inline void give_back_when_done(threading_future_t *future, Work *work)
{
    if (threading_future_add_done_callback(future, give_back, work) == THREADING_OK)
        return;
    threading_stop_t *stop = threading_stop_heed(nullptr);
    drop(threading_wait(&future, 1, THREADING_FOREVER, THREADING_ALL_COMPLETED, nullptr));
    (void)threading_stop_heed(stop);
    work->release();
}

/* How many exceptions are on their way in this thread, or before C++17 whether one is. */
inline int exceptions_now() noexcept
{
#if defined(__cpp_lib_uncaught_exceptions)
    return std::uncaught_exceptions();
#else
    return std::uncaught_exception() ? 1 : 0;
#endif
}

/* What threading_executor_for() calls, with the first exception of its pieces. */
template <class Function> class Loop
{
  public:
    explicit Loop(Function &function) noexcept : function_(function), failed_(false) {}

    static void run(std::size_t begin, std::size_t end, void *argument)
    {
        Loop &loop = *static_cast<Loop *>(argument);
        if (!loop.failed_.load(std::memory_order_relaxed))
            loop.call(begin, end);
    }

    void rethrow()
    {
        if (error_ != nullptr)
            std::rethrow_exception(error_);
    }

  private:
    void call(std::size_t begin, std::size_t end)
    {
#if defined(THREADING_EXCEPTIONS)
        try {
            function_(begin, end);
        } catch (const Exit &) {
        } catch (...) {
            keep(caught_now());
        }
#else
        function_(begin, end);
#endif
    }

    /* Read when the loop is over, which orders it. */
    void keep(const std::exception_ptr &error) noexcept
    {
        if (!failed_.exchange(true, std::memory_order_relaxed))
            error_ = error;
    }

    Function &function_;
    std::atomic<bool> failed_;
    std::exception_ptr error_;
};

} // namespace detail

/** What will be the result of a task: a handle that can be moved. Dropping it does not affect the task. */
template <class Result> class Future
{
  public:
    /** Of no task: answers THREADING_INVALID. */
    Future() noexcept : future_(nullptr), task_(nullptr) {}

    Future(Future &&other) noexcept : Future()
    {
        std::swap(future_, other.future_);
        std::swap(task_, other.task_);
    }

    Future &operator=(Future &&other) noexcept
    {
        Future taken(std::move(other));
        std::swap(future_, taken.future_);
        std::swap(task_, taken.task_);
        return *this;
    }

    ~Future()
    {
        threading_future_free(future_);
        if (task_ != nullptr)
            task_->release();
    }

    /**
     * Wait until the task is done, and give its value, which lives as long as the Future.
     *
     * Throws what the task threw; else std::system_error: THREADING_TIMEOUT, THREADING_CANCELLED,
     * THREADING_BROKEN, THREADING_DEADLOCK, as threading_future_result().
     */
    typename std::add_lvalue_reference<Result>::type result(Timeout timeout = THREADING_FOREVER)
    {
        detail::require(wait(timeout));
        if (task_->error != nullptr)
            std::rethrow_exception(task_->error);
        return task_->outcome.get();
    }

    /** The same, giving what the task threw, or nullptr. */
    THREADING_NODISCARD std::exception_ptr exception(Timeout timeout = THREADING_FOREVER)
    {
        detail::require(wait(timeout));
        return task_->error;
    }

    /** Wait, and say what threading_future_result() says; THREADING_OK also when the task threw. */
    THREADING_NODISCARD Status wait(Timeout timeout = THREADING_FOREVER) noexcept
    {
        /* Only the call without a limit runs a task that has not begun. */
        if (timeout.seconds() >= 0 || timeout.seconds() < THREADING_FOREVER ||
            timeout.seconds() > THREADING_FOREVER)
            return threading_future_result_timeout(future_, timeout.seconds(), nullptr);
        return threading_future_result(future_, nullptr);
    }

    Status cancel() noexcept { return threading_future_cancel(future_); }

    bool cancelled() const noexcept { return threading_future_cancelled(future_); }

    bool running() const noexcept { return threading_future_running(future_); }

    bool done() const noexcept { return threading_future_done(future_); }

    /** Borrowed, for the calls of C, such as threading_wait(). Its value is always NULL. */
    threading_future_t *native_handle() const noexcept { return future_; }

  private:
    friend class Executor;

    Future(threading_future_t *future, detail::Task<Result> *task) noexcept : future_(future), task_(task) {}

    threading_future_t *future_;
    detail::Task<Result> *task_;
};

/**
 * A pool of threads. Its destructor is the end of Python's `with`: it shuts down and waits for all tasks.
 *
 * What a task throws, Exit too, is its Future's, and set_excepthook() is not told.
 */
class Executor : detail::Fixed
{
  public:
    /** As many threads at most; 0 for available_parallelism(). `name` begins their names. */
    explicit Executor(std::size_t max_workers = 0, const char *name = nullptr)
    {
        threading_executor_options_t options = threading_executor_options_t();
        options.name = name;
        executor_ = detail::made(threading_executor_new(max_workers, &options));
    }

    /** With all of C's options. The initializer must not throw. */
    Executor(std::size_t max_workers, const threading_executor_options_t &options)
        : executor_(detail::made(threading_executor_new(max_workers, &options)))
    {
    }

    ~Executor()
    {
        (void)threading_executor_shutdown(executor_, true, false);
        threading_executor_free(executor_);
    }

    /** Have `function(args...)` called by one of the threads. Throws what threading_executor_submit()
     * answers. */
    template <class Function, class... Args>
    Future<typename detail::CallOf<Function, Args...>::Result> submit(Function &&function, Args &&...args)
    {
        Future<typename detail::CallOf<Function, Args...>::Result> future;
        detail::require(submit_by(threading_executor_submit, future, std::forward<Function>(function),
                                  std::forward<Args>(args)...));
        return future;
    }

    /** The same without waiting for room; `future` changes for THREADING_OK only. What was moved into the
     * call is gone in any case. */
    template <class Function, class... Args>
    THREADING_NODISCARD Status try_submit(Future<typename detail::CallOf<Function, Args...>::Result> &future,
                                          Function &&function, Args &&...args)
    {
        return submit_by(threading_executor_try_submit, future, std::forward<Function>(function),
                         std::forward<Args>(args)...);
    }

    /** How many threads at most. */
    std::size_t workers() const noexcept { return threading_executor_workers(executor_); }

    /**
     * Call `function(begin, end)` for the pieces of a range, here and in threads of the pool, as
     * threading_executor_for() does.
     *
     * What a piece throws ends the loop, and is thrown here when no piece runs any more; the first one, if
     * several do. A piece that throws Exit ends only itself. After THREADING_DEADLOCK a piece goes on: what
     * it uses must live on, too.
     */
    template <class Function>
    Status loop(std::size_t begin, std::size_t end, Function &&function, std::size_t grain = 0)
    {
        using Loop = detail::Loop<typename std::remove_reference<Function>::type>;
        std::unique_ptr<Loop> loop(new Loop(function));
        Status status = threading_executor_for(executor_, begin, end, grain, Loop::run, loop.get());
        if (status == THREADING_DEADLOCK)
            (void)loop.release(); /* a piece goes on, and nobody can tell how long */
        else
            loop->rethrow();
        return status;
    }

    Status shutdown(bool wait = true, bool cancel_futures = false) noexcept
    {
        return threading_executor_shutdown(executor_, wait, cancel_futures);
    }

    /** Borrowed, for the calls of C. */
    threading_executor_t *native_handle() const noexcept { return executor_; }

  private:
    using Submit = threading_status_t (*)(threading_executor_t *executor, threading_target_t function,
                                          void *arg, threading_future_t **future);

    template <class Function, class... Args>
    Status submit_by(Submit call, Future<typename detail::CallOf<Function, Args...>::Result> &future,
                     Function &&function, Args &&...args)
    {
        using Callable = detail::CallOf<Function, Args...>;
        using Result = typename Callable::Result;
        std::unique_ptr<Callable> callable(
            new Callable(std::forward<Function>(function), std::forward<Args>(args)...));
        std::unique_ptr<detail::Task<Result>> task(new detail::TaskOf<Callable>(std::move(callable)));
        detail::Work *work = task.get();
        threading_future_t *handle = nullptr;
        Status status = call(executor_, detail::run_task, work, &handle);
        if (status != THREADING_OK)
            return status;
        future = Future<Result>(handle, task.release());
        detail::give_back_when_done(handle, work);
        return status;
    }

    threading_executor_t *executor_;
};

/* -------------------------------------------------------------------------------------------------
 * 10 Group
 *
 *     threading::Group group(pool);                   // or without a pool: a thread for each task
 *     group.run(fetch, "one");
 *     group.run(fetch, "two");
 *     group.wait();                                   // throws what the first of them threw
 */

/**
 * Tasks that end together. Its destructor waits for them.
 *
 * A task has failed when it throws, or returns a Status that is not THREADING_OK; the first failure stops the
 * others (threading_group_run()). What tasks throw is told to nobody but wait(). A task that throws Exit has
 * succeeded.
 */
class Group : detail::Fixed
{
  public:
    /** Each task has a thread of its own. */
    Group() noexcept { (void)threading_group_init(&group_, nullptr); }

    /** The tasks run on an executor, which must outlive the group. */
    explicit Group(Executor &executor) noexcept
    {
        (void)threading_group_init(&group_, executor.native_handle());
    }

    /** Waits for all tasks. When an exception is on its way out of the scope, it stops them first. */
    ~Group()
    {
        if (detail::exceptions_now() > exceptions_)
            (void)threading_group_stop(&group_);
        Status status = threading_group_wait(&group_);
        while (status != THREADING_DEADLOCK && status != THREADING_FINALIZING && first_ != nullptr)
            forget(first_); /* those that never ran */
    }

    /** Start a task that calls `function(args...)`. Throws nothing but what copying the arguments throws. */
    template <class Function, class... Args>
    THREADING_NODISCARD Status run(Function &&function, Args &&...args)
    {
        using Callable = detail::CallOf<Function, Args...>;
        Member *member =
            new MemberOf<Callable>(Callable(std::forward<Function>(function), std::forward<Args>(args)...));
        link(member);
        Status status = threading_group_run(&group_, run_member, member);
        if (status != THREADING_OK)
            forget(member);
        return status;
    }

    /** Wait until all tasks are over: what threading_group_wait() says. Throws what the first of those
     * threw that did. */
    Status wait() { return over(threading_group_wait(&group_)); }

    /** The same with a limit: THREADING_TIMEOUT when tasks go on. */
    THREADING_NODISCARD Status wait(Timeout timeout)
    {
        return over(threading_group_wait_timeout(&group_, timeout.seconds()));
    }

    /** Ask all tasks to stop. */
    Status stop() noexcept { return threading_group_stop(&group_); }

    /** Whether they were asked to: for a task that computes. */
    bool stop_requested() const noexcept { return threading_stop_requested(&group_.stop); }

    threading_group_t *native_handle() noexcept { return &group_; }

  private:
    /* A task, on a list until it was run. */
    struct Member {
        explicit Member() noexcept : group(nullptr), previous(nullptr), next(nullptr) {}
        virtual ~Member() = default;
        virtual Status call() = 0;
        Group *group;
        Member *previous;
        Member *next;
    };

    template <class Callable> struct MemberOf : Member {
        explicit MemberOf(Callable &&given) : callable(std::move(given)) {}
        Status call() override { return status_of(std::is_same<typename Callable::Result, Status>()); }
        Status status_of(std::true_type) { return callable(); }
        Status status_of(std::false_type)
        {
            (void)callable();
            return THREADING_OK;
        }
        Callable callable;
    };

    void link(Member *member) noexcept
    {
        Guard guard(lock_);
        member->group = this;
        member->next = first_;
        if (first_ != nullptr)
            first_->previous = member;
        first_ = member;
    }

    void forget(Member *member) noexcept
    {
        {
            Guard guard(lock_);
            (member->previous != nullptr ? member->previous->next : first_) = member->next;
            if (member->next != nullptr)
                member->next->previous = member->previous;
        }
        delete member;
    }

    /* The first exception is the one that is kept. */
    void keep(const std::exception_ptr &error) noexcept
    {
        Guard guard(lock_);
        if (error_ == nullptr)
            error_ = error;
    }

    static Status run_member(void *argument)
    {
        Member *member = static_cast<Member *>(argument);
        Group *group = member->group;
        Status status = THREADING_BROKEN;
#if defined(THREADING_EXCEPTIONS)
        try {
            status = member->call();
        } catch (const Exit &) {
            status = THREADING_OK;
        } catch (...) {
            group->keep(detail::caught_now());
        }
#else
        status = member->call();
#endif
        group->forget(member);
        return status;
    }

    /* What a wait has said. If tasks go on, what they have thrown is for a later wait. */
    Status over(Status status)
    {
        std::exception_ptr error;
        if (status != THREADING_TIMEOUT && status != THREADING_DEADLOCK && status != THREADING_FINALIZING) {
            Guard guard(lock_);
            std::swap(error, error_);
        }
        if (error != nullptr)
            std::rethrow_exception(error);
        return status;
    }

    threading_group_t group_;
    Lock lock_;
    Member *first_ = nullptr;
    std::exception_ptr error_;
    int exceptions_ = detail::exceptions_now(); /* when it was made */
};

} // namespace threading

#endif /* THREADING_HPP */
