# SPDX-License-Identifier: MIT
"""Runs one of CPython's own tests, as an installed CPython has them, with the C library in the place of Python's.

    python3 -B run_tests.py                 tells which Python this is, and lists the tests
    python3 -B run_tests.py LIBRARY NAME    runs one, LockTests.test_with or the like, with this shared library
    python3 -B run_tests.py LIBRARY --batch PREFIX NAME...    runs each in a child, and tells of it as tests/support/batch.c does

Every thread of these tests is one that the library did not start. The exit status is 77 where a test cannot be run.
"""
import faulthandler
import os
import sys
import time
import types
import unittest

try:
    from test import lock_tests, test_queue
except ImportError as error:
    print(f"SKIP: this Python has no tests of CPython: {error}")
    sys.exit(77)

LIMIT = 50  # seconds, less than CTest's: then Python tells where its threads are

# Our name of a class of tests: the class, the attribute that says what is tested, and what that is in threading_c.
CLASSES = {
    "LockTests": (lock_tests.LockTests, "locktype", "Lock"),
    "RLockTests": (lock_tests.RLockTests, "locktype", "RLock"),
    "ConditionAsRLockTests": (lock_tests.RLockTests, "locktype", "Condition"),
    "ConditionTests": (lock_tests.ConditionTests, "condtype", "Condition"),
    "EventTests": (lock_tests.EventTests, "eventtype", "Event"),
    "SemaphoreTests": (lock_tests.SemaphoreTests, "semtype", "Semaphore"),
    "BoundedSemaphoreTests": (lock_tests.BoundedSemaphoreTests, "semtype", "BoundedSemaphore"),
    "BarrierTests": (lock_tests.BarrierTests, "barriertype", "Barrier"),
    # The library's own queues.
    "QueueTest": (test_queue.QueueTest, "queue", None),
    "LifoQueueTest": (test_queue.LifoQueueTest, "queue", None),
    "PriorityQueueTest": (test_queue.PriorityQueueTest, "queue", None),
    # Python's queues, built on the library's Lock, Condition and Semaphore.
    "PyQueueTest": (test_queue.PyQueueTest, None, None),
    "PyLifoQueueTest": (test_queue.PyLifoQueueTest, None, None),
    "PyPriorityQueueTest": (test_queue.PyPriorityQueueTest, None, None),
    "PyFailingQueueTest": (test_queue.PyFailingQueueTest, None, None),
    "PySimpleQueueTest": (test_queue.PySimpleQueueTest, None, None),
}

# What is left out, and why. All else runs as it is.
LEFT_OUT = {
    "ConditionAsRLockTests.test_recursion_count": "a Condition has no _recursion_count, in Python neither",
    "ConditionAsRLockTests.test_repr_count": "a Condition has no count, and only an RLock's owner is told its level",
    "RLockTests.test_repr_count": "only an RLock's owner is told its level",
}


def reinitialised_event_works(self):
    event = self.eventtype()
    event._at_fork_reinit()
    self.assertFalse(event.is_set())
    self.assertFalse(event.wait(0))
    event.set()
    self.assertTrue(event.wait())


# What is replaced, because it looks at the insides of Python's own objects.
ADAPTED = {
    # It acquires the event's _cond; an event of the library has no lock inside.
    "EventTests.test_at_fork_reinit": reinitialised_event_works,
}


# What expects threads to come in a short time, which a busy machine may not grant. For these time goes five times as slow.
SLOWED = [
    "BarrierTests.test_default_timeout",  # 0.3 s for all five
    "BarrierTests.test_timeout",  # 0.5 s
    "EventTests.test_set_and_clear",  # 0.25 s
    "ConditionTests.test_waitfor_timeout",  # 0.1 s, tenfold at most
]


def list_tests():
    print(sys.executable)
    for name, (base, _, _) in CLASSES.items():
        for method in unittest.TestLoader().getTestCaseNames(base):
            print(f"{name}.{method}")


def rebind(module, here):
    """Gives a module a `threading` that makes the library's objects."""
    names = "Lock RLock Condition Event Semaphore BoundedSemaphore Barrier enumerate active_count".split()
    module.threading = types.SimpleNamespace(**vars(module.threading))
    for name in names:
        setattr(module.threading, name, getattr(here, name))


def slow_down(module, here, pace):
    """Time for a module that only sleeps and reads the monotonic clock, and the timeouts of the library's objects."""
    here.pace = pace
    module.time = types.SimpleNamespace(
        sleep=lambda seconds: time.sleep(seconds * pace), monotonic=lambda: time.monotonic() / pace
    )


def test_case(name, method):
    import threading_c  # loads the library, which listing does without

    rebind(lock_tests, threading_c)
    rebind(test_queue.py_queue, threading_c)
    lock_tests.TIMEOUT_MAX = threading_c.TIMEOUT_MAX  # Python's is shorter on Windows
    if f"{name}.{method}" in SLOWED:
        slow_down(lock_tests, threading_c, 5)
    base, attribute, what = CLASSES[name]
    members = {}
    if attribute is not None:
        members[attribute] = getattr(threading_c, what) if what else threading_c
    if f"{name}.{method}" in ADAPTED:
        members[method] = ADAPTED[f"{name}.{method}"]
    return type(name, (base, unittest.TestCase), members)(method), threading_c.active_count


def run_test(name):
    if name in LEFT_OUT:
        print(f"SKIP: {LEFT_OUT[name]}")
        return 77
    faulthandler.enable()
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    case, active_count = test_case(*name.split("."))
    before = active_count()
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(case)
    for _, reason in result.skipped:
        print(f"SKIP: CPython's test says: {reason}")
        return 77
    if active_count() != before:
        print(f"The library knows {active_count()} threads after the test, {before} before.")
        return 1
    return 0 if result.testsRun == 1 and result.wasSuccessful() else 1


def run_in_child(name):
    """What the child has printed, and its exit status, negative for a signal. The child has not loaded the library before."""
    sys.stdout.flush()
    output, inherited = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(inherited, 1)
        os.dup2(inherited, 2)
        sys.exit(run_test(name))
    os.close(inherited)
    with os.fdopen(output, errors="replace") as text:
        printed = text.read()
    return printed, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_batch(prefix, names):
    verdicts = {0: "  Passed", 77: "***Skipped"}
    failed = 0
    for name in names:
        begun = time.monotonic()
        printed, code = run_in_child(name)
        if code != 0:
            print(printed)
        verdict = verdicts.get(code, f"***Failed: exit status {code},")
        print(f"@case {prefix}.{name} {verdict} {time.monotonic() - begun:.2f} sec", flush=True)
        failed += code not in verdicts
    print(f"@over {failed}")
    return 1 if failed > 0 else 0


if __name__ == "__main__":
    if len(sys.argv) == 1:
        list_tests()
    else:
        os.environ["THREADING_LIBRARY"] = sys.argv[1]
        if sys.argv[2] == "--batch":
            sys.exit(run_batch(sys.argv[3], sys.argv[4:]))
        sys.exit(run_test(sys.argv[2]))
