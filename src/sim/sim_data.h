/* SPDX-License-Identifier: MIT */
/* Plain data: how src/sim_tsan tells of what compiled code reads and writes. */
#ifndef TI_SIM_DATA_H
#define TI_SIM_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "sim.h"

typedef struct ti_sim_access {
    const void *address;
    size_t size;
    const char *what; /* in the table: "read" */
    const void *code; /* where it is done, or NULL */
    bool is_write;
    bool is_atomic;
    bool is_users;        /* the program's text asks for it: always in the table */
    bool is_on_own_stack; /* no point if nobody else can know the address */
} ti_sim_access;

/* The thread is about to do it. */
void ti_sim_data_access(ti_sim_thread *self, const ti_sim_access *access);

/* The memory is about to be given back, or has been taken: what was there before is of no concern. */
void ti_sim_data_freed(const ti_sim_thread *self, const void *address, size_t size, const void *code);
void ti_sim_data_new(const void *address, size_t size);

/* Whether more than one thread has touched any of it. */
bool ti_sim_data_is_shared(const void *address, size_t size);

/* How an address is told, if anybody knows: false if it has no words for it. */
extern bool (*ti_sim_tell_data)(const void *address, char *text, size_t size);
extern bool (*ti_sim_tell_code)(const void *code, char *text, size_t size);

#endif
