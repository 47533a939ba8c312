/* SPDX-License-Identifier: MIT */
/* The backend of the core in a build for sim, where it is not the native one. port.h says what each does. */
#ifndef TI_SIM_PORT_H
#define TI_SIM_PORT_H

#include "port.h"

threading_status_t ti_sim_port_thread_start(ti_port_thread *thread, void (*entry)(void *argument),
                                            void *argument, size_t stack_size);
void ti_sim_port_thread_join(ti_port_thread *thread);
bool ti_sim_port_thread_try_join(ti_port_thread *thread);
void ti_sim_port_thread_detach(ti_port_thread *thread);
THREADING_NORETURN void ti_sim_port_thread_exit(void);
uintptr_t ti_sim_port_thread_handle(const ti_port_thread *thread);
size_t ti_sim_port_thread_stack_size(const ti_port_thread *thread);
bool ti_sim_port_set_priority(int priority);
int ti_sim_port_get_priority(void);
void ti_sim_port_set_name(const char *name, size_t length);
void ti_sim_port_park(ti_parker *parker, int64_t deadline);
void ti_sim_port_unpark(ti_parker *parker);
int64_t ti_sim_port_now(void);
void ti_sim_port_sleep(int64_t deadline);
void ti_sim_port_yield(void);
size_t ti_sim_port_cpu_count(void);
size_t ti_sim_port_available_cpus(void);
bool ti_sim_port_set_self(void *self, void (*leave)(void *self));
uint64_t ti_sim_port_life(void);
bool ti_sim_port_fence_start(void);
bool ti_sim_port_fence_all(void);

#endif
