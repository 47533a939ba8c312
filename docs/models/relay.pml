/* SPDX-License-Identifier: MIT */
/*
 * How an Executor wakes its workers (src/core/tasks/executor.h), for the model checker Spin.
 *
 *     spin -DSIGNAL_FIRST -run relay.pml     no errors: in every order each task begins
 *     spin -run relay.pml                    assertion violated: a task waits, and so does a worker, for ever
 *
 * Two submit TASKS tasks. All but one of the workers may be kept by a task that does not end before every task has
 * begun. Every step is sequential: in the code those that are not are ordered by the locks of the rings, of which one
 * is enough here. What SIGNAL_FIRST stands for is that a worker reads the signal before it writes that nobody is
 * being woken.
 */
#define WORKERS 2
#define TASKS 3

byte ring;         /* tasks that are queued */
bool lock;         /* the ring's */
byte begun;        /* tasks */
byte kept;         /* workers */
byte idle;
bool waking;
byte signal;
bool asleep[WORKERS];
bool woken[WORKERS];

/* Under the lock; nothing else is done there. */
inline look()
{
    atomic { !lock -> found = ring > 0 }
}

/* Take one that sleeps off the line, if there is any. */
inline take_sleeper(who)
{
    atomic {
        if
        :: asleep[0] -> who = 0
        :: asleep[1] -> who = 1
        :: else -> who = WORKERS
        fi;
        if
        :: who < WORKERS -> asleep[who] = false
        :: else
        fi
    }
}

inline signal_one(who)
{
    waking = true;
    signal++;
    take_sleeper(who)
}

inline wake(who)
{
    if
    :: who < WORKERS -> woken[who] = true
    :: else
    fi
}

proctype worker(byte self)
{
    byte seen, who;
    bool found, relays;

search:
    atomic {
        found = ring > 0;
        if
        :: found -> ring--
        :: else
        fi
    }
    if
    :: !found -> goto await
    :: else
    fi;

    if
    :: relays ->
        relays = false;
        look();
        if
        :: found && idle > 0 -> signal_one(who); wake(who)
        :: else
        fi
    :: else
    fi;
    begun++;
    if
    :: atomic { kept < WORKERS - 1 -> kept++ }; begun == TASKS
    :: true
    fi;
    goto search;

await:
    idle++;
#ifdef SIGNAL_FIRST
    seen = signal;
    waking = false;
#else
    waking = false;
    seen = signal;
#endif
    look();
    if
    :: !found ->
        atomic {
            if
            :: signal == seen -> asleep[self] = true; woken[self] = false
            :: else -> woken[self] = true
            fi
        }
end:    woken[self]
    :: else
    fi;
    idle--;
    waking = false;
    relays = true;
    goto search
}

proctype submitter(byte tasks)
{
    byte who;
    do
    :: tasks > 0 ->
        tasks--;
        atomic { !lock -> lock = true; ring++; who = WORKERS }
        if
        :: idle > 0 && !waking -> signal_one(who)
        :: else
        fi;
        lock = false;
        wake(who)
    :: else -> break
    od
}

active proctype judge()
{
    timeout -> assert(begun == TASKS)
}

init
{
    atomic {
        run worker(0);
        run worker(1);
        run submitter(1);
        run submitter(TASKS - 1)
    }
}
