//! Rows side by side on threads, results in order, memory bounded.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::Result;

/// Rows that may be under way or wait for an earlier one, for each thread.
const WINDOW: usize = 16;

/// How many rows are under way at once when `threads` serve them, and the threads that each of these has. `rows` is their
/// number, when it is known.
pub(crate) fn share(threads: usize, rows: Option<usize>) -> (usize, usize) {
    let rows = rows.map_or(threads, |rows| threads.min(rows)).max(1);
    (rows, (threads / rows).max(1))
}

/// Does `work` on all items, on `threads` threads with a state of their own, and hands the results to `take` in the order of
/// the items. Stops at the first error of `take`.
///
/// No thread but these: the one that finishes the result which is next hands it on, and all that are ready after it.
pub(crate) fn map<I, S, T>(
    items: I,
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I::Item) -> T + Sync,
    take: impl FnMut(T) -> Result<()> + Send,
) -> Result<()>
where
    I: Iterator + Send,
    T: Send,
{
    if threads <= 1 {
        let mut state = state();
        return items.map(|item| work(&mut state, item)).try_for_each(take);
    }
    let queue = Queue {
        items: Mutex::new(items),
        line: Mutex::default(),
        room: Condvar::new(),
        window: threads * WINDOW,
        taker: Mutex::new(Taker { take, outcome: Ok(()) }),
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _stop = StopOnPanic(&queue);
                let mut state = state();
                while let Some((ticket, item)) = queue.draw() {
                    queue.put(ticket, work(&mut state, item));
                    queue.hand_on();
                }
            });
        }
    });
    queue.taker.into_inner().unwrap_or_else(PoisonError::into_inner).outcome
}

struct Queue<I, T, F> {
    items: Mutex<I>,
    line: Mutex<Line<T>>,
    /// Told when a result leaves the line.
    room: Condvar,
    /// Most results in the line.
    window: usize,
    taker: Mutex<Taker<F>>,
}

/// Results in the order of the items; the first one has ticket `first`.
struct Line<T> {
    results: VecDeque<Option<T>>,
    first: usize,
    /// There are no more items.
    ended: bool,
}

struct Taker<F> {
    take: F,
    /// The first error of `take`.
    outcome: Result<()>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { results: VecDeque::new(), first: 0, ended: false }
    }
}

impl<I, T, F> Queue<I, T, F> {
    fn line(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.line().ended = true;
        self.room.notify_all();
    }
}

impl<I: Iterator, T, F: FnMut(T) -> Result<()>> Queue<I, T, F> {
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
                if taker.outcome.is_ok() {
                    taker.outcome = (taker.take)(result);
                }
                if taker.outcome.is_err() {
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
struct StopOnPanic<'q, I, T, F>(&'q Queue<I, T, F>);

impl<I, T, F> Drop for StopOnPanic<'_, I, T, F> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
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
            let slow = |_: &mut (), item: u64| {
                thread::sleep(std::time::Duration::from_micros(item * 7919 % 400));
                item
            };
            map(
                0..500,
                threads,
                || (),
                slow,
                |item| {
                    taken.push(item);
                    Ok(())
                },
            )
            .unwrap();
            assert!(taken.iter().copied().eq(0..500), "{threads} threads");
        }
    }

    #[test]
    fn no_more_is_drawn_than_the_window_holds() {
        let drawn = AtomicUsize::new(0);
        let mut taken = 0;
        let items = (0..1000).inspect(|_| {
            drawn.fetch_add(1, Ordering::SeqCst);
        });
        map(
            items,
            2,
            || (),
            |(), item| item,
            |_| {
                taken += 1;
                assert!(drawn.load(Ordering::SeqCst) <= taken + 2 * WINDOW + 1);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(taken, 1000);
    }

    #[test]
    fn an_error_stops_everything() {
        let result = map(
            0..,
            3,
            || (),
            |(), item: u32| item,
            |item| {
                if item == 40 { Err(Error::new("enough")) } else { Ok(()) }
            },
        );
        assert!(result.is_err());
    }
}
