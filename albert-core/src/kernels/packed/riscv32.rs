//! Two rows in a word on RV32 with multiplication: two channels of three pairs of rows, in registers that the compiler would spill.

use super::word32::{Accumulator, BIAS};
use core::arch::asm;

/// The products of a pair of rows by a channel at two places.
macro_rules! places {
    ($p:literal, $q:literal, $high:literal, $total:literal) => {
        concat!(
            "mul {sum}, {a}, ",
            $p,
            "\n",
            "mul {second}, {b}, ",
            $q,
            "\n",
            "add {sum}, {sum}, {bias}\n",
            "add {sum}, {sum}, {second}\n",
            "add ",
            $total,
            ", ",
            $total,
            ", {sum}\n",
            "srai {sum}, {sum}, 16\n",
            "add ",
            $high,
            ", ",
            $high,
            ", {sum}\n"
        )
    };
}

/// The same by both channels, whose weights are loaded: words at these offsets.
macro_rules! pair {
    ($first:literal, $second:literal, $high:literal, $total:literal, $next_high:literal, $next_total:literal) => {
        concat!(
            "lw {a}, ",
            $first,
            "({words})\n",
            "lw {b}, ",
            $second,
            "({words})\n",
            places!("{p}", "{q}", $high, $total),
            places!("{r}", "{s}", $next_high, $next_total)
        )
    };
}

/// A function for `$pairs` pairs of rows: their accumulators for both channels, and their words of the places 0 and 1, then of 2 and 3.
macro_rules! tile {
    ($name:ident = $pairs:literal: [$($index:literal $high:ident $total:ident $next_high:ident $next_total:ident),+],
        [$($first:expr),+], [$($second:expr),+]) => {
        /// # Safety
        /// As [`Packing::multiply`](super::Packing::multiply), for these pairs, the second row of the last of which may be missing.
        pub(super) unsafe fn $name(
            w: *const i8,
            words: *const i32,
            rows: usize,
            k_groups: usize,
            sums: *mut i32,
            row_sums: usize,
        ) {
            const WORDS: usize = $pairs * 4;
            for channel in (0..16).step_by(2) {
                let mut pairs = [[Accumulator::ZERO; 2]; $pairs];
                // SAFETY: reads what the contract grants, one K group after the other until `words` is at the end.
                unsafe {
                    asm!(
                        concat!(
                            "2:
                             lb {p}, 0({w})
                             lb {q}, 1({w})
                             lb {r}, 4({w})
                             lb {s}, 5({w})\n",
                            $($first,)+
                            "lb {p}, 2({w})
                             lb {q}, 3({w})
                             lb {r}, 6({w})
                             lb {s}, 7({w})\n",
                            $($second,)+
                            "addi {words}, {words}, {bytes}
                             addi {w}, {w}, 64
                             bne {words}, {end}, 2b"
                        ),
                        $(
                            $high = inout(reg) pairs[$index][0].high,
                            $total = inout(reg) pairs[$index][0].total,
                            $next_high = inout(reg) pairs[$index][1].high,
                            $next_total = inout(reg) pairs[$index][1].total,
                        )+
                        w = inout(reg) w.add(channel * 4) => _,
                        words = inout(reg) words => _,
                        end = in(reg) words.add(k_groups * WORDS),
                        bias = in(reg) BIAS,
                        bytes = const WORDS * 4,
                        a = out(reg) _,
                        b = out(reg) _,
                        p = out(reg) _,
                        q = out(reg) _,
                        r = out(reg) _,
                        s = out(reg) _,
                        sum = out(reg) _,
                        second = out(reg) _,
                        options(readonly, nostack),
                    );
                }
                // SAFETY: `rows` rows of 16 sums are at `sums`.
                unsafe {
                    $(
                        pairs[$index][0].store(k_groups, $index, rows, sums.add(channel), row_sums);
                        pairs[$index][1].store(k_groups, $index, rows, sums.add(channel + 1), row_sums);
                    )+
                }
            }
        }
    };
}

tile!(
    pair = 1: [0 h0 t0 h1 t1],
    [pair!("0", "4", "{h0}", "{t0}", "{h1}", "{t1}")],
    [pair!("8", "12", "{h0}", "{t0}", "{h1}", "{t1}")]
);
tile!(
    two_pairs = 2: [0 h0 t0 h1 t1, 1 h2 t2 h3 t3],
    [pair!("0", "4", "{h0}", "{t0}", "{h1}", "{t1}"), pair!("16", "20", "{h2}", "{t2}", "{h3}", "{t3}")],
    [pair!("8", "12", "{h0}", "{t0}", "{h1}", "{t1}"), pair!("24", "28", "{h2}", "{t2}", "{h3}", "{t3}")]
);
tile!(
    three_pairs = 3: [0 h0 t0 h1 t1, 1 h2 t2 h3 t3, 2 h4 t4 h5 t5],
    [
        pair!("0", "4", "{h0}", "{t0}", "{h1}", "{t1}"),
        pair!("16", "20", "{h2}", "{t2}", "{h3}", "{t3}"),
        pair!("32", "36", "{h4}", "{t4}", "{h5}", "{t5}")
    ],
    [
        pair!("8", "12", "{h0}", "{t0}", "{h1}", "{t1}"),
        pair!("24", "28", "{h2}", "{t2}", "{h3}", "{t3}"),
        pair!("40", "44", "{h4}", "{t4}", "{h5}", "{t5}")
    ]
);
