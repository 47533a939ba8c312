# SPDX-License-Identifier: MIT
"""The shared library from Python, by ctypes alone: docs/languages.md tells the rules that this keeps.

    from_python.py path/of/the/library [FromPython.test_…]
"""
import ctypes
import subprocess
import sys
import threading
import time
import unittest

# CDLL gives up the GIL during a call, so that other threads of Python run while this one waits. PyDLL would not.
library = ctypes.CDLL(sys.argv.pop(1))

HANDLE, SECONDS, COUNT, FLAG = ctypes.c_void_p, ctypes.c_double, ctypes.c_size_t, ctypes.c_bool
TEXT, STATUS = ctypes.c_char_p, ctypes.c_int
TARGET = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)  # takes the GIL when it is called
WRITE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)  # text that does not end in a 0
DESTRUCTOR = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint64))
FOREVER = -1.0


class Options(ctypes.Structure):
    """threading_thread_options_t."""

    _fields_ = [
        ("name", TEXT),
        ("daemon", ctypes.c_int),
        ("stack_size", COUNT),
        ("stop", HANDLE),
        ("priority", ctypes.c_int),
        ("reserved", ctypes.c_void_p * 2),
    ]


PROTOTYPES = {
    TEXT: {"version": [], "backend": [], "status_name": [STATUS], "thread_name": [HANDLE]},
    HANDLE: {
        "thread_new": [TARGET, HANDLE, ctypes.POINTER(Options)],
        "current_thread": [],
        "main_thread": [],
        "thread_retain": [HANDLE],
        "queue_new": [ctypes.c_int, COUNT, COUNT, HANDLE],
    },
    None: {"thread_free": [HANDLE], "queue_free": [HANDLE]},
    FLAG: {
        "thread_daemon": [HANDLE],
        "thread_is_alive": [HANDLE],
        "lock_locked": [HANDLE],
        "event_is_set": [HANDLE],
    },
    COUNT: {"active_count": [], "queue_size": [HANDLE]},
    SECONDS: {"timeout_max": [], "monotonic": []},
    ctypes.c_uint32: {"get_ident": [], "thread_ident": [HANDLE]},
    STATUS: {
        "thread_start": [HANDLE],
        "thread_join": [HANDLE],
        "thread_join_timeout": [HANDLE, SECONDS],
        "thread_result": [HANDLE, ctypes.POINTER(ctypes.c_void_p)],
        "lock_init": [HANDLE],
        "lock_acquire": [HANDLE],
        "lock_try_acquire": [HANDLE],
        "lock_acquire_timeout": [HANDLE, SECONDS],
        "lock_release": [HANDLE],
        "dump": [WRITE, HANDLE],
        "object_set_name": [HANDLE, TEXT],
        "event_set": [HANDLE],
        "event_wait": [HANDLE],
        "event_wait_timeout": [HANDLE, SECONDS],
        "queue_set_destructor": [HANDLE, DESTRUCTOR],
        "queue_put": [HANDLE, HANDLE],
        "queue_get": [HANDLE, HANDLE],
        "queue_try_get": [HANDLE, HANDLE],
        "queue_shutdown": [HANDLE, FLAG],
    },
}
for result, functions in PROTOTYPES.items():
    for name, arguments in functions.items():
        function = getattr(library, "threading_" + name)
        function.restype, function.argtypes = result, arguments


def statuses():
    """The codes by name, as the library itself tells them, without the header."""
    codes = {}
    code = 0
    while (name := library.threading_status_name(code)) != b"THREADING_UNKNOWN":
        codes[name.decode()[len("THREADING_") :]] = code
        code += 1
    return codes


STATUSES = statuses()
OK = STATUSES["OK"]


def new_object():
    """Zeroed memory for any object that is not a handle: none is larger than 256 bytes, aligned as for any type."""
    return (ctypes.c_uint64 * 32)()


class FromPython(unittest.TestCase):
    def check(self, status, expected="OK"):
        self.assertEqual(library.threading_status_name(status).decode(), "THREADING_" + expected)

    def start(self, function, *arguments):
        """A thread of the library; the callback must live as long as the thread, so the test keeps it."""
        target = TARGET(function)
        self.addCleanup(lambda: target)
        thread = library.threading_thread_new(target, None, *arguments or (None,))
        self.addCleanup(library.threading_thread_free, thread)
        self.check(library.threading_thread_start(thread))
        return thread

    def test_the_statuses_can_be_learned(self):
        self.assertEqual(STATUSES["OK"], 0)
        self.assertIn("UNSUPPORTED", STATUSES)
        self.assertIn(library.threading_backend(), [b"posix", b"win32", b"c11"])
        self.assertGreater(library.threading_timeout_max(), 1e9)

    def test_a_thread_runs_python_under_its_own_name(self):
        seen = {}

        def work(argument):
            me = library.threading_current_thread()
            seen.update(argument=argument, name=library.threading_thread_name(me), ident=library.threading_get_ident())
            seen.update(python=threading.current_thread().name)
            return 42

        target = TARGET(work)
        options = Options(name="Arbeiter ß".encode(), daemon=-1)
        thread = library.threading_thread_new(target, 7, ctypes.byref(options))
        self.check(library.threading_thread_join(thread), "NOT_STARTED")
        self.check(library.threading_thread_start(thread))
        self.check(library.threading_thread_join(thread))
        result = ctypes.c_void_p()
        self.check(library.threading_thread_result(thread, ctypes.byref(result)))
        self.assertEqual(result.value, 42)
        self.assertEqual(seen["argument"], 7)
        self.assertEqual(seen["name"].decode(), "Arbeiter ß")
        self.assertEqual(seen["ident"], library.threading_thread_ident(thread))
        self.assertTrue(seen["python"].startswith("Dummy"), "to Python the thread is a foreign one")
        self.assertFalse(library.threading_thread_daemon(thread))
        library.threading_thread_free(thread)

    def test_waiting_lets_other_threads_of_python_run(self):
        event, ready = new_object(), new_object()

        def work(_):
            library.threading_event_set(ready)
            return library.threading_event_wait(event)

        thread = self.start(work)
        self.check(library.threading_event_wait(ready))
        self.check(library.threading_thread_join_timeout(thread, 0.01), "TIMEOUT")
        library.threading_event_set(event)
        self.check(library.threading_thread_join(thread))

    def test_a_lock_excludes_threads_of_python(self):
        lock, total = new_object(), [0]

        def add():
            for _ in range(300):
                self.check(library.threading_lock_acquire(lock))
                before = total[0]
                library.threading_get_ident()  # lets other threads run
                total[0] = before + 1
                self.check(library.threading_lock_release(lock))

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(total, [1200])
        self.check(library.threading_lock_release(lock), "NOT_HELD")

    def test_a_lock_is_released_by_another_thread(self):
        lock = new_object()
        self.check(library.threading_lock_acquire(lock))
        self.check(library.threading_lock_try_acquire(lock), "BUSY")
        self.check(library.threading_lock_acquire_timeout(lock, 0.01), "TIMEOUT")
        thread = threading.Thread(target=library.threading_lock_release, args=(lock,))
        thread.start()
        self.check(library.threading_lock_acquire(lock))
        thread.join()

    def test_threads_of_python_are_foreign_daemons(self):
        seen = {}

        def look():
            seen["unknown"] = library.threading_active_count()
            me = library.threading_current_thread()
            seen.update(name=library.threading_thread_name(me), daemon=library.threading_thread_daemon(me))
            seen.update(known=library.threading_active_count(), join=library.threading_thread_join(me))
            seen.update(ident=library.threading_get_ident(), same=library.threading_thread_ident(me))

        before = library.threading_active_count()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        self.assertEqual(seen["unknown"], before)
        self.assertEqual(seen["known"], before + 1)
        self.assertRegex(seen["name"], b"^Dummy-[0-9]+$")
        self.assertTrue(seen["daemon"])
        self.check(seen["join"], "INVALID")
        self.assertEqual(seen["ident"], seen["same"])
        self.assertNotIn(seen["ident"], [0, library.threading_get_ident()])
        while library.threading_active_count() != before:  # Python's join does not wait for the system's thread
            time.sleep(0.001)
        main = library.threading_main_thread()
        self.assertEqual(library.threading_thread_name(main), b"MainThread")
        self.assertEqual(library.threading_current_thread(), main)

    def test_a_queue_passes_numbers_and_drops_them_through_a_callback(self):
        queue = library.threading_queue_new(0, 8, 3, None)
        dropped = []
        destructor = DESTRUCTOR(lambda item: dropped.append(item[0]))
        self.check(library.threading_queue_set_destructor(queue, destructor))

        def produce(_):
            for number in range(10):
                library.threading_queue_put(queue, ctypes.byref(ctypes.c_uint64(number)))

        thread = self.start(produce)
        got, item = [], ctypes.c_uint64()
        for _ in range(8):
            self.check(library.threading_queue_get(queue, ctypes.byref(item)))
            got.append(item.value)
        self.check(library.threading_thread_join(thread))
        self.assertEqual(got, list(range(8)))
        self.check(library.threading_queue_shutdown(queue, True))
        self.assertEqual(dropped, [8, 9])
        self.check(library.threading_queue_get(queue, ctypes.byref(item)), "SHUTDOWN")
        library.threading_queue_free(queue)

    def test_shutdown_at_exit_waits_while_python_still_works(self):
        program = """if True:
            import atexit, ctypes, sys
            library = ctypes.CDLL(sys.argv[1])
            library.threading_thread_new.restype = ctypes.c_void_p
            def work(_):
                library.threading_sleep(ctypes.c_double(0.1))
                print("worker is done", flush=True)
            target = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(work)
            thread = ctypes.c_void_p(library.threading_thread_new(target, None, None))
            library.threading_thread_start(thread)
            atexit.register(library.threading_shutdown)
            print("main is done", flush=True)
        """
        command = [sys.executable, "-B", "-c", program, library._name]
        self.assertEqual(subprocess.check_output(command, text=True).split("\n")[:2], ["main is done", "worker is done"])

    def test_a_dump_tells_what_a_thread_waits_for(self):
        event, pieces = new_object(), []
        write = WRITE(lambda _, text, length: pieces.append(ctypes.string_at(text, length)))
        self.check(library.threading_object_set_name(event, b"ready"))
        thread = self.start(lambda _: library.threading_event_wait(event))
        while b'waits for Event "ready" at 0x' not in b"".join(pieces):
            pieces.clear()
            self.check(library.threading_dump(write, None))
            time.sleep(0.001)
        self.assertTrue(all(piece.endswith(b"\n") for piece in pieces))
        self.check(library.threading_event_set(event))
        self.check(library.threading_thread_join(thread))

    def test_a_wrong_number_is_told_and_nothing_happens(self):
        self.check(library.threading_thread_start(None), "INVALID")
        self.check(library.threading_event_wait_timeout(new_object(), float("nan")), "INVALID")
        self.check(library.threading_event_wait_timeout(new_object(), 1e300), "OVERFLOW")
        self.assertFalse(library.threading_lock_locked(None))


if __name__ == "__main__":
    unittest.main()
