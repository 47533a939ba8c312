// SPDX-License-Identifier: MIT
// The static library from Rust, without a crate: threads, a lock and foreign threads, as docs/languages.md says.
use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};

type Target = extern "C" fn(*mut c_void) -> *mut c_void;

#[repr(C)]
struct Options {
    name: *const c_char,
    daemon: c_int,
    stack_size: usize,
    stop: *mut c_void,
    priority: i32,
    reserved: [usize; 2],
}

extern "C" {
    fn threading_thread_new(target: Target, arg: *mut c_void, options: *const Options) -> *mut c_void;
    fn threading_thread_start(thread: *mut c_void) -> c_int;
    fn threading_thread_join(thread: *mut c_void) -> c_int;
    fn threading_thread_result(thread: *mut c_void, result: *mut *mut c_void) -> c_int;
    fn threading_thread_free(thread: *mut c_void);
    fn threading_thread_name(thread: *mut c_void) -> *const c_char;
    fn threading_current_thread() -> *mut c_void;
    fn threading_lock_acquire(lock: *mut u32) -> c_int;
    fn threading_lock_release(lock: *mut u32) -> c_int;
}

// A threading_lock_t is 4 bytes, zero when free, and stays where it is.
struct Counter {
    lock: UnsafeCell<u32>,
    value: UnsafeCell<i32>,
}
unsafe impl Sync for Counter {}

static COUNTER: Counter = Counter { lock: UnsafeCell::new(0), value: UnsafeCell::new(0) };

fn add(times: i32) {
    for _ in 0..times {
        unsafe {
            assert_eq!(threading_lock_acquire(COUNTER.lock.get()), 0);
            *COUNTER.value.get() += 1;
            assert_eq!(threading_lock_release(COUNTER.lock.get()), 0);
        }
    }
}

fn my_name() -> String {
    unsafe { CStr::from_ptr(threading_thread_name(threading_current_thread())) }.to_string_lossy().into_owned()
}

// A panic must not leave a function that C calls; since Rust 1.81 it ends the process.
extern "C" fn work(arg: *mut c_void) -> *mut c_void {
    add(10_000);
    assert_eq!(my_name(), "Ferris");
    arg
}

fn main() {
    let options =
        Options { name: b"Ferris\0".as_ptr().cast(), daemon: -1, stack_size: 0, stop: null_mut(), priority: 0, reserved: [0; 2] };
    let mut here = 5;
    let arg: *mut c_void = &mut here as *mut i32 as *mut c_void;
    unsafe {
        let thread = threading_thread_new(work, arg, &options);
        assert_ne!(thread as *const c_void, null());
        assert_eq!(threading_thread_start(thread), 0);
        let foreign = std::thread::spawn(|| {
            add(10_000);
            assert!(my_name().starts_with("Dummy-"));
        });
        foreign.join().unwrap();
        assert_eq!(threading_thread_join(thread), 0);
        let mut result = null_mut();
        assert_eq!(threading_thread_result(thread, &mut result), 0);
        assert_eq!(result, arg);
        threading_thread_free(thread);
        assert_eq!(*COUNTER.value.get(), 20_000);
    }
    assert_eq!(my_name(), "MainThread");
}
