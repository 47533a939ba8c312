/* SPDX-License-Identifier: MIT */
/* How much is allocated, where the C library tells: glibc, without a sanitizer's allocator in its place. */
#include "conformance.h"

#if defined(__GLIBC__) && !defined(TEST_WITH_THREAD_SANITIZER) && !defined(TEST_WITH_ADDRESS_SANITIZER)
#include <malloc.h>
size_t allocated_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
#else
size_t allocated_bytes(void)
{
    return 0;
}
#endif
