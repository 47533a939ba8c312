# SPDX-License-Identifier: MIT
"""The C library with the faces of Python's `threading` and `queue`: as much of them as CPython's tests use.

The environment variable THREADING_LIBRARY is the path of the shared library. Whatever can be left to the library is left
to it: what is checked here is only what C's types or spellings cannot say.
"""
import ctypes
import itertools
import os
import queue
import threading

# Unlike PyDLL, it lets other threads of Python run during a call.
library = ctypes.CDLL(os.environ["THREADING_LIBRARY"])

POINTER, SECONDS, COUNT = ctypes.c_void_p, ctypes.c_double, ctypes.c_size_t
ACTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
PREDICATE = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)
ITEM = ctypes.POINTER(ctypes.c_uint64)
COMPARISON = ctypes.CFUNCTYPE(ctypes.c_int, ITEM, ITEM)
DESTRUCTOR = ctypes.CFUNCTYPE(None, ITEM)

BrokenBarrierError = threading.BrokenBarrierError
Empty, Full = queue.Empty, queue.Full
ShutDown = getattr(queue, "ShutDown", None) or type("ShutDown", (Exception,), {})  # new in Python 3.13

ERRORS = {
    "THREADING_INVALID": ValueError,
    "THREADING_OVERFLOW": OverflowError,
    "THREADING_NOT_HELD": RuntimeError,
    "THREADING_NOT_OWNER": RuntimeError,
    "THREADING_DEADLOCK": RuntimeError,
    "THREADING_NO_MEMORY": MemoryError,
    "THREADING_BROKEN": BrokenBarrierError,
    "THREADING_EMPTY": Empty,
    "THREADING_FULL": Full,
    "THREADING_SHUTDOWN": ShutDown,
}


def succeeded(status):
    """What a status is in Python: True; False when the time ran out or it could not be had at once; or an error."""
    name = library.threading_status_name(status).decode()
    if name == "THREADING_OK":
        return True
    if name in ("THREADING_TIMEOUT", "THREADING_BUSY"):
        return False
    raise ERRORS[name](library.threading_status_message(status).decode())


def declare(result, arguments, *names):
    for name in names:
        function = getattr(library, "threading_" + name)
        function.restype, function.argtypes = result, arguments


def each(nouns, verbs):
    return [f"{noun}_{verb}" for noun in nouns for verb in verbs]


LOCKS = ["lock", "rlock", "condition", "semaphore", "bounded_semaphore"]
declare(ctypes.c_char_p, [ctypes.c_int], "status_name", "status_message")
declare(SECONDS, [], "timeout_max")
declare(COUNT, [], "active_count")
declare(succeeded, [POINTER], *each(["lock", "rlock", "condition", "event"], ["init"]))
declare(succeeded, [POINTER, COUNT], *each(["semaphore", "bounded_semaphore", "barrier"], ["init"]))
declare(succeeded, [POINTER], *each(LOCKS, ["acquire", "try_acquire", "release"]))
declare(succeeded, [POINTER, SECONDS], *each(LOCKS, ["acquire_timeout"]))
declare(ctypes.c_bool, [POINTER], *each(["lock", "rlock", "condition"], ["locked"]))
declare(ctypes.c_bool, [POINTER], *each(["rlock", "condition"], ["is_owned"]))
declare(COUNT, [POINTER], "rlock_count")
declare(succeeded, [POINTER, POINTER], *each(["condition"], ["init_lock", "init_rlock"]))
declare(succeeded, [POINTER], *each(["condition", "event"], ["wait"]), "condition_notify_all")
declare(succeeded, [POINTER, SECONDS], *each(["condition", "event"], ["wait_timeout"]))
declare(succeeded, [POINTER, PREDICATE, POINTER], "condition_wait_for")
declare(succeeded, [POINTER, PREDICATE, POINTER, SECONDS], "condition_wait_for_timeout")
declare(succeeded, [POINTER, COUNT], "condition_notify", *each(["semaphore", "bounded_semaphore"], ["release_n"]))
declare(COUNT, [POINTER], *each(["semaphore", "bounded_semaphore"], ["value"]))
declare(succeeded, [POINTER], *each(["event"], ["set", "clear"]))
declare(ctypes.c_bool, [POINTER], "event_is_set")
declare(succeeded, [POINTER, COUNT, ACTION, POINTER, SECONDS], "barrier_init_with")
declare(succeeded, [POINTER, POINTER], "barrier_wait")
declare(succeeded, [POINTER, SECONDS, POINTER], "barrier_wait_timeout")
declare(succeeded, [POINTER], *each(["barrier"], ["reset", "abort"]))
declare(COUNT, [POINTER], *each(["barrier"], ["parties", "n_waiting"]))
declare(ctypes.c_bool, [POINTER], "barrier_broken")
declare(POINTER, [ctypes.c_int, COUNT, COUNT, COMPARISON], "queue_new")
declare(None, [POINTER], "queue_free")
declare(succeeded, [POINTER, DESTRUCTOR], "queue_set_destructor")
declare(succeeded, [POINTER, POINTER], *each(["queue"], ["put", "try_put", "get", "try_get"]))
declare(succeeded, [POINTER, POINTER, SECONDS], "queue_put_timeout")
declare(succeeded, [POINTER, SECONDS, POINTER], "queue_get_timeout")
declare(succeeded, [POINTER], *each(["queue"], ["task_done", "join"]))
declare(succeeded, [POINTER, COUNT], "queue_set_maxsize")
declare(succeeded, [POINTER, ctypes.c_bool], "queue_shutdown")
declare(COUNT, [POINTER], *each(["queue"], ["size", "unfinished", "maxsize"]))
declare(ctypes.c_bool, [POINTER], *each(["queue"], ["empty", "full", "is_shutdown"]))

FOREVER = -1.0
TIMEOUT_MAX = library.threading_timeout_max()
pace = 1  # how many real seconds a second of the test lasts


def active_count():
    return library.threading_active_count()


def enumerate():  # pylint: disable=redefined-builtin
    """As many entries as the library knows threads."""
    return list(range(active_count()))


def real(seconds):
    return seconds if seconds == FOREVER else seconds * pace


def count(number):
    """C's counts have no sign, and ctypes would not mind a negative number."""
    if number < 0:
        raise ValueError("a count cannot be negative")
    return number


class Object:
    """Memory for an object of the library: none is larger than 256 bytes, and none needs to be destroyed."""

    noun = None  # what it is called in the names of the library's functions

    def __init__(self, *arguments, init="init"):
        self._as_parameter_ = (ctypes.c_uint64 * 32)()
        self.call(init, *arguments)

    def call(self, verb, *arguments):
        return getattr(library, f"threading_{self.noun}_{verb}")(self, *arguments)

    def call_within(self, timeout, verb, *arguments):
        """`verb`, or `verb_timeout` if there is one."""
        if timeout is None:
            return self.call(verb, *arguments)
        return self.call(verb + "_timeout", *arguments, real(timeout))

    def describe(self, text):
        return f"<threading_c.{type(self).__name__} at {id(self):#x}: {text}>"


class Acquirable(Object):
    def acquire(self, blocking=True, timeout=None):
        if blocking:
            return self.call_within(timeout, "acquire")
        if timeout is not None:
            raise ValueError("a try takes no timeout")
        return self.call("try_acquire")

    def release(self):
        self.call("release")

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()


class Lock(Acquirable):
    noun = "lock"

    def locked(self):
        return self.call("locked")

    def _at_fork_reinit(self):
        self.call("init")

    def __repr__(self):
        state = "locked" if self.locked() else "unlocked"
        return f"<{state} threading_c.{type(self).__name__} object at {id(self):#x}>"


class RLock(Lock):
    noun = "rlock"

    def _is_owned(self):
        return self.call("is_owned")

    def _recursion_count(self):
        return self.call("count")

    def _release_save(self):
        levels = 0
        while levels == 0 or self._is_owned():
            self.release()
            levels += 1
        return levels

    def _acquire_restore(self, levels):
        for _ in range(levels):
            self.acquire()


class Condition(RLock):
    """Has an RLock of its own, and so is one, or the lock that it is given."""

    noun = "condition"

    def __init__(self, lock=None):
        self._lock = lock  # kept alive
        if lock is None:
            super().__init__()
        else:
            super().__init__(lock, init="init_" + lock.noun)

    def wait(self, timeout=None):
        return self.call_within(timeout, "wait")

    def wait_for(self, predicate, timeout=None):
        answer = None

        def ask(_):
            nonlocal answer
            answer = predicate()
            return bool(answer)

        self.call_within(timeout, "wait_for", PREDICATE(ask), None)
        return answer

    def notify(self, n=1):
        self.call("notify", count(n))

    def notify_all(self):
        self.call("notify_all")


class Semaphore(Acquirable):
    noun = "semaphore"

    def __init__(self, value=1):
        super().__init__(count(value))
        self._initial = value

    def release(self, n=1):
        if n == 1:
            self.call("release")
        else:
            self.call("release_n", count(n))

    def __repr__(self):
        return self.describe(f"value={self.call('value')}")


class BoundedSemaphore(Semaphore):
    noun = "bounded_semaphore"

    def __repr__(self):
        return self.describe(f"value={self.call('value')}/{self._initial}")


class Event(Object):
    noun = "event"

    def set(self):
        self.call("set")

    def clear(self):
        self.call("clear")

    def is_set(self):
        return self.call("is_set")

    def wait(self, timeout=None):
        return self.call_within(timeout, "wait")

    def _at_fork_reinit(self):
        self.call("init")

    def __repr__(self):
        return self.describe("set" if self.is_set() else "unset")


class Barrier(Object):
    noun = "barrier"

    def __init__(self, parties, action=None, timeout=None):
        if action is None and timeout is None:
            super().__init__(count(parties))
            return
        self._action = ACTION(lambda _: action()) if action else ACTION()  # kept alive
        timeout = FOREVER if timeout is None else real(timeout)
        super().__init__(count(parties), self._action, None, timeout, init="init_with")

    def wait(self, timeout=None):
        index = ctypes.c_size_t()
        if timeout is None:
            self.call("wait", ctypes.byref(index))
        else:
            self.call("wait_timeout", real(timeout), ctypes.byref(index))
        return index.value

    def reset(self):
        self.call("reset")

    def abort(self):
        self.call("abort")

    @property
    def parties(self):
        return self.call("parties")

    @property
    def n_waiting(self):
        return self.call("n_waiting")

    @property
    def broken(self):
        return self.call("broken")

    def __repr__(self):
        return self.describe("broken" if self.broken else f"waiters={self.n_waiting}/{self.parties}")


class Queue(Object):
    """The library's queue holds numbers, which stand for objects of Python."""

    noun = "queue"
    kind = 0  # THREADING_QUEUE_FIFO

    def __init__(self, maxsize=0):
        self._numbers = itertools.count(1)
        self._items = items = {}

        def compare(left, right):
            left, right = items[left[0]], items[right[0]]
            return -1 if left < right else 1 if right < left else 0

        self._callbacks = COMPARISON(compare), DESTRUCTOR(lambda item: items.pop(item[0]) and None)  # kept alive
        self._as_parameter_ = library.threading_queue_new(self.kind, 8, max(maxsize, 0), self._callbacks[0])
        if self._as_parameter_ is None:
            raise MemoryError
        self.call("set_destructor", self._callbacks[1])

    def __del__(self, free=library.threading_queue_free):
        free(self._as_parameter_)

    @staticmethod
    def _check(timeout):
        if timeout == FOREVER:
            raise ValueError("a queue of Python takes no negative timeout, where C's has no limit")

    def put(self, item, block=True, timeout=None):
        number = ctypes.c_uint64(next(self._numbers))
        self._items[number.value] = item
        try:
            if not block:
                self.call("try_put", ctypes.byref(number))
            else:
                self._check(timeout)
                if not self.call_within(timeout, "put", ctypes.byref(number)):
                    raise Full
        except BaseException:
            del self._items[number.value]
            raise

    def get(self, block=True, timeout=None):
        number = ctypes.c_uint64()
        if not block:
            self.call("try_get", ctypes.byref(number))
        elif timeout is None:
            self.call("get", ctypes.byref(number))
        else:
            self._check(timeout)
            if not self.call("get_timeout", timeout, ctypes.byref(number)):
                raise Empty
        return self._items.pop(number.value)

    def put_nowait(self, item):
        self.put(item, block=False)

    def get_nowait(self):
        return self.get(block=False)

    def task_done(self):
        self.call("task_done")

    def join(self):
        self.call("join")

    def qsize(self):
        return self.call("size")

    def empty(self):
        return self.call("empty")

    def full(self):
        return self.call("full")

    def shutdown(self, immediate=False):
        self.call("shutdown", immediate)

    @property
    def maxsize(self):
        return self.call("maxsize")

    @maxsize.setter
    def maxsize(self, maxsize):
        self.call("set_maxsize", max(maxsize, 0))

    @property
    def is_shutdown(self):
        return self.call("is_shutdown")

    @property
    def unfinished_tasks(self):
        return self.call("unfinished")


class LifoQueue(Queue):
    kind = 1  # THREADING_QUEUE_LIFO


class PriorityQueue(Queue):
    kind = 2  # THREADING_QUEUE_PRIORITY
