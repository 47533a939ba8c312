/* SPDX-License-Identifier: MIT */
/*
 * Scenarios from random bytes, for compilers without libFuzzer; or from those in files, such as libFuzzer
 * leaves behind.
 *
 *     fuzz-scenarios SEED COUNT
 *     fuzz-scenarios FILE...
 *
 * The environment's THREADING_FUZZ_SEED comes before SEED. Each scenario has a seed of its own, the next
 * number, by which it is played alone: `fuzz-scenarios SEED 1`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scenarios.h"

enum { BYTES = 400, TOLD = 100 };

/* splitmix64: small, and the same on every machine. */
static uint64_t random_bits(uint64_t *random)
{
    uint64_t bits = *random += 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

static uint64_t seed_of(const char *argument)
{
    const char *seed = getenv("THREADING_FUZZ_SEED");
    if (seed == NULL)
        seed = argument;
    return strcmp(seed, "time") == 0 ? (uint64_t)time(NULL) : strtoull(seed, NULL, 10);
}

/* Each follows from a seed of its own, so that it can be played alone. */
static void play_random(uint64_t seed)
{
    uint8_t bytes[BYTES];
    uint64_t random = seed;
    size_t size = 20 + random_bits(&random) % (BYTES - 20);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(random_bits(&random) >> 56);
    scenario_from_bytes(bytes, size, (uint32_t)seed);
}

static int play_file(const char *path)
{
    static uint8_t bytes[65536];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "fuzz-scenarios: cannot read %s\n", path);
        return 2;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    scenario_from_bytes(bytes, size, 0);
    return 0;
}

int main(int count, char **arguments)
{
    int failed = 0;
    if (count == 3 && arguments[1][strspn(arguments[1], "0123456789")] == '\0') {
        uint64_t first = seed_of(arguments[1]), end = first + strtoull(arguments[2], NULL, 10);
        for (uint64_t seed = first; seed < end; seed++) {
            if ((seed - first) % TOLD == 0)
                fprintf(stderr, "from seed %llu on\n", (unsigned long long)seed);
            play_random(seed);
        }
        fputs("the model and the library agree\n", stderr);
        return 0;
    }
    for (int i = 1; i < count; i++)
        failed |= play_file(arguments[i]);
    return failed;
}
