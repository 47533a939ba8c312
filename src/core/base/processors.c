/* SPDX-License-Identifier: MIT */
#include "processors.h"

#include "atomic.h"
#include "port.h"

#define TI_PROCESSORS_TEXT 32 /* bytes of the variable, where it has to be copied */

enum { TI_PROCESSORS_UNREAD, TI_PROCESSORS_UNTOLD };

/* One of these; or the variable's number and TI_PROCESSORS_UNTOLD. */
static uint32_t ti_processors_told;

uint32_t ti_processors_number(const char *text)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= INT32_MAX; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return *text == '\0' && number <= INT32_MAX ? (uint32_t)number : 0;
}

TI_COLD static uint32_t ti_processors_read(void)
{
    char room[TI_PROCESSORS_TEXT];
    const char *text = ti_port_environment("THREADING_CPU_COUNT", room, sizeof room);
    return text != NULL ? ti_processors_number(text) : 0;
}

/* Threads that read it at once find the same. */
void ti_processors_decide(void)
{
    /* Relaxed: a number by itself. */
    if (ti_load_relaxed(&ti_processors_told) == TI_PROCESSORS_UNREAD)
        ti_store_relaxed(&ti_processors_told, TI_PROCESSORS_UNTOLD + ti_processors_read());
}

/* 0: the environment says nothing. */
static size_t ti_processors_of_environment(void)
{
    ti_processors_decide();
    /* Relaxed: as above. */
    return ti_load_relaxed(&ti_processors_told) - TI_PROCESSORS_UNTOLD;
}

size_t ti_processors_count(void)
{
    size_t told = ti_processors_of_environment();
    return told != 0 ? told : ti_port_cpu_count();
}

size_t ti_processors_available(void)
{
    size_t told = ti_processors_of_environment();
    return told != 0 ? told : ti_port_available_cpus();
}
