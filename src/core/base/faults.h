/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand: an allocation or a thread's start that fails because the user asks for it, so that he can
 * test what his program does then.
 */
#ifndef TI_FAULTS_H
#define TI_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* What can fail. */
typedef enum ti_fault { TI_FAULT_MEMORY, TI_FAULT_THREAD, TI_FAULT_KINDS } ti_fault;

#if !defined(THREADING_NO_DIAGNOSIS)

/* Have the n-th fail; or, with a seed, one in n by chance. Before other threads run. */
void ti_faults_ask(ti_fault fault, uint32_t n, uint32_t seed);

/* Whether this one is to fail. */
bool ti_fault_is_due(ti_fault fault);

#else
#define ti_fault_is_due(fault) false
#endif

#endif
