//! Integer products: up to 6 rows by a panel, a channel a lane.
//!
//! A segment load takes the four places of 16 channels apart. They are widened to 16 bits once for all rows of a tile; then each place of
//! a row is a scalar that multiplies 16 weights and adds the products into 32 bits. Registers are grouped as their length asks for.

use crate::kernels::Product;
use core::arch::asm;

/// Most rows of a tile: four registers each for accumulators of 128-bit vectors, and eight for weights.
const TILE_ROWS: usize = 6;

/// # Safety
/// The CPU has the extension `V`, and the sizes fit the slices.
pub(super) unsafe fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    if size.k_groups == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    let grouping = unsafe { grouping() };
    for panel in 0..size.panels {
        let mut row = 0;
        while row < size.rows {
            // Rows are split evenly, so that no tile is much smaller than the others.
            let left = size.rows - row;
            let rows = left.div_ceil(left.div_ceil(TILE_ROWS));
            // SAFETY: the rows and the panel are among those of the product, whose sizes fit the slices.
            unsafe {
                let a = a.as_ptr().add(row * size.row_bytes);
                let w = w.as_ptr().add(panel * size.k_groups * 64);
                let sums = sums.as_mut_ptr().add(row * size.row_sums + panel * 16);
                match rows {
                    6 => tile_6(size, grouping, a, w, sums),
                    5 => tile_5(size, grouping, a, w, sums),
                    4 => tile_4(size, grouping, a, w, sums),
                    3 => tile_3(size, grouping, a, w, sums),
                    2 => tile_2(size, grouping, a, w, sums),
                    _ => tile_1(size, grouping, a, w, sums),
                }
            }
            row += rows;
        }
    }
}

/// The type of vectors of 16 elements of 16 bits in as few registers as hold them, and of 16 elements of 32 bits.
///
/// # Safety
/// The CPU has the extension `V`.
unsafe fn grouping() -> [usize; 2] {
    /// Bits of the width of an element in `vtype`: 16 and 32 bits.
    const WIDTHS: [usize; 2] = [1 << 3, 2 << 3];
    let register_bytes: usize;
    // SAFETY: the CPU has the register.
    unsafe {
        asm!(
            ".option push",
            ".option arch, +v",
            "csrr {bytes}, vlenb",
            ".option pop",
            bytes = out(reg) register_bytes,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    // Registers of a group of 16 elements: 1 and 2 for 256 bits.
    let [narrow, wide] = match register_bytes {
        ..32 => [1, 2],
        32..64 => [0, 1],
        // Half a register is 7.
        64..128 => [7, 0],
        _ => [6, 7],
    };
    [WIDTHS[0] | narrow, WIDTHS[1] | wide]
}

/// A tile of so many rows: each has a pointer, and an accumulator that begins at a register.
macro_rules! tile {
    ($name:ident: $($row:literal $pointer:ident $accumulator:literal),*) => {
        /// # Safety
        /// The CPU has the extension `V`, `a` and `sums` have the rows with the strides of `size`, and `w` has a panel, which is not
        /// empty. `types` is what [`grouping`] says.
        #[inline(never)]
        unsafe fn $name(size: &Product, types: [usize; 2], a: *const u8, w: *const i8, sums: *mut i32) {
            // SAFETY: the caller's promise; K groups are counted to the end of the panel.
            unsafe {
                asm!(
                    ".option push",
                    ".option arch, +v",
                    "vsetvl x0, {lanes}, {wide}",
                    $(concat!("vmv.v.i ", $accumulator, ", 0"),)*
                    "vsetvl x0, {lanes}, {narrow}",
                    "2:",
                    "vlseg4e8.v v0, ({w})",
                    "addi {w}, {w}, 64",
                    // Into registers that have been read, or whose upper half is read.
                    "vsext.vf2 v4, v0",
                    "vsext.vf2 v6, v1",
                    "vsext.vf2 v0, v2",
                    "vsext.vf2 v2, v3",
                    $(
                        concat!("lb {s}, 0({", stringify!($pointer), "})"),
                        concat!("lb {t}, 1({", stringify!($pointer), "})"),
                        concat!("lb {u}, 2({", stringify!($pointer), "})"),
                        concat!("lb {v}, 3({", stringify!($pointer), "})"),
                        concat!("addi {", stringify!($pointer), "}, {", stringify!($pointer), "}, 4"),
                        concat!("vwmacc.vx ", $accumulator, ", {s}, v4"),
                        concat!("vwmacc.vx ", $accumulator, ", {t}, v6"),
                        concat!("vwmacc.vx ", $accumulator, ", {u}, v0"),
                        concat!("vwmacc.vx ", $accumulator, ", {v}, v2"),
                    )*
                    "bne {w}, {end}, 2b",
                    $(
                        concat!("vse32.v ", $accumulator, ", ({sums})"),
                        "add {sums}, {sums}, {row_sums}",
                    )*
                    ".option pop",
                    lanes = in(reg) 16,
                    narrow = in(reg) types[0],
                    wide = in(reg) types[1],
                    w = inout(reg) w => _,
                    end = in(reg) w.add(size.k_groups * 64),
                    $($pointer = inout(reg) a.add($row * size.row_bytes) => _,)*
                    s = out(reg) _,
                    t = out(reg) _,
                    u = out(reg) _,
                    v = out(reg) _,
                    sums = inout(reg) sums => _,
                    row_sums = in(reg) size.row_sums * 4,
                    out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                    out("v8") _, out("v9") _, out("v10") _, out("v11") _, out("v12") _, out("v13") _, out("v14") _,
                    out("v15") _, out("v16") _, out("v17") _, out("v18") _, out("v19") _, out("v20") _, out("v21") _,
                    out("v22") _, out("v23") _, out("v24") _, out("v25") _, out("v26") _, out("v27") _, out("v28") _,
                    out("v29") _, out("v30") _, out("v31") _,
                    options(nostack),
                );
            }
        }
    };
}

tile!(tile_1: 0 a0 "v8");
tile!(tile_2: 0 a0 "v8", 1 a1 "v12");
tile!(tile_3: 0 a0 "v8", 1 a1 "v12", 2 a2 "v16");
tile!(tile_4: 0 a0 "v8", 1 a1 "v12", 2 a2 "v16", 3 a3 "v20");
tile!(tile_5: 0 a0 "v8", 1 a1 "v12", 2 a2 "v16", 3 a3 "v20", 4 a4 "v24");
tile!(tile_6: 0 a0 "v8", 1 a1 "v12", 2 a2 "v16", 3 a3 "v20", 4 a4 "v24", 5 a5 "v28");
