/* SPDX-License-Identifier: MIT */
/* What the suites of threading.hpp share. */
#ifndef CXX_SUPPORT_H
#define CXX_SUPPORT_H

#include <atomic>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "conformance.h"
#include "threading.hpp"

/* A Thread that was started, or the case fails. */
template <class... Parts> threading::Thread running(Parts &&...parts)
{
    threading::Thread thread(std::forward<Parts>(parts)...);
    CHECK_STATUS(thread.start(), THREADING_OK);
    return thread;
}

/* The status that a call throws; THREADING_OK if it throws nothing. */
template <class Function> threading_status_t thrown_by(Function function)
{
    try {
        function();
    } catch (const std::system_error &error) {
        CHECK(error.code().category() == threading::category());
        return static_cast<threading_status_t>(error.code().value());
    }
    return THREADING_OK;
}

/* How many there are of it: what is made must also go. */
struct Counted {
    static std::atomic<int> &alive()
    {
        static std::atomic<int> count(0);
        return count;
    }
    Counted() noexcept
    {
        alive()++;
    }
    Counted(const Counted &) noexcept
    {
        alive()++;
    }
    ~Counted()
    {
        alive()--;
    }
    Counted &operator=(const Counted &) = default;
};

#endif
