//! Models of the executor: loom runs them in every order of their atomic operations that the bound on preemptions allows.
//! `cargo xtask loom` runs them.

use super::sync::{Arc, AtomicUsize, Ordering, thread};
use super::{Executor, Threads};
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A run of `tasks`, each counted once when `run` returns.
fn counted(threads: &Threads, tasks: usize) {
    let counts: [AtomicUsize; 3] = core::array::from_fn(|_| AtomicUsize::new(0));
    threads.run(tasks, &|index| {
        counts[index].fetch_add(1, Ordering::Relaxed);
    });
    for (index, count) in counts.iter().enumerate() {
        assert_eq!(count.load(Ordering::Relaxed), usize::from(index < tasks));
    }
}

/// A run of two tasks, the second of which panics; the panic comes back.
fn panicking(threads: &Threads) {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        threads.run(2, &|index| {
            if index == 1 {
                resume_unwind(Box::new(index));
            }
        });
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref::<usize>(), Some(&1));
}

#[test]
fn two_runs_one_after_the_other() {
    loom::model(|| {
        let threads = Threads::new(2).unwrap();
        counted(&threads, 2);
        counted(&threads, 3);
    });
}

#[test]
fn a_run_on_two_helpers() {
    loom::model(|| {
        let threads = Threads::new(3).unwrap();
        counted(&threads, 2);
    });
}

#[test]
fn a_run_that_unwinds_and_one_after_it() {
    loom::model(|| {
        let threads = Threads::new(2).unwrap();
        panicking(&threads);
        counted(&threads, 2);
    });
}

#[test]
fn two_callers_one_of_which_unwinds() {
    loom::model(|| {
        let threads = Arc::new(Threads::new(2).unwrap());
        let other = {
            let threads = Arc::clone(&threads);
            thread::spawn(move || panicking(&threads))
        };
        counted(&threads, 2);
        other.join().unwrap();
    });
}
