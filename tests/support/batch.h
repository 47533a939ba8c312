/* SPDX-License-Identifier: MIT */
/* Many cases by one process, each in a child of its own. */
#ifndef BATCH_H
#define BATCH_H

/* Usage: program --batch NUMBER SECONDS NAME, of which `arguments` are the last three. The process runs each
 * case of that batch, with a limit of so many seconds, and NAME is printed before the name of the case.
 *
 * Returns in each child, and gives the case that this child is. The parent does not return. */
const struct test_case *batch_case(char **arguments);

#endif
