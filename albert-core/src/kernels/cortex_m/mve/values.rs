//! Values of products: integers in vectors, floats one by one in the same registers.

use crate::kernels::{Channels, RowScale, Store, Tile, columns};
use crate::slices::{part, part_mut};
use core::arch::asm;

/// # Safety
/// The sizes fit the slices.
pub(super) unsafe fn dequantize(
    tile: &Tile,
    sums: &[i32],
    rows: &[RowScale],
    channels: &Channels<'_>,
    store: Store,
    out: &mut [f32],
) {
    let whole = tile.channels / 4 * 4;
    if whole > 0 && tile.rows > 0 {
        // SAFETY: these channels and all rows are among those of the tile, whose sizes fit the slices.
        unsafe {
            match store {
                Store::Add => add(tile, whole, sums, rows, channels, out),
                _ => write(tile, whole, sums, rows, channels, out),
            }
        }
    }
    if whole < tile.channels {
        let (channels, rest) = (channels.part(whole, tile.channels - whole), tile.channels - whole);
        let store = if store == Store::Add { store } else { Store::Write };
        // SAFETY: as above.
        unsafe {
            let tile = Tile { channels: rest, ..*tile };
            columns::dequantize(&tile, part(sums, whole..), rows, &channels, store, part_mut(out, whole..));
        }
    }
    if let Store::Activate(activation) = store {
        columns::activate(tile, activation, out);
    }
}

/// A function for what is done with the values in `q2`.
macro_rules! values {
    ($name:ident: $($store:literal)*) => {
        /// # Safety
        /// There are `count` channels, a multiple of 4 and at least 4, and one row or more, all of them in the slices.
        unsafe fn $name(
            tile: &Tile,
            count: usize,
            sums: &[i32],
            rows: &[RowScale],
            channels: &Channels<'_>,
            out: &mut [f32],
        ) {
            // SAFETY: reads and writes what the contract grants, four channels after another, of each all rows.
            unsafe {
                asm!(
                    "push {{r0, r6, r7}}",
                    "mov r7, lr",
                    "2:",
                    "vldrw.u32 q4, [r5], #16",
                    "vldrw.u32 q5, [r8], #16",
                    "vldrw.u32 q6, [r9], #16",
                    "vneg.s32 q5, q5",
                    "mov r0, r10",
                    "mov r1, r11",
                    "mov r2, r12",
                    "add r10, #16",
                    "add r11, #16",
                    "dls lr, r7",
                    "3:",
                    "vldrw.u32 q1, [r0]",
                    "vldmia r2!, {{s0}}",
                    "ldr r6, [r2], #4",
                    "add r0, r3",
                    "vmla.s32 q1, q5, r6",
                    "vmov q2, q6",
                    "vcvt.f32.s32 q1, q1",
                    "vmul.f32 s4, s4, s16",
                    "vmul.f32 s5, s5, s17",
                    "vmul.f32 s6, s6, s18",
                    "vmul.f32 s7, s7, s19",
                    // Multiplies, rounds, adds.
                    "vmla.f32 s8, s4, s0",
                    "vmla.f32 s9, s5, s0",
                    "vmla.f32 s10, s6, s0",
                    "vmla.f32 s11, s7, s0",
                    $($store,)*
                    "vstrw.32 q2, [r1]",
                    "add r1, r4",
                    "le lr, 3b",
                    "ldr r6, [sp]",
                    "cmp r5, r6",
                    "bne 2b",
                    "pop {{r0, r6, r7}}",
                    inout("r0") channels.scales.as_ptr().add(count) => _,
                    in("r3") tile.row_sums * 4,
                    in("r4") tile.row_outputs * 4,
                    inout("r5") channels.scales.as_ptr() => _,
                    inout("r8") channels.sums.as_ptr() => _,
                    inout("r9") channels.bias.as_ptr() => _,
                    inout("r10") sums.as_ptr() => _,
                    inout("r11") out.as_mut_ptr() => _,
                    in("r12") rows.as_ptr(),
                    inout("lr") tile.rows => _,
                    out("r1") _, out("r2") _,
                    out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q4") _, out("q5") _, out("q6") _,
                );
            }
        }
    };
}

values!(write:);
values!(add:
    "vldrw.u32 q3, [r1]"
    "vadd.f32 s8, s12, s8"
    "vadd.f32 s9, s13, s9"
    "vadd.f32 s10, s14, s10"
    "vadd.f32 s11, s15, s11");
