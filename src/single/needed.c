/* SPDX-License-Identifier: MIT */
/*
 * What files ask for that include the one file without THREADING_IMPLEMENTATION: needed.h. If two files
 * define that, the linker finds this name twice, which says what is wrong as well.
 */
#include "threading.h"

/* A file that has included the header before, without the macro, has declared the name for the wake. */
#if defined(THREADING_NEEDED)
void threading_word_wake(const uint32_t *word);
#else
void threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file(const uint32_t *word);
#endif

void threading_define_THREADING_IMPLEMENTATION_in_exactly_one_c_file(const uint32_t *word)
{
    if (word != NULL)
        threading_word_wake(word);
}
