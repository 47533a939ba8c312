/* SPDX-License-Identifier: MIT */
/* The table of a run: a column for each thread, a line for each step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockword.h"
#include "self.h"
#include "sim.h"
#include "sim_data.h"
#include "sim_objects.h"
#include "sim_system.h"

#define TI_SIM_LINES 2000 /* the last ones of a run */
#define TI_SIM_TEXT 72
#define TI_SIM_COLUMN 28

typedef struct ti_line {
    uint8_t thread;
    bool is_preemption;  /* the thread before it could have gone on */
    const void *address; /* of data that compiled code touches, whether or not it is shared; or NULL */
    size_t size;
    char text[TI_SIM_TEXT];
} ti_line;

static ti_line ti_lines[TI_SIM_LINES];
static uint64_t ti_lines_count;

/* Data that is written after its line was: what it holds then is known at the next line. */
static struct {
    ti_line *line;
    const void *address;
    size_t size;
} ti_written;

/* ---- a line ---- */

/* As a number, of what has an integer's size. */
static void ti_value_add(char *text, const void *address, size_t size)
{
    size_t length = strlen(text);
    int64_t value = 0;
    int8_t byte;
    int16_t two;
    int32_t four;
    if (size == sizeof byte)
        value = *(const int8_t *)memcpy(&byte, address, size);
    else if (size == sizeof two)
        value = *(const int16_t *)memcpy(&two, address, size);
    else if (size == sizeof four)
        value = *(const int32_t *)memcpy(&four, address, size);
    else if (size == sizeof value)
        memcpy(&value, address, size);
    else
        return;
    (void)snprintf(text + length, TI_SIM_TEXT - length, " = %lld", (long long)value);
}

void ti_sim_record_settle(void)
{
    if (ti_written.line != NULL)
        ti_value_add(ti_written.line->text, ti_written.address, ti_written.size);
    ti_written.line = NULL;
}

static ti_line *ti_line_new(void)
{
    ti_sim_record_settle();
    ti_line *line = &ti_lines[ti_lines_count++ % TI_SIM_LINES];
    line->thread = (uint8_t)ti_sim.running->index;
    line->is_preemption = ti_sim.was_preempted;
    line->address = NULL;
    ti_sim.was_preempted = false;
    return line;
}

/* "lock acquire savings"; an object without a name by the number that it has in this run. */
static void ti_call_in_words(char *text, size_t size, const char *what, const void *object)
{
    size_t length = 0;
    for (; what != NULL && what[length] != '\0' && length + 1 < size; length++)
        text[length] = what[length] == '_' ? ' ' : what[length];
    text[length] = '\0';
    if (object == NULL)
        return;
    const char *name = ti_sim_object_name(object);
    if (name == NULL && strncmp(what, "thread_", 7) == 0)
        name = ti_sim_thread_name((const threading_thread_t *)object);
    if (name != NULL)
        (void)snprintf(text + length, size - length, " %s", name);
    else
        (void)snprintf(text + length, size - length, " #%u", (unsigned)ti_sim_number(object));
}

void ti_sim_record(const char *what, const void *object, const char *after)
{
    if (!ti_sim.is_recorded || ti_sim.is_given_up)
        return;
    ti_line *line = ti_line_new();
    ti_call_in_words(line->text, TI_SIM_TEXT, what, object);
    size_t length = strlen(line->text);
    if (after != NULL)
        (void)snprintf(line->text + length, TI_SIM_TEXT - length, ": %s", after);
}

void ti_sim_record_time(const ti_sim_thread *thread, double seconds)
{
    if (!ti_sim.is_recorded || ti_sim.is_given_up)
        return;
    ti_line *line = ti_line_new();
    line->thread = (uint8_t)thread->index;
    (void)snprintf(line->text, TI_SIM_TEXT, "its time is up, at %.9g s", seconds);
}

void ti_sim_record_access(const ti_sim_access *access)
{
    char data[40];
    if (!ti_sim.is_recorded || ti_sim.is_given_up)
        return;
    ti_line *line = ti_line_new();
    if (ti_sim_object_name(access->address) == NULL && ti_sim_tell_data != NULL &&
        ti_sim_tell_data(access->address, data, sizeof data))
        (void)snprintf(line->text, TI_SIM_TEXT, "%s %s", access->what, data);
    else
        ti_call_in_words(line->text, TI_SIM_TEXT, access->what, access->address);
    if (!access->is_users) {
        line->address = access->address;
        line->size = access->size;
    }
    if (!access->is_write)
        ti_value_add(line->text, access->address, access->size);
    else {
        ti_written.line = line;
        ti_written.address = access->address;
        ti_written.size = access->size;
    }
}

void threading_sim_note(const char *text)
{
    TI_SIM_WITHIN;
    if (ti_sim_self() != NULL && text != NULL)
        ti_sim_record(text, NULL, NULL);
}

/* ---- what a thread waits for ---- */

/* By the ident in a Lock's word. */
static const ti_sim_thread *ti_holder_of(uint32_t ident)
{
    for (uint32_t i = 0; i < ti_sim.count; i++)
        if (ti_sim_thread_at(i)->ident == ident)
            return ti_sim_thread_at(i);
    return NULL;
}

/* As the run has left it; its memory may be gone. */
static uint64_t ti_word_value(uintptr_t address)
{
    const ti_sim_object *object = ti_sim_object_find(address);
    return object != NULL ? object->value : 0;
}

/* Whether it sleeps though what it waits for is there, as the object's word says. */
static bool ti_sim_sleeps_in_vain(const ti_sim_thread *thread)
{
    const ti_waiter *waiter = thread->waiter;
    if (thread->state != TI_SIM_ASLEEP || waiter == NULL || waiter->address == 0)
        return false;
    bool is_zero = ti_word_value(waiter->address) == 0;
    bool needs_zero = waiter->kind == TI_LOCKERS;
    return (needs_zero || waiter->kind == TI_TAKERS || waiter->kind == TI_EVENT_WAITERS) &&
           is_zero == needs_zero;
}

static void ti_sim_describe(const ti_sim_thread *thread, char *text, size_t size)
{
    char call[100];
    const ti_waiter *waiter = thread->waiter;
    ti_call_in_words(call, sizeof call, thread->call, thread->object);
    size_t length =
        (size_t)snprintf(text, size, "%s waits%s%s", thread->name, call[0] != '\0' ? " in " : "", call);
    if (length < size && ti_sim_sleeps_in_vain(thread))
        (void)snprintf(text + length, size - length, ", though it need not");
    if (waiter == NULL || waiter->address == 0 || waiter->kind != TI_LOCKERS || length >= size)
        return;
    const ti_sim_thread *holder = ti_holder_of((uint32_t)ti_word_value(waiter->address));
    if (holder != NULL)
        (void)snprintf(text + length, size - length, ", which %s holds", holder->name);
}

/* "t1 waits …; t2 waits …" */
void ti_sim_describe_all(char *text, size_t size)
{
    size_t length = 0;
    for (uint32_t i = 0; i < ti_sim.count && length < size; i++) {
        const ti_sim_thread *thread = ti_sim_thread_at(i);
        if (thread->state == TI_SIM_OVER || (i == 0 && ti_sim_body_has_returned()))
            continue;
        char one[160];
        ti_sim_describe(thread, one, sizeof one);
        length += (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? "; " : "", one);
    }
}

bool ti_sim_one_sleeps_in_vain(void)
{
    uint32_t i = 0;
    while (i < ti_sim.count && !ti_sim_sleeps_in_vain(ti_sim_thread_at(i)))
        i++;
    return i < ti_sim.count;
}

/* ---- the whole ---- */

void ti_sim_table_begin(void)
{
    ti_lines_count = 0;
    ti_written.line = NULL;
}

static void ti_write_text(threading_write_t write, void *context, char *line)
{
    size_t length = strlen(line);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ') /* of a name or a note: the table has a line for each step */
            line[i] = ' ';
    while (length > 0 && line[length - 1] == ' ')
        length--;
    line[length++] = '\n';
    write(context, line, length);
}

static void ti_write_heading(threading_write_t write, void *context)
{
    char line[16 + TI_SIM_THREADS * TI_SIM_COLUMN + 2] = "step  ";
    for (uint32_t i = 0; i < ti_sim.count; i++) {
        size_t length = strlen(line);
        (void)snprintf(line + length, sizeof line - length, "%-*.*s", TI_SIM_COLUMN, TI_SIM_COLUMN - 1,
                       ti_sim_thread_at(i)->name);
    }
    ti_write_text(write, context, line);
}

/* Compiled code touches a lot that only one thread knows. */
static bool ti_line_is_dull(const ti_line *line)
{
    return line->address != NULL && !line->is_preemption && ti_sim_object_name(line->address) == NULL &&
           !ti_sim_data_is_shared(line->address, line->size);
}

static void ti_write_line(threading_write_t write, void *context, uint64_t number)
{
    char text[16 + TI_SIM_THREADS * TI_SIM_COLUMN + TI_SIM_TEXT + 2];
    const ti_line *line = &ti_lines[number % TI_SIM_LINES];
    if (ti_line_is_dull(line))
        return;
    (void)snprintf(text, sizeof text, "%4llu%c %*s%s", (unsigned long long)number + 1,
                   line->is_preemption ? '*' : ' ', line->thread * TI_SIM_COLUMN, "", line->text);
    ti_write_text(write, context, text);
}

void ti_sim_table_write(threading_write_t write, void *context, const char *replay)
{
    char line[4200];
    ti_sim_record_settle();
    (void)snprintf(line, sizeof line, "%s: %s", threading_sim_verdict_name(ti_sim.verdict), ti_sim.message);
    ti_write_text(write, context, line);
    ti_write_heading(write, context);
    uint64_t first = ti_lines_count > TI_SIM_LINES ? ti_lines_count - TI_SIM_LINES : 0;
    for (uint64_t i = first; i < ti_lines_count; i++)
        ti_write_line(write, context, i);
    (void)snprintf(line, sizeof line,
                   "* the thread before could have gone on. Again: THREADING_SIM_REPLAY=%s", replay);
    ti_write_text(write, context, line);
}
