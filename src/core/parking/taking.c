/* SPDX-License-Identifier: MIT */
#include "taking.h"

#if !defined(THREADING_NO_DIAGNOSIS)

#include "port.h"

uintptr_t ti_taking_watcher_now;

TI_COLD void ti_taking_watch(ti_taking_watcher *watcher)
{
    ti_port_hide_selves(watcher != NULL);
    ti_store_pointer_release(&ti_taking_watcher_now, (uintptr_t)watcher);
}

static void ti_taking_tell(ti_self *self, ti_taking_kind kind, ti_on on, const void *object,
                           const void *caller, uint32_t ident)
{
    ti_taking_watcher *watcher = ti_taking_watched();
    ti_taking taking = {kind, on, object, caller, ident};
    if (watcher != NULL)
        watcher(self, &taking);
}

TI_COLD ti_self *ti_taking_acquires(ti_on on, const void *object, bool without_limit, const void *caller)
{
    ti_self *self = ti_self_attach();
    ti_taking_tell(self, without_limit ? TI_WANTS : TI_TRIES, on, object, caller, self->fast.ident);
    return self;
}

TI_COLD ti_self *ti_taking_releases(ti_on on, const void *object, uint32_t ident)
{
    ti_self *self = ti_self_attach();
    ti_taking_tell(self, TI_GIVES, on, object, NULL, ident != 0 ? ident : self->fast.ident);
    return self;
}

TI_COLD void ti_taking_ends(ti_self *self, ti_on on, const void *object)
{
    ti_taking_tell(self, TI_GIVES, on, object, NULL, self->fast.ident);
}

TI_COLD void ti_taking_acquires_again(ti_self *self, ti_on on, const void *object)
{
    ti_taking_tell(self, TI_TRIES, on, object, NULL, self->fast.ident);
}

TI_COLD void ti_taking_begins(ti_on on, const void *object)
{
    if (ti_taking_watched() != NULL)
        ti_taking_tell(ti_self_get(), TI_BEGINS, on, object, NULL, 0);
}

#endif
