/* SPDX-License-Identifier: MIT */
/* The calls of section 5 of the header that need no file of their own. */
#include <stdlib.h>

#include "atomic.h"
#include "calls.h"
#include "misuse.h"
#include "port.h"
#include "processors.h"
#include "registry.h"
#include "roll.h"
#include "thread.h"

static uintptr_t ti_stack_size;

const char *threading_version(void)
{
    return THREADING_VERSION;
}

const char *threading_backend(void)
{
    return ti_port_backend;
}

uint32_t threading_get_ident(void)
{
    return ti_self_get()->fast.ident;
}

uint64_t threading_get_native_id(void)
{
    return ti_port_native_id();
}

size_t threading_cpu_count(void)
{
    return ti_processors_count();
}

size_t threading_available_parallelism(void)
{
    return ti_processors_available();
}

size_t threading_get_stack_size(void)
{
    return ti_load_pointer_relaxed(&ti_stack_size); /* relaxed: a number by itself */
}

threading_status_t threading_stack_size(size_t size, size_t *previous)
{
    if (size != 0 && size < TI_STACK_SIZE_MIN)
        return TI_TELL(NULL, THREADING_INVALID);
    if (!ti_port_has_stack_size)
        return THREADING_UNSUPPORTED;
    size_t before = ti_exchange_pointer_acquire(&ti_stack_size, size);
    if (previous != NULL)
        *previous = before;
    return THREADING_OK;
}

/* A foreign thread becomes known by asking: CPython's _DummyThread. */
static threading_thread_t *ti_dummy_new(ti_self *self)
{
    threading_thread_t *dummy = ti_thread_allocate(TI_DUMMY, NULL, "Dummy");
    if (dummy == NULL)
        return NULL;
    dummy->state = TI_RUNNING;
    dummy->reap = TI_REAPED;
    dummy->daemon = true;
    dummy->ident = self->fast.ident;
    dummy->native_id = ti_port_native_id();
    dummy->handle = ti_port_handle();
    ti_registry_lock(self);
    self->record = dummy;
    ti_roll_list(dummy);
    ti_registry_unlock();
    return dummy;
}

threading_thread_t *threading_current_thread(void)
{
    ti_self *self = ti_self_get();
    return self->record != NULL ? self->record : ti_dummy_new(self);
}

threading_status_t threading_start_new_thread(threading_target_t target, void *arg, uint32_t *ident)
{
    static const threading_thread_options_t options = {.daemon = THREADING_DAEMON};
    threading_thread_t *thread = NULL;
    threading_status_t status = threading_thread_spawn(target, arg, &options, &thread);
    if (status == THREADING_OK && ident != NULL)
        *ident = thread->ident;
    threading_thread_free(thread);
    return status;
}

void threading_exit(void *result)
{
    ti_self *self = ti_self_get();
    if (ti_port_is_main())
        exit(EXIT_SUCCESS);
    if (self->calls.way_out == NULL)
        ti_port_thread_exit();
    self->calls.exit_result = result;
    ti_calls_abandon(self,
                     self->calls.way_out_count); /* here, while the frames that they are in are still there */
    longjmp(*self->calls.way_out, 1);
}
