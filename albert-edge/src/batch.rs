//! Rows side by side on threads, results in order, memory bounded.

#[cfg(feature = "std")]
mod threaded;

use core::ops::ControlFlow;

/// Number of cores that this program may use; 1 if that is not known.
pub(crate) fn cores() -> usize {
    #[cfg(feature = "std")]
    return std::thread::available_parallelism().map_or(1, core::num::NonZero::get);
    #[cfg(not(feature = "std"))]
    1
}

/// How many rows run at once on `threads` threads, and how many threads each of them has. `rows` is the number of rows, if known.
pub fn share(threads: usize, rows: Option<usize>) -> (usize, usize) {
    let rows = rows.map_or(threads, |rows| threads.min(rows)).max(1);
    (rows, (threads / rows).max(1))
}

/// Does `work` on all items, on `threads` threads (one without the feature `std`), and passes the results to `take` in the order of
/// the items. Stops when `take` breaks. At most 16 results for each thread wait for an earlier one.
///
/// `take` is called by one thread at a time: the one that finishes the next result.
pub fn map<I, T, B>(
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
    #[cfg(feature = "std")]
    if threads > 1 {
        return threaded::map(items, threads, work, take);
    }
    let _ = threads;
    let (mut items, mut take) = (items, take);
    items.try_for_each(|item| take(work(item)))
}
