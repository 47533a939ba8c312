/* SPDX-License-Identifier: MIT */
/*
 * A lock's release by a plain store, and its waiters (src/core/parking/fence.h), for the model checker Spin.
 *
 *     spin -DFENCE -run release.pml                      no errors: in every order each waiter gets the lock in the end
 *     spin -run release.pml                              invalid end state: a waiter sleeps for ever
 *     spin -DFENCE -DREFUSED -run release.pml            no errors, though the system may refuse the fence at any moment
 *     spin -DFENCE -DREFUSED -DHASTY -run release.pml    invalid end state: only the waiter that was refused lets stores settle
 *
 * The holder's store stays in its store buffer until the processor writes it out at a moment of its own, until the holder makes
 * a read-modify-write, or until somebody makes a fence for all threads: what x86 allows. (Weaker processors may also
 * delay what is behind the store; the fence orders that in the same way.) The first holder releases while WAITERS threads come;
 * each of them acquires the lock and releases it in its turn by the same code.
 */
#define WAITERS 2
#define THREADS (WAITERS + 1)

#ifdef REFUSED
#define FIRST 2 /* processes before the waiters, less one: buffers, system, holder */
#else
#define FIRST 1
#endif

mtype = { shared, lost };
mtype fence = shared;      /* what releasers and waiters know of it */
bool refused;              /* the system makes no fence any more */

byte word = 1;             /* 0, or 1 + the thread that holds it */
bool buffered[THREADS];    /* the thread's store of 0 to the word is in its buffer */
byte count;                /* waiters that have announced themselves */
bool fenced;               /* a fence was made, and the count was not 0 since */
bool guard;                /* the bucket's */
bool queued[THREADS];
bool woken[THREADS];

inline write_out(thread)
{
    if
    :: buffered[thread] -> word = 0; buffered[thread] = false
    :: else
    fi
}

/* A read-modify-write empties the thread's own buffer. */
inline lock_guard(thread)
{
    atomic { !guard -> guard = true; write_out(thread) }
}

inline fence_all()
{
    atomic { write_out(0); write_out(1); write_out(2) }
}

/* Let time pass in which every store that is in a buffer now is written out; each may be at another moment. */
inline settle()
{
    !buffered[0];
    !buffered[1];
    !buffered[2]
}

/* W2 of fence.h. */
inline make_fence()
{
    if
    :: fence == shared ->
       if
       :: atomic { !refused -> fence_all() }
       :: refused -> fence = lost; settle()
       fi
#ifdef HASTY
    :: else
#else
    :: else -> settle()
#endif
    fi
}

inline announce()
{
    count++;
    if
#ifdef FENCE
    :: !fenced -> make_fence(); fenced = true
#endif
    :: else
    fi
}

inline withdraw()
{
    count--;
    if
    :: count == 0 -> fenced = false
    :: else
    fi
}

/* Under the guard: one waiter, whichever, is taken off the queue and woken. */
inline wake_one()
{
    if
    :: queued[1] -> queued[1] = false; withdraw(); woken[1] = true
    :: queued[2] -> queued[2] = false; withdraw(); woken[2] = true
    :: else
    fi
}

/* Any time may pass between the look at the fence and R1. */
inline release(thread)
{
    if
    :: fence == shared -> buffered[thread] = true     /* R1 */
    :: else -> atomic { write_out(thread); word = 0 } /* an exchange */
    fi;
    if                                                /* R2 */
    :: count > 0 -> lock_guard(thread); wake_one(); guard = false
    :: else
    fi
}

/* Take the word, or stand in the queue and sleep, then try again. A swap sees what is in memory, and empties the own buffer. */
inline acquire(thread)
{
    do
    :: lock_guard(thread);
       announce();
       if
       :: atomic { word == 0 -> word = 1 + thread }; withdraw(); guard = false; break
       :: else -> queued[thread] = true; guard = false; woken[thread]; woken[thread] = false
       fi
    od
}

/* The processors write out what they hold back, at any moment. */
active proctype buffers()
{
end:
    do
    :: atomic { buffered[0] -> write_out(0) }
    :: atomic { buffered[1] -> write_out(1) }
    :: atomic { buffered[2] -> write_out(2) }
    od
}

#ifdef REFUSED
active proctype system()
{
    refused = true
}
#endif

active proctype holder()
{
    release(0)
}

active [WAITERS] proctype waiter()
{
    byte thread = _pid - FIRST; /* 1, 2 */
    acquire(thread);
    assert(word == 1 + thread);
    release(thread)
}
