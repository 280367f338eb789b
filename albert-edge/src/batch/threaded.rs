//! [`map`](super::map) on several threads.

use core::ops::ControlFlow;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;
use std::{panic, thread};

/// Rows that may be under way or wait for an earlier one, for each thread.
const WINDOW: usize = 16;

/// No thread but these: the one that finishes the result which is next hands it on, and all that are ready after it.
pub(super) fn map<I, T, B>(
    items: I,
    threads: usize,
    work: impl Fn(I::Item) -> T + Sync,
    take: impl FnMut(T) -> ControlFlow<B> + Send,
) -> ControlFlow<B>
where
    I: Iterator + Send,
    T: Send,
    B: Send,
{
    let queue = Queue {
        items: Mutex::new(items),
        line: Mutex::default(),
        room: Condvar::new(),
        window: threads * WINDOW,
        taker: Mutex::new(Taker { take, outcome: ControlFlow::Continue(()) }),
    };
    let run = || {
        let _stop = StopOnPanic(&queue);
        while let Some((ticket, item)) = queue.draw() {
            queue.put(ticket, work(item));
            queue.hand_on();
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        // A scope waits for the closures only. Whoever unloads this library needs the threads themselves gone.
        for worker in workers {
            if let Err(payload) = worker.join() {
                panic::resume_unwind(payload);
            }
        }
    });
    queue.taker.into_inner().unwrap_or_else(PoisonError::into_inner).outcome
}

struct Queue<I, T, F, B> {
    items: Mutex<I>,
    line: Mutex<Line<T>>,
    /// Told when a result leaves the line.
    room: Condvar,
    /// Most results in the line.
    window: usize,
    taker: Mutex<Taker<F, B>>,
}

/// Results in the order of the items; the first one has ticket `first`.
struct Line<T> {
    results: VecDeque<Option<T>>,
    first: usize,
    /// There are no more items.
    ended: bool,
}

struct Taker<F, B> {
    take: F,
    outcome: ControlFlow<B>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { results: VecDeque::new(), first: 0, ended: false }
    }
}

impl<I, T, F, B> Queue<I, T, F, B> {
    fn line(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.line().ended = true;
        self.room.notify_all();
    }
}

impl<I: Iterator, T, B, F: FnMut(T) -> ControlFlow<B>> Queue<I, T, F, B> {
    /// The next item and its ticket; waits while the line is full.
    fn draw(&self) -> Option<(usize, I::Item)> {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = self.line();
        while line.results.len() >= self.window && !line.ended {
            line = self.room.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        if line.ended {
            return None;
        }
        drop(line);
        // May block, on a terminal or a pipe; results go out meanwhile.
        let Some(item) = items.next() else {
            self.stop();
            return None;
        };
        let mut line = self.line();
        line.results.push_back(None);
        Some((line.first + line.results.len() - 1, item))
    }

    fn put(&self, ticket: usize, result: T) {
        let mut line = self.line();
        let first = line.first;
        if let Some(place) = ticket.checked_sub(first).and_then(|index| line.results.get_mut(index)) {
            *place = Some(result);
        }
    }

    /// Hands on what is ready, in order. A thread that finds another one at it may leave: that one looks again at the end.
    fn hand_on(&self) {
        while self.is_ready() {
            let Ok(mut taker) = self.taker.try_lock() else { return };
            while let Some(result) = self.pop() {
                if taker.outcome.is_continue() {
                    taker.outcome = (taker.take)(result);
                }
                if taker.outcome.is_break() {
                    return self.stop();
                }
            }
        }
    }

    fn is_ready(&self) -> bool {
        self.line().results.front().is_some_and(Option::is_some)
    }

    fn pop(&self) -> Option<T> {
        let mut line = self.line();
        let result = line.results.front_mut()?.take()?;
        line.results.pop_front();
        line.first += 1;
        self.room.notify_one();
        Some(result)
    }
}

/// Stops the other threads when one panics; the scope hands the panic on.
struct StopOnPanic<'q, I, T, F, B>(&'q Queue<I, T, F, B>);

impl<I, T, F, B> Drop for StopOnPanic<'_, I, T, F, B> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{map, share};
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn threads_are_shared_out_to_few_rows_and_go_round_many() {
        assert_eq!(share(8, Some(1)), (1, 8));
        assert_eq!(share(8, Some(3)), (3, 2));
        assert_eq!(share(8, Some(100)), (8, 1));
        assert_eq!(share(8, None), (8, 1));
        assert_eq!(share(1, Some(0)), (1, 1));
    }

    #[test]
    fn results_come_in_order_whatever_the_threads_do() {
        for threads in [1, 2, 7] {
            let mut taken = Vec::new();
            let slow = |item: u64| {
                thread::sleep(std::time::Duration::from_micros(item * 7919 % 400));
                item
            };
            let outcome: ControlFlow<()> = map(0..500, threads, slow, |item| {
                taken.push(item);
                ControlFlow::Continue(())
            });
            assert!(outcome.is_continue() && taken.iter().copied().eq(0..500), "{threads} threads");
        }
    }

    #[test]
    fn no_more_is_drawn_than_the_window_holds() {
        let drawn = AtomicUsize::new(0);
        let mut taken = 0;
        let items = (0..1000).inspect(|_| {
            drawn.fetch_add(1, Ordering::SeqCst);
        });
        let outcome: ControlFlow<()> = map(
            items,
            2,
            |item| item,
            |_| {
                taken += 1;
                assert!(drawn.load(Ordering::SeqCst) <= taken + 2 * WINDOW + 1);
                ControlFlow::Continue(())
            },
        );
        assert!(outcome.is_continue());
        assert_eq!(taken, 1000);
    }

    #[test]
    fn a_break_stops_everything() {
        let result = map(
            0..,
            3,
            |item: u32| item,
            |item| if item == 40 { ControlFlow::Break("enough") } else { ControlFlow::Continue(()) },
        );
        assert_eq!(result, ControlFlow::Break("enough"));
    }

    #[test]
    fn threads_are_gone_when_the_call_returns() {
        static GONE: AtomicUsize = AtomicUsize::new(0);
        struct Last;
        impl Drop for Last {
            fn drop(&mut self) {
                thread::sleep(std::time::Duration::from_millis(20));
                GONE.fetch_add(1, Ordering::SeqCst);
            }
        }
        std::thread_local! {
            static LAST: Last = const { Last };
        }
        let outcome: ControlFlow<()> = map(0..3, 3, |_| LAST.with(|_| ()), |()| ControlFlow::Continue(()));
        assert!(outcome.is_continue());
        let used = GONE.load(Ordering::SeqCst);
        thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(used, GONE.load(Ordering::SeqCst));
    }
}
