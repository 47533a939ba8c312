/* SPDX-License-Identifier: MIT */
/*
 * A late waker (src/core/parking/parking.h), for the model checker Spin.
 *
 *     spin -DKINDS -run late.pml     no errors: in every order a wake is believed only by those it was meant for
 *     spin -run late.pml             assertion violated: the wait for an Event ends that nobody has set
 *
 * Memory is a Lock at first. Its holder frees it, then looks into the bucket and wakes the first waiter there. Meanwhile the
 * next owner takes the Lock and ends it. The memory becomes an Event, which is set later or never, or another Lock, which
 * the next owner holds and releases later; a third thread waits for it. KINDS stands for the waiter's kind as a part of the
 * key.
 */
mtype = { lock, event };

mtype is = lock;   /* what the memory is */
bool held = true;  /* the Lock's word */
bool reused;       /* the first Lock has ended */
bool is_set;       /* the Event */
bool stays_unset;        /* the Event will not be set */
bool guard;        /* the bucket's */
byte count;        /* waiters that have announced themselves: 0 or 1 */
bool queued;       /* the waiter is in the queue, */
mtype kind;        /* with this kind */
bool woken;

inline lock_guard()
{
    atomic { !guard -> guard = true }
}

inline wake(what)
{
    if
#ifdef KINDS
    :: queued && kind == what -> queued = false; count--; woken = true
#else
    :: queued -> queued = false; count--; woken = true
#endif
    :: else
    fi
}

/* The word is free, and the memory may be anything by the time of the look. */
inline look_late()
{
    if
    :: count > 0 -> lock_guard(); wake(lock); guard = false
    :: else
    fi
}

active proctype releaser()
{
    held = false;
    look_late()
}

active proctype next_owner()
{
    atomic { !held -> held = true };
    if
    :: is = event; reused = true;
       if
       :: lock_guard(); is_set = true; wake(event); guard = false
       :: stays_unset = true
       fi
    :: reused = true; /* a Lock that is held */
       held = false;
       look_late()
    fi
}

/* It sleeps until it is woken, in the queue. */
inline stand(what)
{
    kind = what;
    queued = true;
    guard = false
}

active proctype waiter()
{
    reused;
    lock_guard();
    if
    :: is == event && is_set -> guard = false
    :: is == event && !is_set ->
       count++;
       stand(event);
       if
       :: woken -> assert(is_set) /* the wake is believed */
       :: stays_unset && !woken         /* it waits for ever */
       fi
    :: is == lock ->
       do
       :: count++;
          if
          :: atomic { !held -> held = true }; count--; guard = false; break
          :: else -> stand(lock);
             woken; /* it looks again */
             woken = false;
             lock_guard()
          fi
       od
    fi
}
