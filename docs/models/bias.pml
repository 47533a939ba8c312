/* SPDX-License-Identifier: MIT */
/*
 * Readers who leave a biased lock alone, and a writer who revokes the bias (src/core/sync/bias.h), for the model checker
 * Spin.
 *
 *     spin -DFENCE -run bias.pml      no errors: nobody reads while the writer writes, and the writer gets the lock
 *     spin -run bias.pml              assertion violated: a reader that has the lock was not counted
 *
 * A reader's stores to its levels stay in its store buffer, in their order, until the processor writes them out at a
 * moment of its own, until the reader makes a read-modify-write, or until somebody makes a fence for all threads: what
 * x86 allows. Each reader reads twice; the writer comes at any moment.
 */
#define READERS 2

bool biased = true;                      /* the lock's writer field is the bias */
bool ended;                              /* revocations, of which there is one */
byte state;                              /* readers that are counted in it */
bool writing;
bool guard;
byte levels[READERS];                    /* as memory has it */
chan buffer[READERS] = [2] of { byte };  /* stores that are on their way there */
byte own[READERS];                       /* as the reader itself has it */
bool marked[READERS];                    /* counted by the revoker … */
byte counted[READERS];                   /* … so many */
byte inside;                             /* readers that have the lock: seen by the assertions only */

inline write_out(thread)
{
    do
    :: nempty(buffer[thread]) -> buffer[thread] ? levels[thread]
    :: empty(buffer[thread]) -> break
    od
}

inline store(thread, value)
{
    atomic { buffer[thread] ! value; own[thread] = value }
}

/* Taking it is a read-modify-write. */
inline lock_guard(thread)
{
    atomic { !guard -> guard = true; write_out(thread) }
}

/* Under the guard: what was counted is the truth, and nothing else is. */
inline settle(thread)
{
    if
    :: marked[thread] -> own[thread] = counted[thread]
    :: else -> own[thread] = 0
    fi;
    levels[thread] = own[thread]
}

inline read_in_the_ordinary_way(thread)
{
    atomic { !writing -> state++; write_out(thread) }
    by_note = false
}

inline acquire(thread)
{
    if
    :: !biased -> read_in_the_ordinary_way(thread)
    :: biased ->
       seen = ended;                           /* A0 */
       store(thread, 1);                       /* A1 */
       by_note = true;
       if
       :: biased                               /* A2 */
       :: !biased ->
          lock_guard(thread);
          settle(thread);
          by_note = false;
          guard = false;
          if
          :: own[thread] == 1                  /* it was counted: that is a reader as any other */
          :: else -> read_in_the_ordinary_way(thread)
          fi
       fi
    fi
}

inline release(thread)
{
    owes = !by_note;
    if
    :: by_note && biased ->
       store(thread, 0);                       /* R1 */
       if
       :: ended == seen                        /* R2 */
       :: else ->
          lock_guard(thread);
          owes = marked[thread] && counted[thread] == 1;
          guard = false
       fi
    :: by_note && !biased -> lock_guard(thread); settle(thread); assert(own[thread] == 1); guard = false; owes = true
    :: else
    fi;
    if
    :: owes -> atomic { assert(state > 0); state--; write_out(thread) }
    :: else
    fi
}

proctype reader(byte thread)
{
    bool seen, by_note, owes;
    byte round;
    for (round : 1 .. 2) {
        acquire(thread);
        atomic { inside++; assert(!writing) }
        atomic { inside--; assert(!writing) }
        release(thread)
    }
}

/* The processors write out what they hold back, at any moment. */
proctype buffers()
{
end:
    do
    :: atomic { nempty(buffer[0]) -> buffer[0] ? levels[0] }
    :: atomic { nempty(buffer[1]) -> buffer[1] ? levels[1] }
    od
}

inline count(thread)
{
    seen = levels[thread];
    if
    :: seen > 0 -> marked[thread] = true; counted[thread] = seen; state = state + seen
    :: else
    fi
}

proctype writer()
{
    byte seen;
    atomic { !guard -> guard = true }
    biased = false;                            /* V1 */
    ended = true;                              /* V2 */
#ifdef FENCE
    atomic { write_out(0); write_out(1) }      /* V3 */
#endif
    count(0);                                  /* V4 */
    count(1);
    guard = false;
    atomic { state == 0 -> writing = true }
    assert(inside == 0);
    writing = false
}

init
{
    atomic { run buffers(); run reader(0); run reader(1); run writer() }
}
