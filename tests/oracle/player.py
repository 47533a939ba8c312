# SPDX-License-Identifier: MIT
"""Plays scripts (see script.h) with CPython's own threading: python3 player.py [LIMIT] < SCRIPTS > TRANSCRIPTS

The results are those of player.c. Where Python says the same in another way, it is put into the same words:

    Python                                        transcript       why
    acquire(False) is False                       BUSY
    acquire(timeout=...) is False                 TIMEOUT
    ValueError, OverflowError                     INVALID, OVERFLOW
    RuntimeError of Lock.release                  NOT_HELD         one exception stands for several statuses,
    RuntimeError of RLock.release                 NOT_OWNER        and the call tells which
    RuntimeError of start and of daemon = ...     ALREADY_STARTED
    RuntimeError of join                          NOT_STARTED, DEADLOCK: by the message
    join(timeout), then is_alive()                OK, TIMEOUT      join returns None
    join(0), then is_alive()                      OK, BUSY         for try_join
    join(), when the script says -1               as join          join(-1) is join(0), -1 is THREADING_FOREVER
    TIMEOUT_MAX                                   9223372036       it is shorter on Windows
    "Thread-7 (target)"                           Thread+1         3.10 appended the target's name; the numbers
                                                                   count from the beginning of the scenario
    probe with acquire(False)                     locked           RLock.locked() came in 3.14
    repr                                          count            RLock._recursion_count() came in 3.11

What differs in substance is not in the scenarios for Python; the model (model.c, `python`) leaves it out:

    a NULL object, the name "", Thread.result     Python has no such thing, or takes it
    deadlocks other than the join of oneself      CPython hangs, the library tells
    a thread that ends as the owner of an RLock   the next thread may have its ident, and so own the lock
    the ident of an ended thread                  it may be the caller's, for the same reason
    join with NaN, a negative, or too long        3.12 and older mark a running thread as ended; a negative is 0
    times below -1e9                              OverflowError, where the library says INVALID
    times from TIMEOUT_MAX up to a second more    taken: the limit is TIMEOUT_MAX and some microseconds
"""

import os
import re
import sys
import threading
import time

THREADS, LOCKS, RLOCKS, LOCALS = 5, 3, 3, 2


class Copy:
    """The value of a local in one thread; its end is counted, as that of local1's copies in player.c."""

    def __init__(self, world, value):
        self.world = world
        self.value = value

    def __del__(self):
        with self.world.counting:
            self.world.finalised += 1


class Local1(threading.local):
    def __init__(self, world):
        self.copy = Copy(world, 100)


class Actor:
    """A thread of the scenario and the gates at which it and main wait for each other."""

    def __init__(self):
        self.handle = None
        self.go, self.done = threading.Lock(), threading.Lock()
        self.go.acquire()
        self.done.acquire()
        self.in_step = False
        self.step = None
        self.result = ""
        self.mine = [0] * RLOCKS


class World:
    """All objects of a scenario."""

    def __init__(self):
        self.actors = [Actor() for _ in range(THREADS)]
        self.actors[0].handle = threading.main_thread()
        self.actors[0].handle.name = "MainThread"
        self.locks = [threading.Lock() for _ in range(LOCKS)]
        self.rlocks = [threading.RLock() for _ in range(RLOCKS)]
        self.counting = threading.Lock()
        self.finalised = 0
        self.locals = [threading.local(), None]
        self.names_before = int(re.match(r"Thread-(\d+)", threading.Thread().name).group(1))


class Step:
    def __init__(self, line):
        words = line.split()
        self.text = line
        self.thread = int(words.pop(0))
        self.form = words.pop(0) if words[0] in ("begin", "end") else "plain"
        self.operation = words.pop(0) if words else ""
        self.kind, self.index, self.argument = "", 0, None
        found = re.fullmatch(r"(r?lock|thread|local)(\d+)", words[0]) if words else None
        if found:
            words.pop(0)
            self.kind, self.index = found.group(1), int(found.group(2))
        if words:
            self.argument = words.pop(0)


# ---------------------------------------------------------------------------------------------- the operations


def got(yes, otherwise):
    return "OK" if yes else otherwise


def count_of(rlock):
    if not rlock._is_owned():
        return 0
    return int(re.search(r"count=(\d+)", repr(rlock)).group(1))


def is_locked(rlock):
    if rlock._is_owned():
        return True
    if rlock.acquire(False):
        rlock.release()
        return False
    return True


def within_limit(seconds):
    return threading.TIMEOUT_MAX if seconds == 9223372036 else seconds


def lock_operation(world, step):
    is_rlock = step.kind == "rlock"
    lock = (world.rlocks if is_rlock else world.locks)[step.index]
    if step.operation == "acquire":
        return got(lock.acquire(), "False")
    if step.operation == "try_acquire":
        return got(lock.acquire(False), "BUSY")
    if step.operation == "acquire_timeout":
        return got(lock.acquire(timeout=within_limit(float(step.argument))), "TIMEOUT")
    if step.operation == "release":
        try:
            lock.release()
        except RuntimeError:
            return "NOT_OWNER" if is_rlock else "NOT_HELD"
        return "OK"
    if step.operation == "locked":
        return int(is_locked(lock) if is_rlock else lock.locked())
    if step.operation == "with":
        with lock:
            return count_of(lock) if is_rlock else int(lock.locked())
    if step.operation == "init":
        lock._at_fork_reinit()
        return "OK"
    return int(lock._is_owned()) if step.operation == "is_owned" else count_of(lock)


def join(thread, timeout, otherwise):
    try:
        thread.join(timeout)
    except RuntimeError as error:
        return "NOT_STARTED" if "before it is started" in str(error) else "DEADLOCK"
    return got(not thread.is_alive(), otherwise)


def new_thread(world, step):
    daemon = {"new": None, "new_daemon": True, "new_not_daemon": False}[step.operation]
    name = None if step.argument == "-" else step.argument
    actor = world.actors[step.index]
    actor.handle = threading.Thread(target=run, args=(world, actor), name=name, daemon=daemon)
    return "OK"


def name_of(world, thread):
    automatic = re.fullmatch(r"Thread-(\d+)( \(.*\))?", thread.name)
    return f"Thread+{int(automatic.group(1)) - world.names_before}" if automatic else thread.name


def started_once(change):
    try:
        change()
    except RuntimeError:
        return "ALREADY_STARTED"
    return "OK"


def thread_operation(world, step):
    thread = world.actors[step.index].handle
    operation = step.operation
    if operation.startswith("new"):
        return new_thread(world, step)
    if operation == "start":
        return started_once(thread.start)
    if operation == "join":
        return join(thread, None, "alive")
    if operation == "try_join":
        return join(thread, 0, "BUSY")
    if operation == "join_timeout":
        seconds = within_limit(float(step.argument))
        return join(thread, None if seconds == -1 else seconds, "TIMEOUT")
    if operation == "set_name":
        thread.name = step.argument
        return "OK"
    if operation == "set_daemon":
        return started_once(lambda: setattr(thread, "daemon", step.argument == "1"))
    return {
        "is_alive": lambda: int(thread.is_alive()),
        "name": lambda: name_of(world, thread),
        "daemon": lambda: int(thread.daemon),
        "has_ident": lambda: int(thread.ident is not None),
        "ident_is_mine": lambda: int(thread.ident == threading.get_ident()),
        "current_is": lambda: int(threading.current_thread() is thread),
    }[operation]()


def copy_of(world, index):
    """The caller's copy, made at its first use."""
    if index == 0:
        local = world.locals[0]
        if not hasattr(local, "value"):
            local.value = 0
        return local
    if world.locals[1] is None:
        world.locals[1] = Local1(world)  # only now, since this makes the caller's copy
    return world.locals[1].copy


def local_operation(world, step):
    if step.operation == "local_get":
        return copy_of(world, step.index).value
    if step.operation == "local_set":
        copy_of(world, step.index).value = int(step.argument)
        return "OK"
    if step.operation == "local_destroy":
        world.locals[step.index] = threading.local() if step.index == 0 else None
        return "OK"
    return world.finalised


def enumerated(world):
    handles = [actor.handle for actor in world.actors]
    return ",".join(str(handles.index(thread) if thread in handles else -1) for thread in threading.enumerate())


def slept(seconds):
    time.sleep(seconds)
    return "OK"


def module_operation(world, step):
    return {
        "active_count": threading.active_count,
        "enumerate": lambda: enumerated(world),
        "sleep": lambda: slept(float(step.argument)),
        "settle": lambda: slept(0.02),
        "exit": lambda: "OK",
        "leave": lambda: "OK",
    }[step.operation]()


def do_step(world, actor):
    step = actor.step
    operation = {"lock": lock_operation, "rlock": lock_operation, "thread": thread_operation, "local": local_operation}
    try:
        result = operation.get(step.kind, module_operation)(world, step)
    except ValueError:
        result = "INVALID"
    except OverflowError:
        result = "OVERFLOW"
    except Exception as error:  # a word that no other player says
        result = f"{type(error).__name__}: {error}"
    actor.result = str(result)
    actor.mine = [count_of(rlock) for rlock in world.rlocks]


def run(world, actor):
    """What each thread of a scenario runs."""
    while True:
        actor.go.acquire()
        do_step(world, actor)
        if actor.step.operation == "exit":
            return
        if actor.step.operation == "leave":
            sys.exit()
        actor.in_step = False
        actor.done.release()


# ------------------------------------------------------------------------------------------------ main's part


class Hangs(Exception):
    pass


def hand_out(actor, step):
    actor.step = step
    actor.in_step = True
    actor.go.release()


def wait_until_done(actor, limit):
    if not actor.done.acquire(timeout=limit):
        raise Hangs


def play_exit(actor, step, limit):
    end = time.monotonic() + limit
    hand_out(actor, step)
    while actor.handle.is_alive():
        time.sleep(0)
        if time.monotonic() > end:
            raise Hangs
    actor.in_step = False
    return "OK"


def play_step(world, step, limit):
    actor = world.actors[step.thread]
    if step.form == "begin":
        hand_out(actor, step)
        time.sleep(0.0001)
        return "WAITS" if actor.in_step else actor.result
    if step.form == "end":
        wait_until_done(actor, limit)
    elif step.operation in ("exit", "leave"):
        return play_exit(actor, step, limit)
    elif step.thread == 0:
        actor.step = step
        do_step(world, actor)
    else:
        hand_out(actor, step)
        wait_until_done(actor, limit)
    return actor.result


def letter_of(actor):
    if actor.handle is None:
        return "-"
    if not actor.handle.is_alive():
        letter = "n" if actor.handle.ident is None else "e"
    else:
        letter = "w" if actor.in_step else "r"
    return letter.upper() if actor.handle.daemon else letter


def has_mine(step):
    return step.form == "end" or (step.form == "plain" and step.operation not in ("exit", "leave"))


def view(world, step, threads):
    locks = "".join(str(int(lock.locked())) for lock in world.locks)
    rlocks = "".join(str(int(is_locked(rlock))) for rlock in world.rlocks)
    mine = " mine " + ",".join(map(str, world.actors[step.thread].mine)) if has_mine(step) else ""
    letters = "".join(letter_of(actor) for actor in world.actors[1 : threads + 1])
    return f"  locks {locks} rlocks {rlocks}{mine} threads {letters} active {threading.active_count()}"


def play(heading, threads, steps, limit):
    world = World()
    print("scenario", heading.split()[1])
    for number, step in enumerate(steps):
        sys.stdout.flush()
        try:
            result = play_step(world, step, limit)
        except Hangs:
            print(number + 1, step.text, ":", "HANGS", flush=True)
            os._exit(3)
        print(number + 1, step.text, ":", result)
        if number + 1 == len(steps) or steps[number + 1].form != "end":
            print(view(world, step, threads))
    print("done")
    for rlock in world.rlocks:
        while rlock._is_owned():
            rlock.release()
    for actor in world.actors[1:]:
        if actor.handle is not None and actor.handle.ident is not None:
            actor.handle.join(limit)


def main():
    limit = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    lines = iter(sys.stdin.read().splitlines())
    for heading in lines:
        threads = int(next(lines).split()[1])
        steps = []
        for line in iter(lambda: next(lines), "done"):
            steps.append(Step(line))
        play(heading, threads, steps, limit)


if __name__ == "__main__":
    main()
