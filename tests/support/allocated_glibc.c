/* SPDX-License-Identifier: MIT */
/* How much is allocated, where the C library tells: glibc, without a sanitizer's allocator in its place. */
#include <features.h>

#include "conformance.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
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
