//! Codebook expansion: a table of weights made by multiplication and rounding shift, looked up by `vrgather`.

use crate::kernels::CodebookPanel;
use core::arch::asm;

/// The bytes of four channels, four times each.
const CHANNELS: [u8; 16] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3];
/// The bits of places 0 to 3 in the bytes of the high bits.
const PLACES: [u8; 16] = [1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

/// # Safety
/// The CPU has the extension `V`.
pub(super) unsafe fn expand(panel: &CodebookPanel<'_>, out: &mut [i8]) {
    let units = panel.codes.iter().zip(panel.multipliers).zip(out.as_chunks_mut::<128>().0);
    for (unit, ((codes, multipliers), out)) in units.enumerate() {
        let (first, second) = out.split_at_mut(64);
        let quads = codes.as_chunks::<16>().0.iter().zip(multipliers);
        let outs = first.as_chunks_mut::<16>().0.iter_mut().zip(second.as_chunks_mut::<16>().0);
        if let Some(high_bits) = panel.high_bits.get(unit) {
            for (((codes, &multiplier), (first, second)), high_bits) in
                quads.zip(outs).zip(high_bits.as_chunks::<4>().0)
            {
                // SAFETY: the caller's promise.
                unsafe { expand_32(panel.levels, codes, high_bits, multiplier, first, second) }
            }
        } else {
            for ((codes, &multiplier), (first, second)) in quads.zip(outs) {
                // SAFETY: the caller's promise.
                unsafe { expand_16(panel.levels, codes, multiplier, first, second) }
            }
        }
    }
}

/// Four channels of a unit, of 16 levels.
///
/// # Safety
/// The CPU has the extension `V`.
#[inline(always)]
unsafe fn expand_16(levels: &[i8; 32], codes: &[u8; 16], multiplier: i8, first: &mut [i8; 16], second: &mut [i8; 16]) {
    // SAFETY: 16 bytes of each are read and written.
    unsafe {
        asm!(
            ".option push",
            ".option arch, +v",
            "vsetivli x0, 16, e8, m1, ta, ma",
            "csrwi vxrm, 0",
            "vle8.v v1, ({levels})",
            "vle8.v v2, ({codes})",
            "vwmul.vx v4, v1, {multiplier}",
            "vand.vi v3, v2, 15",
            "vsrl.vi v2, v2, 4",
            "vnclip.wi v1, v4, 7",
            "vrgather.vv v6, v1, v3",
            "vrgather.vv v7, v1, v2",
            "vse8.v v6, ({first})",
            "vse8.v v7, ({second})",
            ".option pop",
            levels = in(reg) levels.as_ptr(),
            codes = in(reg) codes.as_ptr(),
            multiplier = in(reg) isize::from(multiplier),
            first = in(reg) first.as_mut_ptr(),
            second = in(reg) second.as_mut_ptr(),
            out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
            options(nostack),
        );
    }
}

/// Four channels of a unit, of 32 levels.
///
/// # Safety
/// The CPU has the extension `V`.
#[inline(always)]
unsafe fn expand_32(
    levels: &[i8; 32],
    codes: &[u8; 16],
    high_bits: &[u8; 4],
    multiplier: i8,
    first: &mut [i8; 16],
    second: &mut [i8; 16],
) {
    // SAFETY: 32 levels, 4 bytes of high bits, and 16 bytes of the others are read and written.
    unsafe {
        asm!(
            ".option push",
            ".option arch, +v",
            "csrwi vxrm, 0",
            "vsetivli x0, 4, e8, m1, ta, ma",
            "vle8.v v1, ({high_bits})",
            "li {t}, 32",
            "vsetvli x0, {t}, e8, m2, ta, ma",
            "vle8.v v2, ({levels})",
            "vwmul.vx v4, v2, {multiplier}",
            "vnclip.wi v2, v4, 7",
            "vsetivli x0, 16, e8, m1, ta, ma",
            "vle8.v v4, ({codes})",
            "vle8.v v5, ({channels})",
            "vle8.v v6, ({places})",
            // The high bits of each channel, once for each place.
            "vrgather.vv v7, v1, v5",
            "vand.vi v8, v4, 15",
            "vsrl.vi v10, v4, 4",
            "li {t}, 16",
            "vand.vv v12, v7, v6",
            "vmsne.vi v0, v12, 0",
            "vor.vx v8, v8, {t}, v0.t",
            "vsrl.vi v7, v7, 4",
            "vand.vv v12, v7, v6",
            "vmsne.vi v0, v12, 0",
            "vor.vx v10, v10, {t}, v0.t",
            "vsetivli x0, 16, e8, m2, ta, ma",
            "vrgather.vv v4, v2, v8",
            "vrgather.vv v6, v2, v10",
            "vse8.v v4, ({first})",
            "vse8.v v6, ({second})",
            ".option pop",
            levels = in(reg) levels.as_ptr(),
            codes = in(reg) codes.as_ptr(),
            high_bits = in(reg) high_bits.as_ptr(),
            channels = in(reg) CHANNELS.as_ptr(),
            places = in(reg) PLACES.as_ptr(),
            multiplier = in(reg) isize::from(multiplier),
            t = out(reg) _,
            first = in(reg) first.as_mut_ptr(),
            second = in(reg) second.as_mut_ptr(),
            out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
            out("v8") _, out("v9") _, out("v10") _, out("v11") _, out("v12") _,
            options(nostack),
        );
    }
}
