/* SPDX-License-Identifier: MIT */
/*
 * The lookout of a lock's waiters (src/core/lockword.h), for the model checker Spin.
 *
 *     spin -DLOOK_AGAIN -run lookout.pml     no errors: in every order each waiter gets the lock in the end
 *     spin -run lookout.pml                  invalid end state: a waiter sleeps for ever
 *
 * A Lock used as a signal: WAITERS threads acquire it once each and never release it; others release it whenever it is
 * held. Every step is sequential, as it is in the code. What LOOK_AGAIN stands for is the look of a lookout that
 * has got the word, after it has withdrawn: whether the word is still its own.
 */
#define WAITERS 2
#define RELEASERS 2

byte word = 1;               /* 0, or what tells who holds it: 1 for the first holder, 2, 3 for the waiters */
byte released;               /* times */
byte count;                  /* waiters that have announced themselves */
bool lookout;                /* posted for the word */
bool guard;                  /* the bucket's */
bool queued[WAITERS];
mtype = { sleeping, woken, relied_upon, handed };
mtype outcome[WAITERS] = sleeping;

inline lock_guard()
{
    atomic { !guard -> guard = true }
}

/* Under the guard: one waiter, whichever, is taken off the queue. */
inline take_first(first)
{
    first = WAITERS;
    if
    :: queued[0] -> first = 0
    :: queued[1] -> first = 1
    :: else
    fi;
    if
    :: first < WAITERS -> queued[first] = false; count--
    :: else
    fi
}

/* Under the guard. */
inline post(how)
{
    if
    :: !lookout -> lookout = true; how = relied_upon
    :: else -> how = woken
    fi
}

inline wake_first(first, how)
{
    lock_guard();
    d_step { take_first(first) };
    if
    :: first < WAITERS -> post(how)
    :: else
    fi;
    guard = false;
    if
    :: first < WAITERS -> outcome[first] = how
    :: else
    fi
}

inline exchange(value, held)
{
    atomic { held = word != 0; word = value }
}

/* The first waiter is woken, or handed the word: how long it has waited decides, so any of the two may be. */
inline release_to_first(first, how, held)
{
    lock_guard();
    d_step { take_first(first) };
    if
    :: first < WAITERS -> post(how); exchange(0, held)
    :: first < WAITERS -> how = handed; exchange(2 + first, held)
    :: first == WAITERS -> exchange(0, held)
    fi;
    guard = false;
    if
    :: first < WAITERS -> outcome[first] = how
    :: else
    fi
}

inline release(first, how, held)
{
    if
    :: count == 0 ->
       exchange(0, held);
       if
       :: held && count > 0 -> wake_first(first, how)
       :: else
       fi
    :: else ->
       if
       :: lookout ->
          exchange(0, held);
          if
          :: !lookout -> wake_first(first, how)
          :: else
          fi
       :: else -> release_to_first(first, how, held)
       fi
    fi
}

/* A release of a free word does not count. An heir of one has acquired it. */
active [RELEASERS] proctype releaser()
{
    byte first;
    mtype how;
    bool held;
    do
    :: atomic { released < WAITERS && word != 0 -> released++ };
       release(first, how, held);
       if
       :: !held -> released--
       :: else
       fi
    :: released >= WAITERS -> break
    od
}

active [WAITERS] proctype waiter()
{
    byte me = _pid - RELEASERS; /* 0, 1: the processes before are the releasers */
    byte first;
    mtype how;
    bool is_lookout;
    if /* others wait, and none of them for too long: it may become the lookout */
    :: count > 0 -> lock_guard(); post(how); guard = false; is_lookout = how == relied_upon
    :: true
    fi;
    do
    :: atomic { word == 0 -> word = 2 + me }; /* while it looks at the word */
       if
       :: is_lookout ->
          lookout = false;
#ifdef LOOK_AGAIN
          if
          :: word != 2 + me -> wake_first(first, how)
          :: else
          fi
#endif
       :: else
       fi;
       break
    :: true -> /* its time is over */
       lock_guard();
       if
       :: is_lookout -> lookout = false
       :: else
       fi;
       count++;
       if
       :: atomic { word == 0 -> word = 2 + me }; count--; guard = false; break
       :: else -> queued[me] = true; guard = false
       fi;
       outcome[me] != sleeping;
       how = outcome[me];
       outcome[me] = sleeping;
       is_lookout = how == relied_upon;
       if
       :: how == handed -> break
       :: else
       fi
    od
}
