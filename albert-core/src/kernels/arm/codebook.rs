//! Codebook expansion: a table of weights made by multiplication and rounding shift, looked up by `vtbl`.

use crate::kernels::CodebookPanel;
use core::arch::asm;

/// The bytes of four channels, four times each.
const CHANNELS: [u8; 16] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3];
/// The bits of places 0 to 3 in the bytes of the high bits.
const PLACES: u32 = 0x0804_0201;

/// # Safety
/// The CPU has NEON.
pub(super) unsafe fn expand(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    let units = panel.codes.len().min(panel.multipliers.len()).min(out.len() / 128);
    if units == 0 {
        return;
    }
    let (codes, multipliers) = (panel.codes.as_ptr().cast(), panel.multipliers.as_ptr().cast());
    let levels = panel.levels.as_ptr();
    // SAFETY: the CPU has NEON, codes, multipliers and outputs are as many as units, and so are high bits.
    unsafe {
        if panel.high_bits.is_empty() {
            expand_16(levels, codes, multipliers, units, out.as_mut_ptr());
        } else {
            let units = units.min(panel.high_bits.len());
            expand_32(levels, codes, panel.high_bits.as_ptr().cast(), multipliers, units, out.as_mut_ptr());
        }
    }
}

/// Expands codes of 16 levels.
///
/// # Safety
/// The CPU has NEON; `units`, not 0, of 64 codes, 4 multipliers and 128 outputs are there.
unsafe fn expand_16(levels: *const i8, codes: *const u8, multipliers: *const i8, units: usize, out: *mut i8) {
    // SAFETY: the caller's promise; four channels of a unit at a time.
    unsafe {
        asm!(
            ".fpu neon",
            "vld1.8 {{d0-d1}}, [{levels}]",
            "vmov.i8 q15, #15",
            "2:",
            ".rept 4",
            "vld1.8 {{d4[]}}, [{multipliers}]!",
            "vld1.8 {{d6-d7}}, [{codes}]!",
            "vmull.s8 q8, d0, d4",
            "vmull.s8 q9, d1, d4",
            "vshr.u8 q10, q3, #4",
            "vand q3, q3, q15",
            "vrshrn.i16 d4, q8, #7",
            "vrshrn.i16 d5, q9, #7",
            "vtbl.8 d16, {{d4-d5}}, d6",
            "vtbl.8 d17, {{d4-d5}}, d7",
            "vtbl.8 d18, {{d4-d5}}, d20",
            "vtbl.8 d19, {{d4-d5}}, d21",
            "vst1.8 {{d16-d17}}, [{first}]!",
            "vst1.8 {{d18-d19}}, [{second}]!",
            ".endr",
            "add {first}, {first}, #64",
            "add {second}, {second}, #64",
            "subs {units}, {units}, #1",
            "bne 2b",
            levels = in(reg) levels,
            codes = inout(reg) codes => _,
            multipliers = inout(reg) multipliers => _,
            units = inout(reg) units => _,
            first = inout(reg) out => _,
            second = inout(reg) out.add(64) => _,
            out("d0") _, out("d1") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d16") _, out("d17") _, out("d18") _, out("d19") _, out("d20") _, out("d21") _, out("d30") _, out("d31") _,
            options(nostack),
        );
    }
}

/// Expands codes of 32 levels.
///
/// # Safety
/// As [`expand_16`], and 16 bytes of high bits for each unit are there.
unsafe fn expand_32(
    levels: *const i8,
    codes: *const u8,
    high_bits: *const u8,
    multipliers: *const i8,
    units: usize,
    out: *mut i8,
) {
    // SAFETY: the caller's promise; four channels of a unit at a time.
    unsafe {
        asm!(
            ".fpu neon",
            "vld1.8 {{d0-d3}}, [{levels}]",
            "vld1.8 {{d22-d23}}, [{channels}]",
            "vdup.32 q12, {places}",
            "vmov.i8 q14, #16",
            "vmov.i8 q15, #15",
            "2:",
            ".rept 4",
            "vld1.8 {{d26[]}}, [{multipliers}]!",
            "vld1.8 {{d20-d21}}, [{codes}]!",
            "vmull.s8 q2, d0, d26",
            "vmull.s8 q3, d1, d26",
            "vmull.s8 q8, d2, d26",
            "vmull.s8 q9, d3, d26",
            "vrshrn.i16 d4, q2, #7",
            "vrshrn.i16 d5, q3, #7",
            "vrshrn.i16 d6, q8, #7",
            "vrshrn.i16 d7, q9, #7",
            // The high bits of each channel, once for each place.
            "vld1.32 {{d26[0]}}, [{high_bits}]!",
            "vtbl.8 d27, {{d26}}, d23",
            "vtbl.8 d26, {{d26}}, d22",
            "vtst.8 q8, q13, q12",
            "vand q8, q8, q14",
            "vshr.u8 q13, q13, #4",
            "vtst.8 q9, q13, q12",
            "vand q9, q9, q14",
            "vand q13, q10, q15",
            "vshr.u8 q10, q10, #4",
            "vorr q8, q8, q13",
            "vorr q9, q9, q10",
            "vtbl.8 d16, {{d4-d7}}, d16",
            "vtbl.8 d17, {{d4-d7}}, d17",
            "vtbl.8 d18, {{d4-d7}}, d18",
            "vtbl.8 d19, {{d4-d7}}, d19",
            "vst1.8 {{d16-d17}}, [{first}]!",
            "vst1.8 {{d18-d19}}, [{second}]!",
            ".endr",
            "add {first}, {first}, #64",
            "add {second}, {second}, #64",
            "subs {units}, {units}, #1",
            "bne 2b",
            levels = in(reg) levels,
            channels = in(reg) CHANNELS.as_ptr(),
            places = in(reg) PLACES,
            codes = inout(reg) codes => _,
            high_bits = inout(reg) high_bits => _,
            multipliers = inout(reg) multipliers => _,
            units = inout(reg) units => _,
            first = inout(reg) out => _,
            second = inout(reg) out.add(64) => _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d16") _, out("d17") _, out("d18") _, out("d19") _, out("d20") _, out("d21") _, out("d22") _, out("d23") _,
            out("d24") _, out("d25") _, out("d26") _, out("d27") _, out("d28") _, out("d29") _, out("d30") _, out("d31") _,
            options(nostack),
        );
    }
}
