//! AMX: `tdpbusd` multiplies tiles of 16 rows x 64 unsigned bytes by 64 x 16 signed ones. The rest is AVX-512 VNNI's.
//!
//! Sixteen steps of a weight block are a weight tile as they lie in the file. The intrinsics are unstable in Rust, hence
//! assembly.

use super::{KernelSet, Product, x86_avx512vnni, x86_detect};
use core::arch::asm;

/// The set for x86-64 servers from Sapphire Rapids on, under Linux.
pub(super) static SET: KernelSet = KernelSet {
    name: "amx",
    available: || {
        let features = x86_detect::features();
        features.avx512_vnni && features.amx_int8 && tiles_permitted()
    },
    matmul_i8,
    ..x86_avx512vnni::SET
};

/// Asks Linux for the tile registers, for the whole process. They are off until asked for, because they take room in
/// every signal frame.
#[cfg(target_os = "linux")]
fn tiles_permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XTILEDATA: u64 = 18;
    let result: i64;
    // SAFETY: the call takes two numbers, touches no memory of ours, and fails with a negative number. The kernel
    // overwrites rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// Other systems have their own ways, or none.
#[cfg(not(target_os = "linux"))]
fn tiles_permitted() -> bool {
    false
}

/// Fewer rows are bound by the memory that weights come from, and AVX-512 VNNI, which configures no tiles, gets more out of it.
const FEWEST_ROWS: usize = 9;
/// Most rows of a tile.
const TILE_ROWS: usize = 16;
/// Steps of 4 slots in a tile.
const TILE_STEPS: usize = 16;

fn matmul_i8(size: &Product, a: &[u8], w: &[i8], sums: &mut [i32]) {
    if size.rows < FEWEST_ROWS {
        // SAFETY: the set is available only where AVX-512 VNNI is; the sizes fit the slices.
        unsafe { x86_avx512vnni::matmul_i8(size, a, w, sums) };
        return;
    }
    // All tiles have the same rows, so that one configuration serves. The last row tile overlaps the one before it, and
    // blocks past the last repeat it: they write the same sums again.
    let height = size.rows.div_ceil(size.rows.div_ceil(TILE_ROWS));
    let (last_row, last_block) = (size.rows - height, size.blocks - 1);
    let sums = sums.as_mut_ptr();
    // SAFETY: rows and blocks are limited to those of the product, whose sizes fit the slices.
    let (a_at, w_at, sums_at) = unsafe {
        (
            |row: usize| a.as_ptr().add(row.min(last_row) * size.row_bytes),
            |block: usize| w.as_ptr().add(block.min(last_block) * size.steps * 64).cast::<u8>(),
            |row: usize, block: usize| sums.add(row.min(last_row) * size.row_sums + block.min(last_block) * 16),
        )
    };
    let configuration = Configuration::new(height, size.steps % TILE_STEPS);
    // SAFETY: AMX is available and permitted, and the configuration is valid. The tiles lie within the slices as above.
    // Nothing else uses tiles between loading the configuration and releasing it.
    unsafe {
        configuration.load();
        for row in (0..size.rows).step_by(2 * height) {
            let lower = row + height;
            if lower < size.rows {
                for block in (0..size.blocks).step_by(2) {
                    let right = block + 1;
                    let pointers = [a_at(row), a_at(lower), w_at(block), w_at(right), w_at(right)];
                    let sums = [(row, block), (row, right), (lower, block), (lower, right)];
                    two_by_two(size, pointers, sums.map(|(row, block)| sums_at(row, block)));
                }
            } else {
                for block in (0..size.blocks).step_by(4) {
                    let blocks = [block, block + 1, block + 2, block + 3];
                    let [w0, w1, w2, w3] = blocks.map(w_at);
                    one_by_four(size, [a_at(row), w0, w1, w2, w3], blocks.map(|block| sums_at(row, block)));
                }
            }
        }
        release();
    }
}

/// Shapes of the eight tiles, in the layout of `ldtilecfg`.
///
/// 0 to 3 are sums; 4 and 6 are a whole tile of activations and of weights, 5 and 7 what is left of the slots.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Configuration {
    /// For `height` rows of activations (1 to 16) and `rest` steps after the last whole tile (0 to 15).
    fn new(height: usize, rest: usize) -> Self {
        let rest = if rest == 0 { TILE_STEPS } else { rest };
        let (rows, all, rest, rest_bytes) = (height as u8, TILE_STEPS as u8, rest as u8, rest as u16 * 4);
        Self {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: [64, 64, 64, 64, 64, rest_bytes, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
            rows: [rows, rows, rows, rows, rows, rows, all, rest, 0, 0, 0, 0, 0, 0, 0, 0],
        }
    }

    /// # Safety
    /// AMX is available and permitted, and nobody else uses tiles.
    unsafe fn load(&self) {
        // SAFETY: the caller's promise; the instruction reads 64 bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) self, options(nostack, preserves_flags, readonly)) }
    }
}

/// Puts the tiles back into their initial state, which also keeps context switches cheap.
///
/// # Safety
/// AMX is available.
unsafe fn release() {
    // SAFETY: the caller's promise.
    unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) }
}

// One step of 64 slots for each shape: `$a` and `$w` are the tiles that activations and weights pass through. Loads and
// products alternate: the processor renames tiles, and each load hides behind the products before it.

/// Row tile 0 by blocks 1 to 4.
macro_rules! step_one_by_four {
    ($a:literal, $w:literal) => {
        concat!(
            "tileloadd ",
            $a,
            ", [{p0} + {a_stride}]\n",
            "tileloadd ",
            $w,
            ", [{p1} + {w_stride}]\n",
            "tdpbusd tmm0, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{p2} + {w_stride}]\n",
            "tdpbusd tmm1, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{p3} + {w_stride}]\n",
            "tdpbusd tmm2, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{p4} + {w_stride}]\n",
            "tdpbusd tmm3, ",
            $a,
            ", ",
            $w,
            "\n",
            "add {p0}, 64\n",
            "add {p1}, 1024\n",
            "add {p2}, 1024\n",
            "add {p3}, 1024\n",
            "add {p4}, 1024\n",
        )
    };
}

/// Row tiles 0 and 1 by blocks 2 and 3; pointer 4 is spare.
macro_rules! step_two_by_two {
    ($a:literal, $w:literal) => {
        concat!(
            "tileloadd ",
            $a,
            ", [{p0} + {a_stride}]\n",
            "tileloadd ",
            $w,
            ", [{p2} + {w_stride}]\n",
            "tdpbusd tmm0, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{p3} + {w_stride}]\n",
            "tdpbusd tmm1, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $a,
            ", [{p1} + {a_stride}]\n",
            "tdpbusd tmm3, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{p2} + {w_stride}]\n",
            "tdpbusd tmm2, ",
            $a,
            ", ",
            $w,
            "\n",
            "add {p0}, 64\n",
            "add {p1}, 64\n",
            "add {p2}, 1024\n",
            "add {p3}, 1024\n",
            "add {p4}, 1024\n",
        )
    };
}

/// Declares the function that multiplies one shape over all slots and writes its four results.
macro_rules! product_of_tiles {
    ($name:ident, $step:ident) => {
        /// # Safety
        /// The configuration of `size` is loaded. The pointers are row tiles and blocks as `$step` takes them, and `sums`
        /// their results, with the strides of `size`.
        unsafe fn $name(size: &Product, pointers: [*const u8; 5], sums: [*mut i32; 4]) {
            // SAFETY: the caller's promise: rows of activations are `row_bytes` apart, those of a weight tile 64 bytes,
            // those of a result `row_sums`.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "test {tiles}, {tiles}",
                    "jz 3f",
                    "2:",
                    $step!("tmm4", "tmm6"),
                    "dec {tiles}",
                    "jnz 2b",
                    "3:",
                    "test {rest}, {rest}",
                    "jz 4f",
                    $step!("tmm5", "tmm7"),
                    "4:",
                    "mov {p0}, [{sums}]",
                    "mov {p1}, [{sums} + 8]",
                    "mov {p2}, [{sums} + 16]",
                    "mov {p3}, [{sums} + 24]",
                    "tilestored [{p0} + {sums_stride}], tmm0",
                    "tilestored [{p1} + {sums_stride}], tmm1",
                    "tilestored [{p2} + {sums_stride}], tmm2",
                    "tilestored [{p3} + {sums_stride}], tmm3",
                    p0 = inout(reg) pointers[0] => _,
                    p1 = inout(reg) pointers[1] => _,
                    p2 = inout(reg) pointers[2] => _,
                    p3 = inout(reg) pointers[3] => _,
                    p4 = inout(reg) pointers[4] => _,
                    tiles = inout(reg) size.steps / TILE_STEPS => _,
                    rest = in(reg) size.steps % TILE_STEPS,
                    a_stride = in(reg) size.row_bytes,
                    w_stride = in(reg) 64usize,
                    sums_stride = in(reg) size.row_sums * 4,
                    sums = in(reg) &sums,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

product_of_tiles!(one_by_four, step_one_by_four);
product_of_tiles!(two_by_two, step_two_by_two);
