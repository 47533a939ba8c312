/* SPDX-License-Identifier: MIT */
/*
 * Main hands out the steps and does its own. Every other thread waits at a gate of its own for its next one;
 * main waits at another gate until that is done, but not for ever.
 */
#include "player.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "threading.h"

/*
 * A gate is a flag. The Lock only makes the waiting quick: what is tested here is not to be relied on, and if
 * a wakeup is lost the flag is still seen soon.
 */
typedef struct gate {
    atomic_bool open;
    threading_lock_t bell;
} gate_t;

typedef struct actor {
    threading_thread_t *handle; /* NULL until its `new` */
    bool started;
    gate_t go, done;
    const step_t *step;
    atomic_bool in_step; /* it has not returned from it */
    char result[TEXT];
    unsigned mine[RLOCKS];
    int returned;
} actor_t;

typedef struct copy {
    int value;
} copy_t;

static void init_local1(void *copy);
static void count_end(void *copy);

static double limit;
static bool lies;
static actor_t actors[THREADS];
static threading_lock_t locks[LOCKS];
static threading_rlock_t rlocks[RLOCKS];
static threading_local_t locals[LOCALS] = {THREADING_LOCAL_INIT(copy_t),
                                           THREADING_LOCAL_INIT_WITH(copy_t, init_local1, count_end)};
static atomic_int finalised;
static unsigned names_before; /* how many automatic names there were before this scenario */

static void init_local1(void *copy)
{
    ((copy_t *)copy)->value = LOCAL1_BEGINS;
}

static void count_end(void *copy)
{
    (void)copy;
    atomic_fetch_add(&finalised, 1);
}

static void gate_open(gate_t *gate)
{
    atomic_store(&gate->open, true);
    threading_lock_release(&gate->bell);
}

/* Passes the gate and closes it; false when it does not open in time. */
static bool gate_pass(gate_t *gate, double seconds)
{
    double begin = threading_monotonic();
    while (!atomic_exchange(&gate->open, false)) {
        if (threading_monotonic() - begin > seconds)
            return false;
        threading_status_t rung = threading_lock_acquire_timeout(&gate->bell, 0.02);
        (void)rung; /* the flag tells */
    }
    return true;
}

/* --------------------------------------------------------------------------------------- one step */

static void tell_status(actor_t *actor, threading_status_t status)
{
    if (lies && status == THREADING_NOT_HELD)
        status = THREADING_OK;
    text_copy(actor->result, threading_status_name(status) + strlen("THREADING_"));
}

static void tell_number(actor_t *actor, long number)
{
    snprintf(actor->result, TEXT, "%ld", number);
}

static double seconds_of(const step_t *step)
{
    return strtod(step->argument, NULL);
}

static long with_lock(threading_lock_t *lock)
{
    long inside = 0;
    THREADING_WITH_LOCK(lock) {
        inside = threading_lock_locked(lock);
    }
    return inside;
}

static long with_rlock(threading_rlock_t *rlock)
{
    long inside = 0;
    THREADING_WITH_RLOCK(rlock) {
        inside = (long)threading_rlock_count(rlock);
    }
    return inside;
}

static void tell_inside(actor_t *actor, long inside)
{
    if (inside == 0)
        text_copy(actor->result, "SKIPPED");
    else
        tell_number(actor, inside);
}

static void do_lock(actor_t *actor, const step_t *step)
{
    threading_lock_t *lock = step->index == NO_OBJECT ? NULL : &locks[step->index];
    switch (step->operation) {
    case OP_acquire:
        tell_status(actor, threading_lock_acquire(lock));
        break;
    case OP_try_acquire:
        tell_status(actor, threading_lock_try_acquire(lock));
        break;
    case OP_acquire_timeout:
        tell_status(actor, threading_lock_acquire_timeout(lock, seconds_of(step)));
        break;
    case OP_release:
        tell_status(actor, threading_lock_release(lock));
        break;
    case OP_locked:
        tell_number(actor, threading_lock_locked(lock));
        break;
    case OP_with:
        tell_inside(actor, with_lock(lock));
        break;
    default:
        tell_status(actor, threading_lock_init(lock));
        break;
    }
}

static void do_rlock(actor_t *actor, const step_t *step)
{
    threading_rlock_t *rlock = step->index == NO_OBJECT ? NULL : &rlocks[step->index];
    switch (step->operation) {
    case OP_acquire:
        tell_status(actor, threading_rlock_acquire(rlock));
        break;
    case OP_try_acquire:
        tell_status(actor, threading_rlock_try_acquire(rlock));
        break;
    case OP_acquire_timeout:
        tell_status(actor, threading_rlock_acquire_timeout(rlock, seconds_of(step)));
        break;
    case OP_release:
        tell_status(actor, threading_rlock_release(rlock));
        break;
    case OP_locked:
        tell_number(actor, threading_rlock_locked(rlock));
        break;
    case OP_is_owned:
        tell_number(actor, threading_rlock_is_owned(rlock));
        break;
    case OP_count:
        tell_number(actor, (long)threading_rlock_count(rlock));
        break;
    case OP_with:
        tell_inside(actor, with_rlock(rlock));
        break;
    default:
        tell_status(actor, threading_rlock_init(rlock));
        break;
    }
}

static void *run(void *arg);

static void new_thread(actor_t *actor, const step_t *step)
{
    threading_thread_options_t options = {.daemon = THREADING_INHERIT};
    if (strcmp(step->argument, "-") != 0)
        options.name = step->argument;
    if (step->operation == OP_new_daemon)
        options.daemon = THREADING_DAEMON;
    if (step->operation == OP_new_not_daemon)
        options.daemon = THREADING_NOT_DAEMON;
    actor_t *made = &actors[step->index];
    made->handle = threading_thread_new(run, made, &options);
    tell_status(actor, made->handle != NULL ? THREADING_OK : THREADING_NO_MEMORY);
}

static void start_thread(actor_t *actor, const step_t *step, threading_thread_t *thread)
{
    threading_status_t status = threading_thread_start(thread);
    if (status == THREADING_OK)
        actors[step->index].started = true;
    tell_status(actor, status);
}

/* Automatic names count up over the whole process; the transcript counts from the scenario's beginning. */
static void tell_name(actor_t *actor, const char *name)
{
    unsigned number;
    char more;
    if (name == NULL)
        text_copy(actor->result, "NULL");
    else if (sscanf(name, "Thread-%u%c", &number, &more) == 1)
        snprintf(actor->result, TEXT, "Thread+%u", number - names_before);
    else
        text_copy(actor->result, name);
}

static void tell_result(actor_t *actor, const threading_thread_t *thread)
{
    void *returned = NULL;
    threading_status_t status = threading_thread_result(thread, &returned);
    if (status == THREADING_OK)
        tell_number(actor, *(int *)returned);
    else
        tell_status(actor, status);
}

static void do_thread_state(actor_t *actor, const step_t *step, threading_thread_t *thread)
{
    switch (step->operation) {
    case OP_start:
        start_thread(actor, step, thread);
        break;
    case OP_join:
        tell_status(actor, threading_thread_join(thread));
        break;
    case OP_try_join:
        tell_status(actor, threading_thread_try_join(thread));
        break;
    case OP_join_timeout:
        tell_status(actor, threading_thread_join_timeout(thread, seconds_of(step)));
        break;
    case OP_is_alive:
        tell_number(actor, threading_thread_is_alive(thread));
        break;
    case OP_result:
        tell_result(actor, thread);
        break;
    default:
        new_thread(actor, step);
        break;
    }
}

static void do_thread(actor_t *actor, const step_t *step)
{
    threading_thread_t *thread = step->index == NO_OBJECT ? NULL : actors[step->index].handle;
    switch (step->operation) {
    case OP_name:
        tell_name(actor, threading_thread_name(thread));
        break;
    case OP_set_name:
        tell_status(
            actor, threading_thread_set_name(thread, strcmp(step->argument, "-") == 0 ? "" : step->argument));
        break;
    case OP_daemon:
        tell_number(actor, threading_thread_daemon(thread));
        break;
    case OP_set_daemon:
        tell_status(actor, threading_thread_set_daemon(thread, strcmp(step->argument, "1") == 0));
        break;
    case OP_has_ident:
        tell_number(actor, threading_thread_ident(thread) != 0);
        break;
    case OP_ident_is_mine:
        tell_number(actor, threading_thread_ident(thread) == threading_get_ident());
        break;
    case OP_current_is:
        tell_number(actor, threading_current_thread() == thread);
        break;
    default:
        do_thread_state(actor, step, thread);
        break;
    }
}

static void tell_local(actor_t *actor, const step_t *step, copy_t *copy)
{
    if (copy == NULL)
        text_copy(actor->result, "NULL");
    else if (step->operation == OP_local_get)
        tell_number(actor, copy->value);
    else {
        copy->value = atoi(step->argument);
        tell_status(actor, THREADING_OK);
    }
}

static void do_local(actor_t *actor, const step_t *step)
{
    threading_local_t *local = step->index == NO_OBJECT ? NULL : &locals[step->index];
    if (step->operation == OP_local_destroy)
        tell_status(actor, threading_local_destroy(local));
    else if (step->operation == OP_finalised)
        tell_number(actor, atomic_load(&finalised));
    else
        tell_local(actor, step, threading_local_get(local));
}

static int index_of(const threading_thread_t *thread)
{
    for (int i = 0; i < THREADS; i++)
        if (actors[i].handle == thread)
            return i;
    return -1;
}

static void tell_enumerate(actor_t *actor)
{
    threading_thread_t *threads[THREADS];
    size_t alive = threading_enumerate(threads, THREADS), length = 0;
    actor->result[0] = '\0';
    for (size_t i = 0; i < alive && i < THREADS; i++) {
        length += (size_t)snprintf(actor->result + length, TEXT - length, i == 0 ? "%d" : ",%d",
                                   index_of(threads[i]));
        threading_thread_free(threads[i]);
    }
    if (alive > THREADS)
        text_copy(actor->result, "MORE_THAN_THERE_ARE");
}

/* What Linux says of a thread: S, it sleeps; R, it runs or would. ? where the system is another. */
static char state_of(const threading_thread_t *thread)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/self/task/%llu/stat",
             (unsigned long long)threading_thread_native_id(thread));
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return '?';
    const char *name_end = fgets(text, sizeof text, file) != NULL ? strrchr(text, ')') : NULL;
    fclose(file);
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : '?';
}

static bool is_on_its_way(const actor_t *actor)
{
    char state = atomic_load(&actor->in_step) ? state_of(actor->handle) : '?';
    return state != '?' && state != 'S';
}

/* A player that was given a step that waits gets the time to really wait: until the system says so, and
 * where it does not, a long time. In slices: where the machine is busy each one takes longer, as does what is
 * waited for. */
static void settle(void)
{
    for (int i = state_of(threading_main_thread()) == '?' ? 200 : 20; i > 0; i--)
        (void)threading_sleep(0.001);
    for (int i = 1; i < THREADS; i++)
        while (is_on_its_way(&actors[i]))
            (void)threading_sleep(0.001);
}

static void do_module(actor_t *actor, const step_t *step)
{
    switch (step->operation) {
    case OP_active_count:
        tell_number(actor, (long)threading_active_count());
        break;
    case OP_enumerate:
        tell_enumerate(actor);
        break;
    case OP_sleep:
        tell_status(actor, threading_sleep(seconds_of(step)));
        break;
    case OP_settle:
        settle();
        tell_status(actor, THREADING_OK);
        break;
    default: /* exit and leave take place in run() */
        actor->returned = atoi(step->argument);
        break;
    }
}

static void do_step(actor_t *actor)
{
    const step_t *step = actor->step;
    switch (step->kind) {
    case OBJECT_LOCK:
        do_lock(actor, step);
        break;
    case OBJECT_RLOCK:
        do_rlock(actor, step);
        break;
    case OBJECT_THREAD:
        do_thread(actor, step);
        break;
    case OBJECT_LOCAL:
        do_local(actor, step);
        break;
    default:
        do_module(actor, step);
        break;
    }
    for (int i = 0; i < RLOCKS; i++)
        actor->mine[i] = (unsigned)threading_rlock_count(&rlocks[i]);
}

/* A thread of the scenario: step after step, until one of them ends it. */
static void *run(void *arg)
{
    actor_t *actor = arg;
    for (;;) {
        while (!gate_pass(&actor->go, limit))
            ;
        do_step(actor);
        if (actor->step->operation == OP_exit)
            return &actor->returned;
        if (actor->step->operation == OP_leave)
            threading_exit(&actor->returned);
        atomic_store(&actor->in_step, false);
        gate_open(&actor->done);
    }
}

/* ------------------------------------------------------------------------------------ main's part */

static void hand_out(actor_t *actor, const step_t *step)
{
    actor->step = step;
    atomic_store(&actor->in_step, true);
    gate_open(&actor->go);
}

/* Nobody joins it: that it has ended must show by itself. */
static bool wait_until_ended(const actor_t *actor)
{
    double begin = threading_monotonic();
    while (threading_thread_is_alive(actor->handle)) {
        (void)threading_sleep(0);
        if (threading_monotonic() - begin > limit)
            return false;
    }
    return true;
}

static bool play_exit(actor_t *actor, const step_t *step)
{
    hand_out(actor, step);
    bool ended = wait_until_ended(actor);
    atomic_store(&actor->in_step, false);
    tell_status(actor, THREADING_OK);
    return ended;
}

/* What has to wait must not have returned a little later. */
static void play_begin(actor_t *actor, const step_t *step, char *result)
{
    hand_out(actor, step);
    (void)threading_sleep(0.0001);
    text_copy(result, atomic_load(&actor->in_step) ? "WAITS" : actor->result);
}

/* False when it hangs. */
static bool play_step(actor_t *actor, const step_t *step, char *result)
{
    bool came_back = true;
    if (step->form == FORM_BEGIN) {
        play_begin(actor, step, result);
        return true;
    }
    if (step->form == FORM_END)
        came_back = gate_pass(&actor->done, limit);
    else if (step->operation == OP_exit || step->operation == OP_leave)
        came_back = play_exit(actor, step);
    else if (step->thread == 0) {
        actor->step = step;
        do_step(actor);
    } else {
        hand_out(actor, step);
        came_back = gate_pass(&actor->done, limit);
    }
    if (came_back)
        text_copy(result, actor->result);
    return came_back;
}

static char letter_of(const actor_t *actor)
{
    if (actor->handle == NULL)
        return '-';
    const char *letters = threading_thread_daemon(actor->handle) ? "NERW" : "nerw";
    if (!threading_thread_is_alive(actor->handle))
        return letters[threading_thread_ident(actor->handle) != 0];
    return letters[2 + atomic_load(&actor->in_step)];
}

static void look(const step_t *step, view_t *view)
{
    for (int i = 0; i < LOCKS; i++)
        view->locks[i] = threading_lock_locked(&locks[i]);
    for (int i = 0; i < RLOCKS; i++)
        view->rlocks[i] = threading_rlock_locked(&rlocks[i]);
    view->has_mine = step_has_mine(step);
    if (view->has_mine)
        memcpy(view->mine, actors[step->thread].mine, sizeof(view->mine));
    for (int i = 0; i < THREADS; i++)
        view->threads[i] = letter_of(&actors[i]);
    view->active = (unsigned)threading_active_count();
}

/* ------------------------------------------------------------------------------------- a scenario */

static unsigned number_of_next_name(void)
{
    unsigned number = 0;
    threading_thread_t *thread = threading_thread_new(NULL, NULL, NULL);
    (void)sscanf(threading_thread_name(thread), "Thread-%u", &number);
    threading_thread_free(thread);
    return number;
}

static void set_up(void)
{
    memset(actors, 0, sizeof(actors));
    for (int i = 0; i < THREADS; i++) {
        threading_lock_acquire(&actors[i].go.bell);
        threading_lock_acquire(&actors[i].done.bell);
    }
    for (int i = 0; i < LOCKS; i++)
        threading_lock_init(&locks[i]);
    for (int i = 0; i < RLOCKS; i++)
        threading_rlock_init(&rlocks[i]);
    actors[0].handle = threading_main_thread();
    actors[0].started = true;
    threading_thread_set_name(actors[0].handle, "MainThread");
    names_before = number_of_next_name();
    atomic_store(&finalised, 0);
}

static void give_rlocks_back(void)
{
    for (int i = 0; i < RLOCKS; i++)
        while (threading_rlock_release(&rlocks[i]) == THREADING_OK)
            ;
}

/* Every thread has ended, as the script must see to; false if one does not. */
static bool tear_down(FILE *transcript)
{
    give_rlocks_back();
    for (int i = 1; i < THREADS; i++) {
        if (actors[i].started && threading_thread_join_timeout(actors[i].handle, limit) != THREADING_OK) {
            fputs("thread does not end\n", transcript);
            return false;
        }
        threading_thread_free(actors[i].handle);
    }
    for (int i = 0; i < LOCALS; i++)
        if (threading_local_destroy(&locals[i]) != THREADING_OK)
            fputs("local cannot be destroyed\n", transcript);
    return true;
}

static bool play(const scenario_t *scenario, FILE *transcript)
{
    char result[TEXT];
    set_up();
    transcript_begin(transcript, scenario);
    for (int i = 0; i < scenario->count; i++) {
        const step_t *step = &scenario->steps[i];
        view_t view;
        /* What is printed is there for the reader, even if this step never returns. */
        fflush(transcript);
        if (!play_step(&actors[step->thread], step, result)) {
            transcript_step(transcript, scenario, i, "HANGS");
            return false;
        }
        transcript_step(transcript, scenario, i, result);
        if (transcript_wants_view(scenario, i)) {
            look(step, &view);
            transcript_view(transcript, scenario, &view);
        }
    }
    transcript_end(transcript);
    return tear_down(transcript);
}

bool player_play(const scenario_t *scenario, FILE *transcript, double seconds, bool shall_lie)
{
    limit = seconds;
    lies = shall_lie;
    bool came_to_an_end = play(scenario, transcript);
    fflush(transcript);
    return came_to_an_end;
}
