/* SPDX-License-Identifier: MIT */
/* What a block of C has that is no whole program. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "threading.h"
