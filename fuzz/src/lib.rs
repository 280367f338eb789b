//! What the fuzz targets share: [`target!`] wraps libFuzzer's entry point with the oracles for memory and time.
//!
//! - [`oracle`]: aborts when one input needs more memory or time than its length allows.
//! - [`script`]: bytes as decisions; [`models`]: small valid models.
//! - [`structure`]: mutations of a model file that know its header, directory and records, and keep the checksum valid.

pub mod models;
pub mod oracle;
pub mod script;
pub mod structure;

pub use libfuzzer_sys;

/// One of `items`, chosen by all bytes of an input: each is tried on many inputs, and the same one on the same input.
pub fn one_of<T: Copy>(items: &[T], bytes: &[u8]) -> T {
    let sum = bytes.iter().fold(0, |sum: usize, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    items[sum % items.len()]
}

/// Declares a fuzz target: `target!(|bytes| check(bytes))`, or `target!(Limits { seconds: 20, ..Limits::DEFAULT }, |bytes| ..)`
/// where the defaults do not fit and a comment says why.
///
/// `init: prepare()` in front of the rest runs once before the first input, which is not charged for it.
///
/// The expression runs once for each input and must return normally: a panic, more memory than [`oracle::Limits`] allow and
/// more time than they allow are findings.
#[macro_export]
macro_rules! target {
    (|$bytes:ident| $body:expr) => {
        $crate::target!(init: (), $crate::oracle::Limits::DEFAULT, |$bytes| $body);
    };
    (init: $init:expr, |$bytes:ident| $body:expr) => {
        $crate::target!(init: $init, $crate::oracle::Limits::DEFAULT, |$bytes| $body);
    };
    ($limits:expr, |$bytes:ident| $body:expr) => {
        $crate::target!(init: (), $limits, |$bytes| $body);
    };
    (init: $init:expr, $limits:expr, |$bytes:ident| $body:expr) => {
        #[global_allocator]
        static ALLOCATOR: $crate::oracle::Counting = $crate::oracle::Counting;

        $crate::libfuzzer_sys::fuzz_target!(init: {
            let _ = $init;
        }, |$bytes: &[u8]| {
            $crate::oracle::bounded($bytes.len(), $limits, || {
                let _ = $body;
            });
        });
    };
}
