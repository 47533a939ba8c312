/* SPDX-License-Identifier: MIT */
#include "misuse.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#define TI_BIT(status) (1u << THREADING_##status)
#define TI_MISUSES                                                                                     \
    (TI_BIT(INVALID) | TI_BIT(OVERFLOW) | TI_BIT(NOT_HELD) | TI_BIT(NOT_OWNER) | TI_BIT(NOT_STARTED) | \
     TI_BIT(ALREADY_STARTED))

_Static_assert(THREADING_STATUS_COUNT <= 32, "a status is a bit of a word");

static uintptr_t ti_misuse_teller_now; /* a ti_misuse_teller, or 0 */

void ti_misuse_tell_to(ti_misuse_teller *teller)
{
    /* Release: pairs with the acquire below, for what the teller uses. */
    ti_store_pointer_release(&ti_misuse_teller_now, (uintptr_t)teller);
}

static bool ti_status_is_misuse(threading_status_t status)
{
    return (TI_MISUSES >> status & 1) != 0;
}

TI_COLD static void ti_misuse_tell(const char *call, const void *object, threading_status_t status)
{
    ti_misuse_teller *teller = (ti_misuse_teller *)ti_load_pointer_acquire(&ti_misuse_teller_now);
    if (teller != NULL)
        teller(call, object, status);
}

TI_COLD TI_NOINLINE threading_status_t ti_misuse(const char *call, const void *object,
                                                 threading_status_t status)
{
    if (ti_status_is_misuse(status))
        ti_misuse_tell(call, object, status);
    return status;
}

/* The acquire has told already of what was a misuse of it. */
TI_COLD void threading_skipped(const char *with, const void *object, threading_status_t status)
{
    if (!ti_status_is_misuse(status))
        ti_misuse_tell(with, object, status);
}

#else

void threading_skipped(const char *with, const void *object, threading_status_t status)
{
    (void)with;
    (void)object;
    (void)status;
}

#endif
