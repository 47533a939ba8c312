/* SPDX-License-Identifier: MIT */
#include "look.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "atomic.h"
#include "guard.h"
#include "names.h"
#include "parking.h"
#include "registry.h"
#include "roll.h"
#include "thread.h"

static const char *const ti_look_kinds[TI_ON_COUNT] = {
    [TI_ON_NOTHING] = "",
    [TI_ON_LOCK] = "Lock",
    [TI_ON_RLOCK] = "RLock",
    [TI_ON_OWN] = "RLock of Condition",
    [TI_ON_CONDITION] = "Condition",
    [TI_ON_SEMAPHORE] = "Semaphore",
    [TI_ON_BOUNDED_SEMAPHORE] = "BoundedSemaphore",
    [TI_ON_EVENT] = "Event",
    [TI_ON_BARRIER] = "Barrier",
    [TI_ON_ONCE] = "Once",
    [TI_ON_READ] = "RWLock",
    [TI_ON_WRITE] = "RWLock",
    [TI_ON_THREAD] = "Thread",
    [TI_ON_TIMER] = "Timer",
    [TI_ON_SLEEP] = "sleep",
    [TI_ON_GET] = "Queue",
    [TI_ON_PUT] = "Queue",
    [TI_ON_TASKS] = "Queue",
    [TI_ON_FUTURE] = "Future",
    [TI_ON_ANY] = "wait_any",
    [TI_ON_MAP] = "Executor",
    [TI_ON_LOOP] = "Executor",
    [TI_ON_GROUP] = "Group",
    [TI_ON_WORK] = "Executor",
    [TI_ON_ROOM] = "Executor",
    [TI_ON_INSIDE] = "lock inside",
    [TI_ON_EXIT] = "exit",
};

TI_COLD const char *ti_look_kind(ti_on on)
{
    return ti_look_kinds[on];
}

/* ---- names ---- */

TI_COLD void ti_look_copy_name(char name[TI_TEXT_NAME], const ti_self *self)
{
    ti_text_copy_name(name, self->record != NULL ? self->record->name->text : "foreign");
}

TI_COLD void ti_look_copy_object_name(char name[TI_TEXT_NAME], const void *object)
{
    const char *found = object != NULL ? ti_names_find(object) : NULL;
    ti_text_copy_name(name, found != NULL ? found : "");
}

/* A Thread has its own name, if it has no other. The caller is certain that it is there. */
TI_COLD TI_NOINLINE static void ti_look_copy_thread_name(ti_look *look)
{
    if (look->object_name[0] == '\0')
        ti_text_copy_name(look->object_name, ((const threading_thread_t *)look->view.object)->name->text);
}

/* ---- who has it ---- */

/* Whether the word at which a waiter stands holds an ident, in the end. */
TI_COLD static bool ti_look_has_ident(uint32_t kind, ti_on on)
{
    return kind == TI_LOCKERS || kind == TI_RW_LOCKERS ||
           (kind == TI_OBSERVERS && (on == TI_ON_ONCE || on == TI_ON_FUTURE || on == TI_ON_MAP ||
                                     on == TI_ON_LOOP || on == TI_ON_GROUP));
}

TI_COLD static uint32_t ti_look_at_word(const uint32_t *word)
{
    uint32_t value = ti_load_relaxed(word); /* relaxed: a momentary answer */
    return value < TI_IDENT_LIMIT ? value : 0;
}

/* Under the guard of the bucket, in whose queue the waiter stands. */
TI_COLD static uint32_t ti_look_in_queue(ti_look *look, const ti_waiter *waiter)
{
    const void *address = (const void *)ti_load_pointer_relaxed(&waiter->address);
    look->is_notified = look->view.on == TI_ON_CONDITION && waiter->kind == TI_LOCKERS;
    if (look->view.on == TI_ON_BARRIER) {
        look->parties = (uint32_t)((const threading_barrier_t *)address)->parties;
        look->arrived = (uint32_t)((const threading_barrier_t *)address)->arrived;
    }
    if (look->view.on == TI_ON_THREAD) {
        ti_look_copy_thread_name(look);
        return ti_look_at_word(&((const threading_thread_t *)look->view.object)->ident);
    }
    return ti_look_has_ident(waiter->kind, look->view.on) ? ti_look_at_word((const uint32_t *)address) : 0;
}

/* The waiter may leave, or move to another queue, until its bucket's guard is held. */
TI_COLD static uint32_t ti_look_by_queue(ti_look *look, const ti_self *self)
{
    const void *address = (const void *)ti_load_pointer_relaxed(&self->waiter.address);
    if (address == NULL)
        return 0;
    ti_bucket *bucket = ti_parking_bucket(address);
    look->is_unclear = !ti_guard_lock_for_a_while(&bucket->guard);
    if (look->is_unclear)
        return 0;
    bool is_there =
        ti_parking_is_queued(&self->waiter, address) && ti_blocked_read(self).version == look->view.version;
    uint32_t holder = is_there ? ti_look_in_queue(look, &self->waiter) : 0;
    ti_guard_unlock(&bucket->guard);
    return holder;
}

TI_COLD uint32_t ti_look_for_holder(ti_look *look, const ti_self *self)
{
    if (look->view.on == TI_ON_NOTHING)
        return 0;
    if (self->proof.word == NULL)
        return ti_look_by_queue(look, self);
    if (look->view.on == TI_ON_THREAD)
        ti_look_copy_thread_name(look);
    uint32_t holder = ti_look_at_word(self->proof.word);
    return holder != self->fast.ident ? holder : 0; /* else it was just given to the sleeper */
}

/* ---- a thread ---- */

TI_COLD static void ti_look_at_record(ti_look *look, const threading_thread_t *record)
{
    /* Acquire: pairs with the change to RUNNING, for the native id. */
    bool has_native_id = ti_load_acquire(&record->state) >= TI_RUNNING;
    look->is_daemon = threading_thread_daemon(record);
    look->is_foreign = record->kind == TI_DUMMY;
    if (record == ti_roll_main())
        look->native_id = ti_port_main_native_id();
    else
        look->native_id = has_native_id ? record->native_id : 0;
}

TI_COLD static void ti_look_at_holder(ti_look *look, const ti_self *self)
{
    look->holder = ti_look_for_holder(look, self);
    if (look->holder == 0)
        return;
    const ti_self *holder = ti_registry_find(look->holder);
    look->holder_is_gone = holder == NULL;
    if (holder != NULL)
        ti_look_copy_name(look->holder_name, holder);
}

TI_COLD void ti_look_at(ti_look *look, const ti_self *self)
{
    *look = (ti_look){.ident = self->fast.ident, .native_id = self->native_id, .began = self->began};
    look->awaited = self->blocked.awaited;
    look->is_foreign = self->record == NULL;
    if (self->record != NULL)
        ti_look_at_record(look, self->record);
    ti_look_copy_name(look->name, self);
    look->view = ti_blocked_read(self);
    ti_look_copy_object_name(look->object_name, look->view.object);
    ti_look_at_holder(look, self);
}

TI_COLD bool ti_look_at_next(ti_look *look, uint32_t ident, bool *is_stuck)
{
    *is_stuck = !ti_registry_lock_for_a_while();
    if (*is_stuck)
        return false;
    const ti_self *self = ti_registry_after(ident);
    if (self != NULL)
        ti_look_at(look, self);
    ti_registry_unlock();
    return self != NULL;
}

/* ---- what a thread has, and what it waits for at once ---- */

/* What is looked for among all who wait. */
typedef struct ti_look_search {
    ti_look_object *objects;
    size_t count;
    uint32_t ident;
} ti_look_search;

TI_COLD static void ti_look_found(ti_look_search *search, const void *object, const char *kind,
                                  uint32_t count)
{
    if (search->count < TI_LOOK_OBJECTS) {
        ti_look_object *found = &search->objects[search->count];
        found->object = object;
        found->kind = kind;
        found->count = count;
        ti_look_copy_object_name(found->name, object);
    }
    search->count++;
}

/* Whether what is waited for is had as a whole, not only the lock inside of it. */
TI_COLD static bool ti_look_is_whole(ti_on on)
{
    return on != TI_ON_NOTHING && on != TI_ON_CONDITION && on != TI_ON_GET && on != TI_ON_PUT &&
           on != TI_ON_TASKS;
}

/* Under the bucket's guard: the waiter of something that the thread has. */
TI_COLD static void ti_look_if_held(ti_look_search *search, const ti_waiter *waiter)
{
    const uint32_t *word = (const uint32_t *)ti_load_pointer_relaxed(&waiter->address);
    ti_blocked_view view = ti_blocked_read(ti_self_of(waiter));
    if (!ti_look_is_whole(view.on) || !ti_look_has_ident(waiter->kind, view.on) ||
        ti_look_at_word(word) != search->ident)
        return;
    for (size_t i = 0; i < search->count && i < TI_LOOK_OBJECTS; i++)
        if (search->objects[i].object == view.object) {
            search->objects[i].count++;
            return;
        }
    ti_look_found(search, view.object, ti_look_kind(view.on), 1);
}

TI_COLD static const char *ti_look_source_kind(const threading_source_t *source)
{
    static const char *const kinds[] = {"Thread",           "Event", "Semaphore",
                                        "BoundedSemaphore", "Queue", "Future"};
    return kinds[source->kind - THREADING_SOURCE_KIND_THREAD];
}

/* Under the bucket's guard: a watcher that is the thread's. It is a part of its source. */
TI_COLD static void ti_look_if_watched(ti_look_search *search, const ti_waiter *waiter)
{
    if (waiter->kind != TI_WATCHERS || ti_self_of(waiter)->fast.ident != search->ident)
        return;
    const char *memory = (const char *)waiter - offsetof(threading_source_t, waiter);
    const threading_source_t *source = (const threading_source_t *)(const void *)memory;
    ti_look_found(search, source->object, ti_look_source_kind(source), 1);
}

TI_COLD static void ti_look_through_bucket(ti_bucket *bucket,
                                           void (*look)(ti_look_search *, const ti_waiter *),
                                           ti_look_search *search)
{
    if (!ti_parking_may_be_awaited(bucket) || !ti_guard_lock_for_a_while(&bucket->guard))
        return;
    for (const ti_waiter *waiter = bucket->first; waiter != NULL; waiter = waiter->next)
        look(search, waiter);
    ti_guard_unlock(&bucket->guard);
}

TI_COLD static size_t ti_look_through(void (*look)(ti_look_search *, const ti_waiter *),
                                      ti_look_object *objects, uint32_t ident)
{
    ti_look_search search = {objects, 0, ident};
    if (!ti_registry_lock_for_a_while())
        return 0;
    for (size_t i = 0; i < sizeof threading_buckets / sizeof *threading_buckets; i++)
        ti_look_through_bucket(&threading_buckets[i], look, &search);
    ti_registry_unlock();
    return search.count;
}

/* ---- readers: each thread has notes of what it reads (reading.h), which are atomic ---- */

TI_COLD static bool ti_look_reads(const ti_self *self, const void *rwlock)
{
    for (size_t i = 0; i < TI_READS_KNOWN; i++) {
        const ti_reading *reading = &self->readings.known[i];
        if (ti_load_acquire(&reading->levels) > 0 &&
            ti_load_pointer_relaxed(&reading->rwlock) == (uintptr_t)rwlock)
            return true;
    }
    return false;
}

TI_COLD uint32_t ti_look_for_reader(char name[TI_TEXT_NAME], const void *rwlock, uint32_t ident)
{
    if (!ti_registry_lock_for_a_while())
        return 0;
    const ti_self *self = ti_registry_after(ident);
    while (self != NULL && !ti_look_reads(self, rwlock))
        self = ti_registry_after(self->fast.ident);
    uint32_t found = self != NULL ? self->fast.ident : 0;
    if (self != NULL)
        ti_look_copy_name(name, self);
    ti_registry_unlock();
    return found;
}

TI_COLD size_t ti_look_for_reads(ti_look_object *objects, uint32_t ident)
{
    ti_look_search search = {objects, 0, ident};
    if (!ti_registry_lock_for_a_while())
        return 0;
    const ti_self *self = ti_registry_find(ident);
    for (size_t i = 0; self != NULL && i < TI_READS_KNOWN; i++) {
        const ti_reading *reading = &self->readings.known[i];
        if (ti_load_acquire(&reading->levels) > 0) /* acquire: for which lock it is */
            ti_look_found(&search, (const void *)ti_load_pointer_relaxed(&reading->rwlock),
                          "RWLock, to read,", 0);
    }
    ti_registry_unlock();
    return search.count;
}

/* ---- what waits ---- */

TI_COLD size_t ti_look_for_held(ti_look_object *objects, uint32_t ident)
{
    return ti_look_through(ti_look_if_held, objects, ident);
}

TI_COLD size_t ti_look_for_sources(ti_look_object *objects, uint32_t ident)
{
    return ti_look_through(ti_look_if_watched, objects, ident);
}

#endif
