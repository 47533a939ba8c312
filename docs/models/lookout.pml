/* SPDX-License-Identifier: MIT */
/*
 * The lookout of a lock's waiters (src/core/lockword.h), for the model checker Spin.
 *
 *     spin -DLOOK_AGAIN -run lookout.pml     no errors: in every order each waiter gets the lock in the end
 *     spin -run lookout.pml                  invalid end state: a waiter sleeps for ever
 *
 * A Lock used as a signal: WAITERS threads acquire it once each and never release it; another thread releases it whenever
 * it is held. Every step is sequential, as it is in the code. What LOOK_AGAIN stands for is the look of a lookout that
 * has got the word, after it has withdrawn: whether the word is still its own.
 */
#define WAITERS 3

byte word = 1;               /* 0, or what tells who holds it: 1 for the first holder, 2, 3, 4 for the waiters */
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

/* Under the guard: one waiter, whichever, is taken off the queue unless a lookout is there. */
inline take_first(first)
{
    first = WAITERS;
    if
    :: !lookout && queued[0] -> first = 0
    :: !lookout && queued[1] -> first = 1
    :: !lookout && queued[2] -> first = 2
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

/* The first waiter is woken, or handed the word: how long it has waited decides, so any of the two may be. */
inline release_to_first(first, how)
{
    lock_guard();
    d_step { take_first(first) };
    if
    :: first < WAITERS -> post(how); word = 0
    :: first < WAITERS -> how = handed; word = 2 + first
    :: first == WAITERS -> word = 0
    fi;
    guard = false;
    if
    :: first < WAITERS -> outcome[first] = how
    :: else
    fi
}

inline release(first, how)
{
    if
    :: count == 0 ->
       word = 0;
       if
       :: count > 0 -> wake_first(first, how)
       :: else
       fi
    :: else ->
       if
       :: lookout ->
          word = 0;
          if
          :: !lookout -> wake_first(first, how)
          :: else
          fi
       :: else -> release_to_first(first, how)
       fi
    fi
}

active proctype releaser()
{
    byte first, released;
    mtype how;
    do
    :: released < WAITERS -> word != 0; release(first, how); released++
    :: else -> break
    od
}

active [WAITERS] proctype waiter()
{
    byte me = _pid - 1; /* 0, 1, 2: the process before is the releaser */
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
