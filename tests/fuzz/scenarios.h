/* SPDX-License-Identifier: MIT */
/* What libFuzzer and the driver of our own call. */
#ifndef FUZZ_SCENARIOS_H
#define FUZZ_SCENARIOS_H

#include <stddef.h>
#include <stdint.h>

/* Aborts if the library does not play it as the model does. The seed is only printed then. */
void scenario_from_bytes(const uint8_t *data, size_t size, uint32_t seed);

#endif
