/* SPDX-License-Identifier: MIT */
/*
 * The feature macros of this backend, before any header of the system. They make names known and change
 * the meaning of none, as _GNU_SOURCE would: as one file, the library is compiled together with code of
 * its user.
 */
#ifndef TI_POSIX_FEATURES_H
#define TI_POSIX_FEATURES_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1 /* Linux: POSIX and syscall, in strict C too */
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1 /* macOS: pthread_setname_np, pthread_cond_timedwait_relative_np */
#endif

#endif
