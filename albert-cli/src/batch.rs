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
pub(crate) fn map<I, S, T>(
    items: I,
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I::Item) -> T + Sync,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()>
where
    I: Iterator + Send,
    T: Send,
{
    if threads <= 1 {
        let mut state = state();
        return items.map(|item| work(&mut state, item)).try_for_each(take);
    }
    let queue = Queue { items: Mutex::new(items), line: Mutex::default(), moved: Condvar::new() };
    thread::scope(|scope| {
        // Dropped when `take` fails, too: the threads stop then.
        let _stop = Stop(&queue);
        for _ in 0..threads {
            scope.spawn(|| {
                let _broken = BreakOnPanic(&queue);
                let mut state = state();
                while let Some((ticket, item)) = queue.draw(threads * WINDOW) {
                    let result = work(&mut state, item);
                    queue.put(ticket, result);
                }
            });
        }
        while let Some(result) = queue.next() {
            take(result)?;
        }
        Ok(())
    })
}

struct Queue<I, T> {
    items: Mutex<I>,
    line: Mutex<Line<T>>,
    moved: Condvar,
}

/// Results in the order of the items; the first one has ticket `first`.
struct Line<T> {
    results: VecDeque<Option<T>>,
    first: usize,
    /// There are no more items.
    ended: bool,
    /// A thread panicked: its result will never come.
    broken: bool,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { results: VecDeque::new(), first: 0, ended: false, broken: false }
    }
}

impl<I: Iterator, T> Queue<I, T> {
    fn line(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'l>(&self, line: MutexGuard<'l, Line<T>>) -> MutexGuard<'l, Line<T>> {
        self.moved.wait(line).unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.line().ended = true;
        self.moved.notify_all();
    }

    /// The next item and its ticket; waits while `window` results are not taken yet.
    fn draw(&self, window: usize) -> Option<(usize, I::Item)> {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = self.line();
        while line.results.len() >= window && !line.ended {
            line = self.wait(line);
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
        self.moved.notify_all();
    }

    /// The next result in order; `None` after the last.
    fn next(&self) -> Option<T> {
        let mut line = self.line();
        while !line.broken {
            match line.results.front_mut().map(Option::take) {
                Some(Some(result)) => {
                    line.results.pop_front();
                    line.first += 1;
                    self.moved.notify_all();
                    return Some(result);
                }
                None if line.ended => return None,
                _ => line = self.wait(line),
            }
        }
        None
    }
}

/// Stops the threads when it is dropped.
struct Stop<'q, I: Iterator, T>(&'q Queue<I, T>);

impl<I: Iterator, T> Drop for Stop<'_, I, T> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Lets nobody wait for the result of a thread that panics; the scope hands the panic on.
struct BreakOnPanic<'q, I: Iterator, T>(&'q Queue<I, T>);

impl<I: Iterator, T> Drop for BreakOnPanic<'_, I, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.line().broken = true;
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
