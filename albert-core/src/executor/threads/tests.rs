//! Runs of every size, several callers, panics.

use super::{Executor, SPIN_TIME, Threads};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::time::{Duration, Instant};
use std::vec::Vec;
use std::{mem, thread};

/// Runs of every size on `threads`, each task counted.
fn count_tasks(threads: &Threads, runs: usize) {
    for run in 0..runs {
        let tasks = if run.is_multiple_of(100) { 150 } else { run % 9 };
        let counts: Vec<AtomicUsize> = (0..150).map(|_| AtomicUsize::new(0)).collect();
        threads.run(tasks, &|index| {
            counts[index].fetch_add(1, Ordering::Relaxed);
        });
        for (index, count) in counts.iter().enumerate() {
            assert_eq!(count.load(Ordering::Relaxed), usize::from(index < tasks), "run {run}, task {index}");
        }
    }
}

/// Waits for the end of a thread. A scope would, too, but ThreadSanitizer does not see how: the standard library is not instrumented.
fn join(caller: thread::ScopedJoinHandle<'_, ()>) {
    caller.join().unwrap();
}

#[test]
fn every_task_runs_once() {
    for count in [0, 1, 2, 5, 16] {
        let threads = Threads::new(count).unwrap();
        assert_eq!(threads.count(), count.max(1));
        count_tasks(&threads, 2000);
    }
}

#[test]
fn helpers_that_sleep_are_woken() {
    let threads = Threads::new(3).unwrap();
    for _ in 0..20 {
        thread::sleep(SPIN_TIME * 3);
        count_tasks(&threads, 9);
    }
}

#[test]
fn several_callers_and_tasks_within_tasks() {
    let threads = Threads::new(2).unwrap();
    thread::scope(|scope| {
        let callers = [(); 3].map(|()| scope.spawn(|| count_tasks(&threads, 1000)));
        callers.into_iter().for_each(join);
    });
    let total = AtomicUsize::new(0);
    threads.run(4, &|_| {
        threads.run(5, &|_| {
            total.fetch_add(1, Ordering::Relaxed);
        });
    });
    assert_eq!(total.into_inner(), 20);
}

#[test]
fn a_panic_reaches_the_caller_and_does_no_harm() {
    let threads = Threads::new(2).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| threads.run(4, &|index| assert_ne!(index, 2))));
    assert!(outcome.is_err());
    count_tasks(&threads, 100);
}

/// A panic payload whose destructor panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new("the payload was dropped"));
    }
}

/// Panics without the hook's message.
fn panic_quietly(payload: impl core::any::Any + Send) -> ! {
    resume_unwind(Box::new(payload))
}

/// Runs eight tasks on three threads; those of the caller's thread, or those of the helpers, panic with a bomb.
fn run_with_bombs(on_caller: bool) {
    let threads = Threads::new(3).unwrap();
    let (caller, finished) = (thread::current().id(), AtomicUsize::new(0));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        threads.run(8, &|_| {
            let mine = thread::current().id() == caller;
            if mine == on_caller {
                panic_quietly(Bomb);
            }
            thread::sleep(Duration::from_millis(10));
            finished.fetch_add(1, Ordering::Relaxed);
        });
    }));
    // Tasks that do not panic have all finished when `run` is left: none is still at work on what it borrowed.
    let at_return = finished.load(Ordering::Relaxed);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(finished.load(Ordering::Relaxed), at_return);
    if let Err(payload) = outcome {
        assert!(payload.is::<Bomb>());
        mem::forget(payload);
    }
    count_tasks(&threads, 100);
}

#[test]
fn payloads_whose_destructor_panics_do_no_harm() {
    run_with_bombs(true);
    run_with_bombs(false);
}

#[test]
fn a_panic_keeps_its_payload() {
    let threads = Threads::new(3).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        threads.run(3, &|index| {
            if index == 1 {
                panic_any(7_u8)
            }
        })
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref::<u8>(), Some(&7));
}

#[test]
fn panics_reach_the_caller_whose_task_panicked() {
    let threads = Threads::new(3).unwrap();
    let stop = Instant::now() + Duration::from_millis(300);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers = [false, true].map(|panics| {
            let (threads, done) = (&threads, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let task = |index| {
                        if panics && index == 1 {
                            panic_quietly(())
                        }
                    };
                    let outcome = catch_unwind(AssertUnwindSafe(|| threads.run(3, &task)));
                    assert_eq!(outcome.is_err(), panics);
                    if Instant::now() > stop {
                        done.store(true, Ordering::Relaxed);
                    }
                }
            })
        });
        callers.into_iter().for_each(join);
    });
}
