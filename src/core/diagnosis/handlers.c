/* SPDX-License-Identifier: MIT */
/*
 * The user's handlers: who is told of a misuse (misuse.h), and of a wait that is refused (deadlock.h).
 *
 * A handler runs in the thread that is about to be told the status, which then holds nothing of the
 * library's. So it may call the library; of what it does itself no handler is told.
 */
#include "port.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "atomic.h"
#include "deadlock.h"
#include "look.h"
#include "misuse.h"
#include "names.h"
#include "registry.h"
#include "thread.h"

/* Both under the registry's guard. */
static struct {
    threading_misuse_handler_t function;
    void *arg;
} ti_misuse_handler;

static struct {
    threading_deadlock_handler_t function;
    void *arg;
} ti_deadlock_handler;

/* ---- misuse ---- */

TI_COLD static void ti_misuse_handle(const char *call, const void *object, threading_status_t status)
{
    ti_port_errors errors = ti_port_errors_keep();
    ti_self *self = ti_self_get();
    ti_registry_lock(self);
    threading_misuse_handler_t handler = ti_misuse_handler.function;
    void *arg = ti_misuse_handler.arg;
    ti_registry_unlock();
    if (handler != NULL && !self->is_telling) {
        self->is_telling = true;
        handler(call, object, status, arg);
        self->is_telling = false;
    }
    ti_port_errors_restore(errors);
}

TI_COLD threading_status_t threading_set_misuse_handler(threading_misuse_handler_t handler, void *arg)
{
    ti_registry_lock(ti_self_get());
    ti_misuse_handler.function = handler;
    ti_misuse_handler.arg = arg;
    ti_misuse_tell_to(handler != NULL ? ti_misuse_handle : NULL);
    ti_registry_unlock();
    return THREADING_OK;
}

/* ---- a ring, put together under the registry's guard ---- */

#define TI_LINKS 64
#define TI_LINK_NAMES 2048 /* bytes for the names of all objects: it is on the stack, which may be small */
#define TI_LINK_TRIES 100
#define TI_LINK_PAUSE 100000 /* nanoseconds: that thread goes back to sleep meanwhile */

typedef struct ti_links {
    threading_deadlock_t links[TI_LINKS];
    size_t count;
    char names[TI_LINK_NAMES];
} ti_links;

/* A name that was read stays as long as the thread's object. */
TI_COLD static const char *ti_links_thread_name(const threading_thread_t *thread)
{
    if (thread == NULL)
        return "foreign";
    thread->name->was_read = true;
    return thread->name->text;
}

/* The note of a thread whose wait is published may be read: it stays until the wait is over. */
TI_COLD static void ti_links_add(ti_links *links, const ti_self *self)
{
    links->links[links->count++] = (threading_deadlock_t){
        .thread = self->record,
        .thread_name = ti_links_thread_name(self->record),
        .object = self->blocked.object,
        .kind = ti_look_kind((ti_on)self->blocked.on),
        .ident = self->fast.ident,
    };
}

/* False: a thread of the ring was woken by chance, and looks just now whether it has to wait on. */
TI_COLD static bool ti_links_collect(ti_links *links, const ti_self *self, const uint32_t *word)
{
    links->count = 0;
    ti_links_add(links, self);
    for (const ti_self *other; word != NULL && links->count < TI_LINKS; word = other->proof.word) {
        other = ti_deadlock_awaited(ti_load_relaxed(word)); /* relaxed: deadlock.h says why */
        if (other == NULL || other == self)
            return true;
        if (other->proof.word == NULL)
            return false;
        ti_links_add(links, other);
    }
    return true;
}

/* Other threads may take the objects' names away: so they are copied, each as much as there is room for if
 * those behind it get as much. */
TI_COLD static void ti_links_copy_names(ti_links *links)
{
    char *name = links->names;
    for (size_t i = 0; i < links->count; i++) {
        size_t room = (size_t)(links->names + sizeof links->names - name) / (links->count - i);
        if (room > TI_TEXT_NAME)
            room = TI_TEXT_NAME;
        size_t length = ti_names_copy(links->links[i].object, name, room);
        links->links[i].object_name = name;
        name += length < room ? length + 1 : room;
    }
}

/* The ring is still there: only the calling thread could have ended it. */
TI_COLD static void ti_links_take(ti_links *links, ti_self *self, const uint32_t *word)
{
    ti_registry_lock(self);
    for (int tries = TI_LINK_TRIES; !ti_links_collect(links, self, word) && tries > 0; tries--) {
        ti_registry_unlock();
        ti_port_sleep(ti_port_now() + TI_LINK_PAUSE);
        ti_registry_lock(self);
    }
    ti_links_copy_names(links);
    for (size_t i = 0; i < links->count; i++)
        (void)threading_thread_retain(links->links[i].thread);
    ti_registry_unlock();
}

TI_COLD static void ti_links_give_back(const ti_links *links)
{
    for (size_t i = 0; i < links->count; i++)
        threading_thread_free(links->links[i].thread);
}

/* ---- deadlock ---- */

TI_COLD static void ti_deadlock_tell(ti_self *self, const ti_links *links)
{
    ti_registry_lock(self);
    threading_deadlock_handler_t handler = ti_deadlock_handler.function;
    void *arg = ti_deadlock_handler.arg;
    ti_registry_unlock();
    if (handler != NULL)
        handler(links->links, links->count, arg);
}

TI_COLD static void ti_deadlock_handle(ti_self *self, const uint32_t *word)
{
    ti_links links;
    if (self->is_telling)
        return;
    ti_port_errors errors = ti_port_errors_keep();
    self->is_telling = true;
    ti_links_take(&links, self, word);
    ti_deadlock_tell(self, &links);
    ti_links_give_back(&links);
    self->is_telling = false;
    ti_port_errors_restore(errors);
}

TI_COLD threading_status_t threading_set_deadlock_handler(threading_deadlock_handler_t handler, void *arg)
{
    ti_registry_lock(ti_self_get());
    ti_deadlock_handler.function = handler;
    ti_deadlock_handler.arg = arg;
    ti_deadlock_tell_to(handler != NULL ? ti_deadlock_handle : NULL);
    ti_registry_unlock();
    return THREADING_OK;
}

#endif
