/* SPDX-License-Identifier: MIT */
/*
 * Each public call of the table is a point of the schedule, and a line of the table of steps; then comes the
 * core's own.
 */
#include "sim_calls.h"

#include <stdio.h>

#include "sim.h"
#include "sim_system.h"

typedef struct ti_sim_call {
    ti_sim_thread *self;
    const char *outer;
    const void *outer_object;
} ti_sim_call;

static ti_sim_call ti_sim_call_begin(const char *name, const void *object)
{
    TI_SIM_WITHIN;
    ti_sim_thread *self = ti_sim_self();
    ti_sim_call call = {self, NULL, NULL};
    if (self == NULL)
        return call;
    call.outer = self->call;
    call.outer_object = self->object;
    self->call = name;
    self->object = object;
    self->told = TI_SIM_STACK();
    ti_sim_point(self);
    ti_sim_record(name, object, NULL);
    return call;
}

static void ti_sim_call_end(ti_sim_call call)
{
    TI_SIM_WITHIN;
    if (call.self == NULL)
        return;
    call.self->call = call.outer;
    call.self->object = call.outer_object;
}

/* What a call tells is a line of its own unless it is what everybody expects. */
static threading_status_t ti_sim_call_end_with(ti_sim_call call, threading_status_t status)
{
    TI_SIM_WITHIN;
    if (call.self != NULL && status != THREADING_OK)
        ti_sim_record(call.self->call, call.self->object, threading_status_name(status));
    ti_sim_call_end(call);
    return status;
}

static bool ti_sim_call_answer(ti_sim_call call, bool answer)
{
    TI_SIM_WITHIN;
    if (call.self != NULL)
        ti_sim_record(call.self->call, call.self->object, answer ? "true" : "false");
    ti_sim_call_end(call);
    return answer;
}

#define TI_STATUS(name, parameters, arguments, object)               \
    threading_status_t threading_##name parameters                   \
    {                                                                \
        ti_sim_call call = ti_sim_call_begin(#name, object);         \
        return ti_sim_call_end_with(call, ti_core_##name arguments); \
    }
#define TI_ANSWER(name, parameters, arguments, object)             \
    bool threading_##name parameters                               \
    {                                                              \
        ti_sim_call call = ti_sim_call_begin(#name, object);       \
        return ti_sim_call_answer(call, ti_core_##name arguments); \
    }
#define TI_CALL(type, name, parameters, arguments, object)   \
    type threading_##name parameters                         \
    {                                                        \
        ti_sim_call call = ti_sim_call_begin(#name, object); \
        type value = ti_core_##name arguments;               \
        ti_sim_call_end(call);                               \
        return value;                                        \
    }
#define TI_AMOUNT(name, parameters, arguments, object) TI_CALL(size_t, name, parameters, arguments, object)
#define TI_MOMENT(name, parameters, arguments, object) TI_CALL(double, name, parameters, arguments, object)
#define TI_ACTION(name, parameters, arguments, object)       \
    void threading_##name parameters                         \
    {                                                        \
        ti_sim_call call = ti_sim_call_begin(#name, object); \
        ti_core_##name arguments;                            \
        ti_sim_call_end(call);                               \
    }

TI_SIM_CALLS(TI_STATUS, TI_ANSWER, TI_AMOUNT, TI_MOMENT, TI_ACTION)

/* ---- the others ---- */

const char *threading_thread_name(const threading_thread_t *thread)
{
    return ti_core_thread_name(thread);
}

bool threading_thread_daemon(const threading_thread_t *thread)
{
    return ti_core_thread_daemon(thread);
}

threading_status_t threading_object_set_name(const void *object, const char *name)
{
    TI_SIM_WITHIN;
    if (object == NULL)
        return THREADING_INVALID;
    (void)ti_core_object_set_name; /* which keeps no names in this build */
    ti_sim_name_object(object, name);
    return THREADING_OK;
}

/* As the core's own. In the table it is a start, of a thread whose name is told. */
threading_status_t threading_thread_spawn(threading_target_t target, void *arg,
                                          const threading_thread_options_t *options,
                                          threading_thread_t **thread)
{
    threading_thread_t *spawned = threading_thread_new(target, arg, options);
    if (spawned == NULL)
        return THREADING_NO_MEMORY;
    threading_status_t status = threading_thread_start(spawned);
    if (status == THREADING_OK && thread != NULL)
        *thread = spawned;
    else
        threading_thread_free(spawned);
    return status;
}

/* In a run it is a check of the program's own, so that the order is told that leads to it. */
void threading_must_fail(const char *call, const char *file, int line, threading_status_t status)
{
    char text[sizeof ti_sim.message];
    (void)snprintf(text, sizeof text, "%s: %s", call, threading_status_name(status));
    threading_sim_check_at(false, text, file, line);
    ti_core_must_fail(call, file, line, status);
}
