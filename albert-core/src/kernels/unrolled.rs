//! Loops over registers, written out.
//!
//! Programs that are compiled for size (`opt-level = "s"`) keep loops as loops and call functions that are used twice. An array that a
//! loop walks through lies in memory: tiles took ten times as long. Written out, its elements are registers at every setting.

/// Runs a block for each of the numbers that is less than the constant `$count`, as `$index`.
macro_rules! unrolled {
    ($index:ident in [$($number:literal)*], $count:expr => $body:block) => {
        $(
            if $number < $count {
                #[allow(unused_variables, reason = "some blocks count only")]
                let $index: usize = $number;
                $body
            }
        )*
    };
}
pub(crate) use unrolled;
