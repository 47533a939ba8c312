/* SPDX-License-Identifier: MIT */
/* The entry that libFuzzer calls: it looks for bytes that reach code which none has reached before. */
#include "scenarios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scenario_from_bytes(data, size, 0);
    return 0;
}
