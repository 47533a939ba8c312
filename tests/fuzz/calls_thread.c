/* SPDX-License-Identifier: MIT */
/*
 * Thread and Timer: sections 6 and 18 of the header.
 *
 * A thread waits at its gate, so that it is known to run; a timer waits for its time. What lets them end
 * waits for the end as well, so that no answer depends on how fast they are.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"

enum { HANDLES = 6, REFERENCES = 3, NAME = 80, STACK = 1 << 20 };

typedef enum life { NONE, NEW, RUNNING, ENDED } life_t;

typedef struct model {
    threading_thread_t *handle;
    life_t life;
    unsigned references;
    threading_status_t refusal; /* what a start answers */
    bool is_daemon, is_joined;
    bool is_timer, is_cancelled, is_quick; /* a timer; its time is over at once */
    size_t stack;
    char name[NAME];
    const char *told; /* as threading_thread_name() has given it before it was renamed to `name` */
    char told_text[NAME];
    uint32_t ident;
    threading_event_t gate;
    bool leaves; /* by threading_exit() */
    atomic_uint fired;
} model_t;

static model_t models[HANDLES];
static unsigned running;

unsigned threads_running(void)
{
    return running;
}

/* ------------------------------------------------------------------------------------ targets */

static void *wait_at_gate(void *arg)
{
    model_t *model = arg;
    MUST(threading_event_wait(&model->gate) == THREADING_OK);
    if (model->leaves)
        threading_exit(model);
    return model;
}

static void fire(void *arg)
{
    model_t *model = arg;
    atomic_fetch_add(&model->fired, 1);
}

/* ------------------------------------------------------------------------------------- making */

static bool is_c11(void)
{
    return strcmp(threading_backend(), "c11") == 0;
}

/* A foreign thread's threads are daemons, the others of the cast are none. */
static bool daemon_of(int option)
{
    return option == THREADING_DAEMON || (option == THREADING_INHERIT && is_foreign());
}

static void make_wrong(threading_thread_options_t *options, model_t *model)
{
    model->refusal = THREADING_INVALID;
    switch (below(5)) {
    case 0:
        options->stack_size = 1 + below(32767);
        break;
    case 1:
        options->daemon = chance(2) ? 2 : -2;
        break;
    case 2:
        options->priority = chance(2) ? 3 : -3;
        break;
    case 3:
        options->reserved[below(2)] = 1;
        break;
    default:
        options->stack_size = STACK;
        if (!is_c11())
            model->refusal = THREADING_OK;
        else
            model->refusal = THREADING_UNSUPPORTED;
        break;
    }
    model->stack = options->stack_size;
}

static void make_thread(model_t *model)
{
    static const int daemons[] = {THREADING_INHERIT, THREADING_DAEMON, THREADING_NOT_DAEMON};
    threading_thread_options_t options = {.daemon = daemons[below(3)]};
    if (chance(2)) {
        options.name = chance(3) ? "" : "a thread of the fuzzer's";
        strcpy(model->name, options.name);
    }
    model->is_daemon = daemon_of(options.daemon);
    if (chance(4))
        make_wrong(&options, model);
    model->leaves = chance(4);
    if (chance(8)) {
        model->is_daemon = daemon_of(THREADING_INHERIT);
        model->refusal = THREADING_OK;
        model->stack = 0;
        model->name[0] = '\0';
        QUIET(model->handle = threading_thread_new(wait_at_gate, model, NULL));
    } else
        QUIET(model->handle = threading_thread_new(wait_at_gate, model, &options));
}

static void make_timer(model_t *model)
{
    limit_t limit = any_limit();
    model->is_timer = true;
    model->is_quick = limit.span == SPAN_ZERO || limit.span == SPAN_SHORT;
    model->refusal = limit_refused(limit);
    model->is_daemon = daemon_of(THREADING_INHERIT);
    QUIET(model->handle = threading_timer_new(limit.seconds, fire, model));
}

static void make(model_t *model)
{
    memset(model, 0, sizeof *model);
    if (chance(3))
        make_timer(model);
    else
        make_thread(model);
    MUST(model->handle != NULL);
    model->life = NEW;
    model->references = 1;
}

/* ------------------------------------------------------------------------------------ the end */

static void has_ended(model_t *model)
{
    model->life = ENDED;
    running--;
    if (model->is_timer)
        MUST(atomic_load(&model->fired) == (model->is_quick && !model->is_cancelled));
}

/* The thread is about to end: wait for that, by a join or by looking. */
static void await_end(model_t *model)
{
    if (!is_told_to_stop() && chance(2)) {
        STATUS(THREADING_OK, model->handle, threading_thread_join, (model->handle));
        model->is_joined = true;
    } else
        while (threading_thread_is_alive(model->handle))
            (void)threading_sleep(0);
    has_ended(model);
}

static void let_end(model_t *model)
{
    if (model->life != RUNNING)
        return;
    if (model->is_timer) {
        STATUS(THREADING_OK, model->handle, threading_timer_cancel, (model->handle));
        model->is_cancelled = true;
    } else
        STATUS(THREADING_OK, &model->gate, threading_event_set, (&model->gate));
    await_end(model);
}

static void start(model_t *model)
{
    bool is_first = model->life == NEW;
    threading_status_t want = is_first ? model->refusal : THREADING_ALREADY_STARTED;
    STATUS(want, model->handle, threading_thread_start, (model->handle));
    if (want != THREADING_OK)
        return;
    model->life = RUNNING;
    running++;
    model->ident = threading_thread_ident(model->handle);
    MUST(model->ident != 0);
    if (model->is_timer && (model->is_quick || model->is_cancelled))
        await_end(model);
}

static void cancel(model_t *model)
{
    STATUS(model->is_timer ? THREADING_OK : THREADING_INVALID, model->handle, threading_timer_cancel,
           (model->handle));
    if (!model->is_timer)
        return;
    model->is_cancelled = model->is_cancelled || model->life == NEW || model->life == RUNNING;
    if (model->life == RUNNING)
        await_end(model);
}

/* -------------------------------------------------------------------------------------- joins */

static bool join_answer(const model_t *model, limit_t limit, threading_status_t *want)
{
    *want = limit_refused(limit);
    if (*want != THREADING_OK || model->life == ENDED)
        return true;
    *want = THREADING_NOT_STARTED;
    return model->life == NEW || gives_up(limit, want);
}

static void join_call(threading_thread_t *thread, limit_t limit, threading_status_t want)
{
    if (limit.span == SPAN_TRY)
        STATUS(want, thread, threading_thread_try_join, (thread));
    else if (limit.span == SPAN_FOREVER && chance(2))
        STATUS(want, thread, threading_thread_join, (thread));
    else
        STATUS(want, thread, threading_thread_join_timeout, (thread, limit.seconds));
}

static void join(model_t *model)
{
    limit_t limit = chance(3) ? TRY : any_limit();
    threading_status_t want;
    if (!join_answer(model, limit, &want))
        return;
    join_call(model->handle, limit, want);
    model->is_joined = model->is_joined || want == THREADING_OK;
}

static void result(model_t *model)
{
    static const threading_status_t answers[] = {THREADING_INVALID, THREADING_NOT_STARTED, THREADING_BUSY,
                                                 THREADING_OK};
    void *value = &value;
    STATUS(answers[model->life], model->handle, threading_thread_result, (model->handle, &value));
    if (model->life == ENDED)
        MUST(value == (model->is_timer ? NULL : (void *)model));
    else
        MUST(value == &value);
}

/* --------------------------------------------------------------------------------------- looks */

static void look(const model_t *model)
{
    NUMBER(model->life == RUNNING, threading_thread_is_alive, (model->handle));
    if (model->refusal != THREADING_INVALID) /* a wrong `daemon`, maybe */
        NUMBER(model->is_daemon, threading_thread_daemon, (model->handle));
    NUMBER(model->ident, threading_thread_ident, (model->handle));
    if (model->life == NEW) {
        NUMBER(0, threading_thread_native_id, (model->handle));
        NUMBER(0, threading_thread_native_handle, (model->handle));
        NUMBER(model->stack, threading_thread_stack_size, (model->handle));
    } else {
        MUST(is_c11() || threading_thread_stack_size(model->handle) >= model->stack);
        MUST(!model->is_joined || threading_thread_native_handle(model->handle) == 0);
    }
}

static void set_daemon(model_t *model)
{
    bool daemon = chance(2);
    threading_status_t want = model->life == NEW ? THREADING_OK : THREADING_ALREADY_STARTED;
    if (model->refusal == THREADING_INVALID) /* maybe by a wrong `daemon`, which this puts right */
        return;
    STATUS(want, model->handle, threading_thread_set_daemon, (model->handle, daemon));
    if (want == THREADING_OK)
        model->is_daemon = daemon;
}

static void rename_it(model_t *model)
{
    static const char *const names[] = {"x", "fifteen-letters", "sixteen--letters",
                                        "a-name-that-is-longer-than-what-any-system-can-hold-of-it"};
    STATUS(THREADING_INVALID, model->handle, threading_thread_set_name, (model->handle, NULL));
    STATUS(THREADING_INVALID, model->handle, threading_thread_set_name, (model->handle, ""));
    strcpy(model->name, names[below(4)]);
    STATUS(THREADING_OK, model->handle, threading_thread_set_name, (model->handle, model->name));
}

/* Text that was given before stays as it was. */
static void look_at_name(model_t *model)
{
    const char *name = threading_thread_name(model->handle);
    MUST(name != NULL);
    MUST(model->name[0] == '\0' ? strncmp(name, "Thread-", 7) == 0 : strcmp(name, model->name) == 0);
    if (model->told == NULL) {
        model->told = name;
        snprintf(model->told_text, NAME, "%s", name);
    }
    MUST(strcmp(model->told, model->told_text) == 0);
}

/* --------------------------------------------------------------------------------- references */

static void retain(model_t *model)
{
    if (model->references == REFERENCES)
        return;
    POINTER(model->handle, threading_thread_retain, (model->handle));
    model->references++;
}

static void give_back(model_t *model)
{
    if (model->references == 1)
        let_end(model);
    QUIET(threading_thread_free(model->handle));
    if (--model->references == 0) {
        model->handle = NULL;
        model->life = NONE;
    }
}

/* -------------------------------------------------------------------------------------- others */

static void nulls(void)
{
    about("no thread", 0);
    POINTER(NULL, threading_thread_retain, (NULL));
    QUIET(threading_thread_free(NULL));
    STATUS(THREADING_INVALID, NULL, threading_thread_start, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_thread_join, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_thread_join_timeout, (NULL, any_limit().seconds));
    STATUS(THREADING_INVALID, NULL, threading_thread_try_join, (NULL));
    STATUS(THREADING_INVALID, NULL, threading_thread_result, (NULL, NULL));
    STATUS(THREADING_INVALID, NULL, threading_thread_set_name, (NULL, "x"));
    STATUS(THREADING_INVALID, NULL, threading_thread_set_daemon, (NULL, true));
    STATUS(THREADING_INVALID, NULL, threading_timer_cancel, (NULL));
    NUMBER(false, threading_thread_is_alive, (NULL));
    POINTER(NULL, threading_thread_name, (NULL));
    NUMBER(false, threading_thread_daemon, (NULL));
    NUMBER(0, threading_thread_ident, (NULL));
    NUMBER(0, threading_thread_native_id, (NULL));
    NUMBER(0, threading_thread_native_handle, (NULL));
    NUMBER(0, threading_thread_stack_size, (NULL));
}

/* An actor's own object, or main's: each runs. */
static void meddle_with_actor(void)
{
    int i = (int)below((uint32_t)actors());
    threading_thread_t *thread = handle_of(i);
    limit_t limit = chance(3) ? TRY : any_limit();
    threading_status_t want = limit_refused(limit);
    about("actor", i);
    if (thread == NULL)
        return;
    STATUS(THREADING_ALREADY_STARTED, thread, threading_thread_start, (thread));
    STATUS(THREADING_ALREADY_STARTED, thread, threading_thread_set_daemon, (thread, chance(2)));
    STATUS(i == 0 ? THREADING_INVALID : THREADING_BUSY, thread, threading_thread_result, (thread, NULL));
    STATUS(THREADING_INVALID, thread, threading_timer_cancel, (thread));
    NUMBER(true, threading_thread_is_alive, (thread));
    if (want == THREADING_OK && i == acting())
        want = THREADING_DEADLOCK;
    else if (want == THREADING_OK && !gives_up(limit, &want))
        return;
    join_call(thread, limit, want);
}

/* Main has its object too: it is a Dummy that is looked at here. */
static void meddle_with_dummy(void)
{
    if (!is_foreign())
        return;
    threading_thread_t *thread = threading_current_thread();
    limit_t limit = chance(3) ? TRY : any_limit();
    threading_status_t want = limit_refused(limit);
    dummy_is_known();
    about("dummy", 0);
    MUST(strncmp(threading_thread_name(thread), "Dummy-", 6) == 0);
    STATUS(THREADING_ALREADY_STARTED, thread, threading_thread_start, (thread));
    STATUS(THREADING_ALREADY_STARTED, thread, threading_thread_set_daemon, (thread, chance(2)));
    STATUS(THREADING_INVALID, thread, threading_thread_result, (thread, NULL));
    NUMBER(true, threading_thread_daemon, (thread));
    join_call(thread, limit, want == THREADING_OK ? THREADING_INVALID : want);
}

static void *wave(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
    return NULL;
}

static void start_loose_thread(void)
{
    static atomic_uint waves;
    uint32_t ident = 0;
    unsigned expected = atomic_load(&waves) + 1;
    about("loose thread", 0);
    STATUS(THREADING_OK, NULL, threading_start_new_thread, (wave, &waves, chance(2) ? &ident : NULL));
    while (atomic_load(&waves) != expected || threading_active_count() != actors_listed() + running)
        (void)threading_sleep(0);
}

static void one_call(model_t *model)
{
    switch (below(12)) {
    case 0:
    case 1:
        start(model);
        break;
    case 2:
    case 3:
        join(model);
        break;
    case 4:
        result(model);
        break;
    case 5:
        set_daemon(model);
        break;
    case 6:
        rename_it(model);
        break;
    case 7:
        look_at_name(model);
        break;
    case 8:
        let_end(model);
        break;
    case 9:
        if (chance(2))
            retain(model);
        else
            give_back(model);
        break;
    case 10:
        cancel(model);
        break;
    default:
        look(model);
        break;
    }
}

static void step(void)
{
    int i = (int)below(HANDLES);
    about("thread", i);
    if (chance(30))
        nulls();
    else if (chance(10))
        meddle_with_actor();
    else if (chance(10))
        meddle_with_dummy();
    else if (chance(60))
        start_loose_thread();
    else if (models[i].life == NONE)
        make(&models[i]);
    else
        one_call(&models[i]);
}

static void end(void)
{
    for (int i = 0; i < HANDLES; i++)
        while (models[i].life != NONE)
            give_back(&models[i]);
}

bool thread_source(threading_source_t *source, bool *is_ready)
{
    const model_t *model = &models[below(HANDLES)];
    *source = (threading_source_t)THREADING_SOURCE_THREAD(model->handle);
    *is_ready = model->life == ENDED;
    return model->handle != NULL;
}

const family_t thread_family = {"thread", 20, true, step, NULL, end};
