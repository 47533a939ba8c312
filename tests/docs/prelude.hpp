/* SPDX-License-Identifier: MIT */
/* What a block of C++ has that is no whole program. */
#include <cstdio>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "threading.hpp"
