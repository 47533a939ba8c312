/* SPDX-License-Identifier: MIT */
#include "faults.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "atomic.h"
#include "port.h"

/*
 *   n      0: none is to fail
 *   seed   0: the n-th; else one in n
 *   count  how many there were
 */
static struct {
    uint32_t n;
    uint32_t seed;
    uint32_t count;
} ti_faults[TI_FAULT_KINDS];

TI_COLD void ti_faults_ask(ti_fault fault, uint32_t n, uint32_t seed)
{
    ti_faults[fault].seed = seed;
    ti_store_release(&ti_faults[fault].n, n);
}

/* A number that looks like chance, made of the seed and which one it is: the same again for the same seed.
 * (The finaliser of MurmurHash3, Appleby, in the public domain.) */
TI_COLD static uint32_t ti_fault_mix(uint32_t number)
{
    number = (number ^ number >> 16) * UINT32_C(0x85EBCA6B);
    number = (number ^ number >> 13) * UINT32_C(0xC2B2AE35);
    return number ^ number >> 16;
}

TI_COLD static void ti_fault_tell(ti_fault fault)
{
    static const char memory[] = "threading: an allocation fails, as was asked for\n";
    static const char thread[] = "threading: the start of a thread fails, as was asked for\n";
    if (fault == TI_FAULT_MEMORY)
        ti_port_complain(memory, sizeof memory - 1);
    else
        ti_port_complain(thread, sizeof thread - 1);
}

static bool ti_fault_comes(ti_fault fault, uint32_t n)
{
    uint32_t count = ti_add_relaxed(&ti_faults[fault].count, 1) + 1; /* relaxed: only the number matters */
    uint32_t seed = ti_faults[fault].seed;
    bool is_due = seed == 0 ? count == n : ti_fault_mix(seed + count) % n == 0;
    if (is_due)
        ti_fault_tell(fault);
    return is_due;
}

bool ti_fault_is_due(ti_fault fault)
{
    uint32_t n = ti_load_acquire(&ti_faults[fault].n);
    return n != 0 && ti_fault_comes(fault, n);
}

#endif
