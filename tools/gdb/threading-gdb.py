# SPDX-License-Identifier: MIT
"""What the objects of the threading library are doing, in gdb: in a process that runs, or in a core file.

    (gdb) source tools/gdb/threading-gdb.py
    (gdb) threading threads         all threads, in the words of threading_dump(), and the call that each is in; then rings
    (gdb) threading show EXPRESSION an object: its state, its owner, and who waits for it
    (gdb) print lock                the same, wherever gdb prints such an object

It reads the fields of the library's structs by their names, so the library has to be built with -g, and script and
library have to be of the same version. Nothing is called in the process.
"""

import gdb

STATES = ["not started", "starting", "running", "leaving", "ended"]  # TI_NEW ... in src/core/thread/thread.h
BARRIER_STATES = ["filling", "acting", "broken"]  # src/core/sync/barrier.c
QUEUE_KINDS = ["FIFO", "LIFO", "priority"]  # threading_queue_kind_t
WRITING, READERS = 0x80000000, 0x3FFFFFFF  # src/core/sync/bias.h
IDENT_LIMIT = 0x80000000  # src/core/parking/registry.h
# What is waited for, by ti_on in src/core/parking/blocked.h: the kind, and the purpose; as in src/core/diagnosis/dump.c.
WAITS = [("", ""), ("Lock", ""), ("RLock", ""), ("RLock of Condition", ""), ("Condition", ""), ("Semaphore", ""),
         ("BoundedSemaphore", ""), ("Event", ""), ("Barrier", ""), ("Once", ""), ("RWLock", ", to read"), ("RWLock", ", to write"), ("Thread", ""),
         ("Timer", ""), ("sleep", ""), ("Queue", ", for an item"), ("Queue", ", for room"),
         ("Queue", ", for all items to be done"), ("Future", ""), ("wait_any", ""), ("Executor", ", for the items of a map"),
         ("Executor", ", for the pieces of a loop"), ("Group", ", for its tasks"),
         ("Executor", ", for a task"), ("Executor", ", for room"), ("lock inside", ""), ("exit", "")]
ON_CONDITION, ON_BARRIER, ON_ONCE, ON_READ, ON_WRITE, ON_THREAD, ON_FUTURE, ON_ANY, ON_MAP, ON_LOOP, ON_GROUP = (
    4, 8, 9, 10, 11, 12, 18, 19, 20, 21, 22)
OWNED = (2, 3, ON_ONCE, ON_READ, ON_WRITE, ON_THREAD, ON_FUTURE)  # ti_ring_is_owned() in src/core/diagnosis/ring.c
WHOLE_WAITS = {13: "waits until its Timer is due", 14: "sleeps", ON_ANY: "waits for any of several",
               26: "waits for the end of the process"}
LOCKERS, OBSERVERS, WATCHERS, RW_LOCKERS = 0, 2, 3, 4  # ti_wait_kind in src/core/parking/parking.h
SOURCES = ["", "Thread", "Event", "Semaphore", "BoundedSemaphore", "Queue", "Future"]  # threading_source_kind_t
FOREVER = 0xFFFFFFFF  # the lower half of TI_FOREVER
FUTURE_STATES = ["running", "cancelled", "cancelled, and told", "finished"]  # from IDENT_LIMIT on, src/core/tasks/future.h


# ---- reading


def variable(name):
    """A variable of the library."""
    try:
        return gdb.parse_and_eval(name)
    except gdb.error as error:
        raise gdb.GdbError(
            f"threading-gdb.py: cannot read {name} ({error}). Is the program running, and was the library built with -g?"
        )


def field(value, name):
    try:
        return value[name]
    except (gdb.error, KeyError):
        raise gdb.GdbError(
            f"threading-gdb.py: {value.type} has no field '{name}': the library is of another version, or was built without -g"
        )


def number(value):
    return int(value)


def items(first, link="next"):
    """A list that is linked by a field."""
    while number(first) != 0:
        yield first.dereference()
        first = field(first.dereference(), link)


def symbol_at(address):
    """The name of what is at an address, if it has one: 'lock', 'table + 8'; else the address."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return text.split(" in section ")[0] if " in section " in text else f"{address:#x}"


# ---- threads


class Thread:
    """A thread as the library knows it: its ti_self, its Thread object, either of which may be None."""

    def __init__(self, self_value, record):
        self.value = self_value
        self.record = record

    def ident(self):
        if self.value is not None:
            return number(field(field(self.value, "fast"), "ident"))
        return number(field(self.record, "ident"))

    def name(self):
        if self.record is None:
            return '"foreign"'
        text = field(field(self.record, "name").dereference(), "text")
        return '"' + text.string("utf-8", "replace") + '"'

    def state(self):
        if self.record is None:
            return "running"
        state = number(field(self.record, "state"))
        return STATES[state] if state < len(STATES) else str(state)

    def notes(self):
        if self.record is None or number(field(self.record, "kind")) == 2:
            return "not started here"
        notes = ["daemon" if number(field(self.record, "daemon")) else "",
                 "worker" if number(field(self.record, "is_worker")) else ""]
        if self.state() != "running":
            notes.append(self.state())
        return ", ".join(note for note in notes if note)

    def wait(self):
        """What it sleeps for: its note, or None."""
        note = field(self.value, "blocked") if self.value is not None else None
        return note if note is not None and number(field(note, "version")) % 2 else None

    def on(self):
        return number(field(self.wait(), "shown_on")) if self.wait() is not None else 0


def all_threads():
    """Those in the registry: the objects first, in the order of their start, then foreign threads without one."""
    registry = variable("ti_registry")
    table = field(registry, "table")
    selves = []
    for i in range(table.type.range()[1] + 1):
        if number(table[i]) != 0:
            selves += items(table[i])
    by_record = {number(field(value, "record")): value for value in selves}
    threads = []
    for record in items(field(variable("ti_roll"), "first")):
        threads.append(Thread(by_record.pop(number(record.address), None), record))
    foreign = [value for address, value in by_record.items() if address == 0]
    foreign += [value for value in selves if number(field(value, "record")) == 0 and value not in foreign]
    return threads + sorted((Thread(value, None) for value in foreign), key=Thread.ident)


def who(ident):
    """"Alice" (2)"""
    for thread in all_threads():
        if thread.ident() == ident:
            return f"{thread.name()} ({ident})"
    return f"a thread that has ended ({ident})"


def waiters():
    """Which threads wait at which address: pairs (address, ti_self), in each queue's order."""
    buckets = variable("threading_buckets")
    self_type = gdb.lookup_type("struct ti_self").pointer()
    for i in range(buckets.type.range()[1] + 1):
        for waiter in items(field(buckets[i], "first")):
            yield number(field(waiter, "address")), field(waiter, "self").cast(self_type).dereference()


def waiting_within(address, size):
    """', waiting: ...' for those that wait at some place in an object."""
    names = []
    for place, value in waiters():
        if address <= place < address + size:
            ident = number(field(field(value, "fast"), "ident"))
            names.append(who(ident))
    return ", waiting: " + ", ".join(names) if names else ""


def waiting(value):
    return waiting_within(number(value.address), value.type.sizeof) if value.address is not None else ""


# ---- objects: each in one line


def owned(word, how, free="free"):
    return free if word == 0 else f"{how} {who(word)}"


def show_lock(lock):
    return "Lock, " + owned(number(field(lock, "word")), "acquired by") + waiting(lock)


def show_rlock(rlock):
    count = number(field(rlock, "count"))
    level = f" at level {count}" if count > 1 else ""
    return "RLock, " + owned(number(field(rlock, "owner")), "owned by") + level + waiting(rlock)


def show_condition(condition):
    for name in ("lock", "rlock"):
        if number(field(condition, name)) != 0:
            lock = field(condition, name).dereference()
            return f"Condition{waiting(condition)}; its {show(lock)}"
    own = field(condition, "own")
    place = number(condition.address) if condition.address is not None else 0
    return f"Condition{waiting_within(place, 1)}; its {show_rlock(own)}"


def show_semaphore(semaphore):
    return f"Semaphore, value {number(field(semaphore, 'value'))}" + waiting(semaphore)


def show_bounded_semaphore(semaphore):
    inner = field(semaphore, "semaphore")
    bound = number(field(semaphore, "initial"))
    return f"BoundedSemaphore, value {number(field(inner, 'value'))} of {bound}" + waiting(semaphore)


def show_event(event):
    return ("Event, set" if number(field(event, "flag")) else "Event, not set") + waiting(event)


def show_barrier(barrier):
    state = BARRIER_STATES[number(field(barrier, "state"))]
    arrived, parties = number(field(barrier, "arrived")), number(field(barrier, "parties"))
    return f"Barrier, {state}, {arrived} of {parties} there" + waiting(barrier)


def show_once(once):
    word = number(field(once, "word"))
    state = "done" if word == 0xFFFFFFFF else owned(word, "run by", "not done")
    return f"Once, {state}" + waiting(once)


def readings():
    """The threads' notes of what they read, and of threads that ended before somebody counted it: pairs (ident, note)."""
    selves = [thread.value for thread in all_threads() if thread.value is not None]
    for value in selves + list(items(variable("ti_kept"))):
        reads = field(field(value, "readings"), "known")
        for i in range(reads.type.range()[1] + 1):
            yield number(field(field(value, "fast"), "ident")), reads[i]


def levels_of(reading, lock_bias):
    """How often a note's thread has acquired the lock, as src/core/sync/bias.h tells."""
    bias = number(field(reading, "bias"))
    if bias != 0 and number(field(reading, "marked")) == bias:
        return number(field(reading, "counted"))
    return number(field(reading, "levels")) if bias in (0, lock_bias) else 0


def readers_of(rwlock):
    """Those that are known, and how many levels of them are not in the lock's state while it is biased."""
    address, bias, names, apart = number(rwlock.address), number(field(rwlock, "writer")), [], 0
    for ident, reading in readings():
        levels = levels_of(reading, bias) if number(field(reading, "rwlock")) == address else 0
        if levels > 0:
            names.append(who(ident) + (f" at level {levels}" if levels > 1 else ""))
            apart += levels if number(field(reading, "bias")) != 0 else 0
    return ", ".join(names), apart


def show_readers(rwlock, count):
    return f"read by {count}: {readers_of(rwlock)[0]}" if count > 0 else "free"


def show_rwlock(rwlock):
    state = number(field(rwlock, "state"))
    if state & WRITING and state & READERS:
        text = "biased, " + show_readers(rwlock, (state & READERS) - 1 + readers_of(rwlock)[1])
    elif state & WRITING:
        text = owned(number(field(rwlock, "writer")), "written by")
    else:
        text = show_readers(rwlock, state & READERS)
    return f"RWLock, {text}" + waiting(rwlock)


def show_stop(stop):
    return "Stop, requested" if number(field(stop, "requested")) else "Stop, not requested"


def show_thread(record):
    thread = Thread(None, record)
    notes = thread.notes()
    return f"Thread {thread.name()} ({thread.ident()}), {thread.state()}" + (", " + notes if notes else "")


def show_queue(queue):
    kind = QUEUE_KINDS[number(field(queue, "kind"))]
    limit = number(field(queue, "maxsize"))
    text = f"Queue, {kind}, {number(field(queue, 'count'))} items" + (f" of {limit}" if limit else "")
    text += f", {number(field(queue, 'unfinished'))} unfinished"
    return text + (", shut down" if field(queue, "is_shutdown") else "") + waiting(queue)


def show_future(future):
    state = number(field(future, "state"))
    if state == 0:
        text = "pending"
    elif state < IDENT_LIMIT:
        text = f"run by {who(state)}"
    elif state - IDENT_LIMIT == 3:
        text = f"finished, {field(future, 'status')}, value {number(field(future, 'value')):#x}"
    else:
        text = FUTURE_STATES[state - IDENT_LIMIT]
    return f"Future, {text}" + waiting(future)


def workers_of(executor):
    worker_type = gdb.lookup_type("struct ti_worker").pointer()
    first = number(field(executor, "first"))
    while first != 0:
        worker = gdb.Value(first).cast(worker_type).dereference()
        yield worker
        first = number(field(worker, "next"))


def queued_in(tasks):
    return number(field(tasks, "put")) - number(field(tasks, "taken"))


def show_executor(executor):
    rings = [executor, *workers_of(executor)]
    queued = sum(queued_in(field(ring, "tasks")) for ring in rings)
    text = f"Executor, {len(rings) - 1} of {number(field(executor, 'max_workers'))} workers, {queued} tasks queued"
    text += ", shut down" if field(executor, "is_shutdown") else ""
    refusal = field(executor, "refusal").cast(gdb.lookup_type("threading_status_t"))
    return text + (", broken" if str(refusal) == "THREADING_BROKEN" else "") + waiting(executor)


SHOW = {
    "threading_lock": show_lock,
    "threading_rlock": show_rlock,
    "threading_condition": show_condition,
    "threading_semaphore": show_semaphore,
    "threading_bounded_semaphore": show_bounded_semaphore,
    "threading_event": show_event,
    "threading_barrier": show_barrier,
    "threading_once_state": show_once,
    "threading_rwlock": show_rwlock,
    "threading_stop": show_stop,
    "threading_thread": show_thread,
    "threading_queue": show_queue,
    "threading_future": show_future,
    "threading_executor": show_executor,
}


def tag_of(value_type):
    return value_type.strip_typedefs().unqualified().tag


def show(value):
    return SHOW[tag_of(value.type)](value)


# ---- what a thread waits for


def gdb_threads():
    """gdb's threads by the system's number of each."""
    return {thread.ptid[1] or thread.ptid[2]: thread for thread in gdb.selected_inferior().threads()}


def gdb_thread_of(thread):
    if thread.record is None:
        return thread_by_variable(thread)
    native = number(field(thread.record, "native_id"))
    is_main = number(field(thread.record, "kind")) == 1
    return gdb_threads().get(native or (gdb.selected_inferior().pid if is_main else -1))


def thread_by_variable(thread):
    """A foreign thread: the one whose thread-local variable points to it."""
    before = gdb.selected_thread()
    try:
        for candidate in gdb.selected_inferior().threads():
            candidate.switch()
            try:
                if number(gdb.parse_and_eval("ti_posix_self")) == number(thread.value.address):
                    return candidate
            except gdb.error:
                continue  # no such variable, or no help from the C library to find it
        return None
    finally:
        before.switch()


def is_ours(name):
    return name is not None and name.startswith(("threading_", "ti_"))


def call_of(native):
    """The user's call that a thread is in, its name and its object; each None if it cannot be known."""
    before = gdb.selected_thread()
    name = value = None
    try:
        native.switch()
        frame = gdb.newest_frame()
        while frame is not None and not is_ours(frame.name()):
            frame = frame.older()  # in the system
        while frame is not None and is_ours(frame.name()):
            value = object_of(frame) or value
            if frame.name().startswith("threading_"):
                name = frame.name().replace("_inline", "")
            frame = frame.older()
    except gdb.error:
        pass  # a stack that cannot be followed
    finally:
        before.switch()
    return name, value


def object_of(frame):
    """What the first argument of a function of the library points to; None if that is no object, or not known."""
    try:
        for symbol in frame.block():
            if symbol.is_argument:
                value = frame.read_var(symbol)
                is_object = not value.is_optimized_out and tag_of(value.type.target()) in SHOW
                return value.dereference() if is_object else None
    except (gdb.error, RuntimeError):
        pass  # no debug information, or no pointer
    return None


def object_at(name, place):
    """The object of a call whose argument was optimised away: told from the call's name and where the thread waits."""
    tag = next((tag for tag in ("threading_rlock", "threading_lock") if name.startswith(tag + "_")), None)
    return gdb.Value(place).cast(gdb.lookup_type(f"struct {tag}").pointer()).dereference() if tag else None


def label(address):
    """The name that the program has given to an object, or None."""
    names = variable("ti_names")
    for i in range(names.type.range()[1] + 1):
        for entry in items(names[i]):
            if number(field(entry, "object")) == address:
                return field(entry, "text").cast(gdb.lookup_type("char").const().pointer()).string("utf-8", "replace")
    return None


def named(kind, address, name=None):
    """Lock "account" at 0x1234"""
    name = name or label(address)
    return kind + (f' "{name}"' if name else "") + (f" at {address:#x}" if address else "")


def word_at(address):
    value = number(gdb.Value(address).cast(gdb.lookup_type("unsigned int").pointer()).dereference())
    return value if value < IDENT_LIMIT else 0


def as_thread(address):
    return gdb.Value(address).cast(gdb.lookup_type("struct threading_thread").pointer()).dereference()


def holder_of(thread):
    """The ident of the thread that has what another one waits for, 0 if none or not known."""
    if thread.wait() is None:
        return 0
    on, waiter = thread.on(), field(thread.value, "waiter")
    if on == ON_THREAD:
        return number(field(as_thread(number(field(thread.wait(), "shown_object"))), "ident"))
    address, kind = number(field(waiter, "address")), number(field(waiter, "kind"))
    has_ident = kind in (LOCKERS, RW_LOCKERS) or (kind == OBSERVERS and on in (ON_ONCE, ON_FUTURE, ON_MAP, ON_LOOP, ON_GROUP))
    return word_at(address) if address and has_ident else 0


def wait_text(thread):
    """What a thread waits for and who has that, in the words of the dump but without the times."""
    on = thread.on()
    if on == 0:
        return "runs"
    address = number(field(thread.wait(), "shown_object"))
    kind, purpose = WAITS[on]
    name = as_thread(address)["name"]["text"].string("utf-8", "replace") if on == ON_THREAD and not label(address) else None
    text = WHOLE_WAITS.get(on) or "waits for " + named(kind, address, name) + purpose
    if on == ON_BARRIER:
        barrier = gdb.Value(address).cast(gdb.lookup_type("struct threading_barrier").pointer()).dereference()
        text += f", {number(field(barrier, 'arrived'))} of {number(field(barrier, 'parties'))} there"
    if on == ON_CONDITION and number(field(field(thread.value, "waiter"), "kind")) == LOCKERS:
        text += "; notified, and waits for its lock"
    holder = holder_of(thread)
    if holder:
        text += ("; that is " if on == ON_THREAD else "; held by ") + who(holder)
    elif on in (ON_READ, ON_WRITE):
        names = [who(ident) for ident, note in readings() if number(field(note, "levels")) and
                 number(field(note, "rwlock")) == address]
        text += "; read by " + ", ".join(names) if names else ""
    return text


def sources_of(thread):
    """What a thread waits for at once, in the order of the array."""
    found = []
    source = gdb.lookup_type("struct threading_source")
    offset = next(f.bitpos // 8 for f in source.fields() if f.name == "waiter")
    buckets = variable("threading_buckets")
    for i in range(buckets.type.range()[1] + 1):
        for waiter in items(field(buckets[i], "first")):
            if number(field(waiter, "kind")) == WATCHERS and number(field(waiter, "self")) == number(thread.value.address):
                found.append(number(waiter.address) - offset)
    for address in sorted(found):
        value = gdb.Value(address).cast(source.pointer()).dereference()
        yield named(SOURCES[number(field(value, "kind"))], number(field(value, "object")))


def call_text(thread):
    """The call that a thread is in and the state of its object, if GDB can tell; else ''."""
    native = gdb_thread_of(thread)
    name, value = call_of(native) if native is not None else (None, None)
    if name is None:
        return ""
    places = [place for place, found in waiters() if found.address == thread.value.address]
    if value is None and places:
        value = object_at(name, places[0])
    return f"in {name}" + (f", of {symbol_at(number(value.address))}: {show(value)}" if value is not None else "")


# ---- rings


def rings(threads):
    """Lists of threads, each of which waits for what the next one has, and the last for the first's."""
    by_ident = {thread.ident(): thread for thread in threads if thread.value is not None}
    met = set()
    for thread in threads:
        way = []
        while thread is not None and thread.ident() not in met:
            met.add(thread.ident())
            way.append(thread)
            thread = by_ident.get(holder_of(thread))
        if thread in way:
            yield way[way.index(thread):]


def is_proved(ring):
    return all(thread.on() in OWNED and number(field(thread.wait(), "until")[1]) == FOREVER for thread in ring)


def print_ring(ring):
    print(f"{'deadlock' if is_proved(ring) else 'possible deadlock'} of {len(ring)} thread{'s' if len(ring) > 1 else ''}:")
    for i, thread in enumerate(ring):
        before = "    which is held by " if i else "    "
        print(f"{before}{who(thread.ident())}, which {wait_text(thread).split(';')[0]},")
    print("    which is held by the first")


# ---- commands


class Threading(gdb.Command):
    """What the objects of the threading library are doing."""

    def __init__(self):
        super().__init__("threading", gdb.COMMAND_DATA, prefix=True)


class ThreadingThreads(gdb.Command):
    """All threads that the library knows, in the words of threading_dump(), and the call that each is in; then rings."""

    def __init__(self):
        super().__init__("threading threads", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        threads = all_threads()
        for thread in threads:
            notes = thread.notes()
            native = gdb_thread_of(thread)
            line = f"Thread {thread.name()} ({thread.ident()})" + (", " + notes if notes else "")
            print(line + (f", thread {native.num} of gdb" if native is not None else ""))
            print("    " + wait_text(thread))
            if thread.on() == ON_ANY:
                for source in sources_of(thread):
                    print("        " + source)
            call = call_text(thread)
            if call:
                print("    " + call)
        for ring in rings(threads):
            print_ring(ring)


class ThreadingShow(gdb.Command):
    """An object of the library, or what a pointer to one points to: threading show EXPRESSION"""

    def __init__(self):
        super().__init__("threading show", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        try:
            value = gdb.parse_and_eval(argument)
        except gdb.error as error:
            raise gdb.GdbError(f"threading-gdb.py: {error}")
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
            value = value.dereference()
        if tag_of(value.type) not in SHOW:
            raise gdb.GdbError(f"threading-gdb.py: {value.type} is no object of the library")
        print(show(value))


class Printer:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        try:
            return show(self.value)
        except gdb.GdbError as error:
            return f"<{error}>"


def find_printer(value):
    return Printer(value) if value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT and tag_of(value.type) in SHOW else None


Threading()
ThreadingThreads()
ThreadingShow()
gdb.pretty_printers.append(find_printer)
