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

/// Fewer rows are faster on AVX-512 VNNI, where no tile has to be configured.
const FEWEST_ROWS: usize = 4;
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
            |block: usize| w.as_ptr().add(block.min(last_block) * size.steps * 64),
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
                    let sums = [(row, 0), (row, 1), (lower, 0), (lower, 1)].map(|(row, n)| sums_at(row, block + n));
                    two_by_two(size, [a_at(row), a_at(lower)], [w_at(block), w_at(block + 1)], &sums);
                }
            } else {
                for block in (0..size.blocks).step_by(4) {
                    let blocks = [block, block + 1, block + 2, block + 3];
                    one_by_four(size, a_at(row), blocks.map(w_at), &blocks.map(|block| sums_at(row, block)));
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

/// One step of `two_by_two`: `$a` and `$w` are the tiles that activations and weights pass through.
///
/// Loads and products alternate: the processor renames tiles, and each load hides behind the product before it.
macro_rules! step_two_by_two {
    ($a:literal, $w:literal) => {
        concat!(
            "tileloadd ",
            $a,
            ", [{a0} + {a_stride}]\n",
            "tileloadd ",
            $w,
            ", [{w0} + {w_stride}]\n",
            "tdpbusd tmm0, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{w1} + {w_stride}]\n",
            "tdpbusd tmm1, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $a,
            ", [{a1} + {a_stride}]\n",
            "tdpbusd tmm3, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{w0} + {w_stride}]\n",
            "tdpbusd tmm2, ",
            $a,
            ", ",
            $w,
            "\n",
        )
    };
}

/// Two row tiles by two blocks.
///
/// # Safety
/// The configuration of `size` is loaded; `a` are row tiles, `w` blocks and `sums` their four results, row tile by row
/// tile, with the strides of `size`.
unsafe fn two_by_two(size: &Product, a: [*const u8; 2], w: [*const i8; 2], sums: &[*mut i32; 4]) {
    // SAFETY: the caller's promise: a tile's rows are `row_bytes` apart, a weight tile's 64, a result's `row_sums`.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "test {tiles}, {tiles}",
            "jz 3f",
            "2:",
            step_two_by_two!("tmm4", "tmm6"),
            "add {a0}, 64",
            "add {a1}, 64",
            "add {w0}, 1024",
            "add {w1}, 1024",
            "dec {tiles}",
            "jnz 2b",
            "3:",
            "test {rest}, {rest}",
            "jz 4f",
            step_two_by_two!("tmm5", "tmm7"),
            "4:",
            "mov {a0}, [{sums}]",
            "mov {a1}, [{sums} + 8]",
            "mov {w0}, [{sums} + 16]",
            "mov {w1}, [{sums} + 24]",
            "tilestored [{a0} + {sums_stride}], tmm0",
            "tilestored [{a1} + {sums_stride}], tmm1",
            "tilestored [{w0} + {sums_stride}], tmm2",
            "tilestored [{w1} + {sums_stride}], tmm3",
            a0 = inout(reg) a[0] => _,
            a1 = inout(reg) a[1] => _,
            w0 = inout(reg) w[0] => _,
            w1 = inout(reg) w[1] => _,
            tiles = inout(reg) size.steps / TILE_STEPS => _,
            rest = in(reg) size.steps % TILE_STEPS,
            a_stride = in(reg) size.row_bytes,
            w_stride = in(reg) 64usize,
            sums_stride = in(reg) size.row_sums * 4,
            sums = in(reg) sums,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// One step of `one_by_four`, as that of `two_by_two`.
macro_rules! step_one_by_four {
    ($a:literal, $w:literal) => {
        concat!(
            "tileloadd ",
            $a,
            ", [{a} + {a_stride}]\n",
            "tileloadd ",
            $w,
            ", [{w0} + {w_stride}]\n",
            "tdpbusd tmm0, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{w1} + {w_stride}]\n",
            "tdpbusd tmm1, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{w2} + {w_stride}]\n",
            "tdpbusd tmm2, ",
            $a,
            ", ",
            $w,
            "\n",
            "tileloadd ",
            $w,
            ", [{w3} + {w_stride}]\n",
            "tdpbusd tmm3, ",
            $a,
            ", ",
            $w,
            "\n",
        )
    };
}

/// One row tile by four blocks.
///
/// # Safety
/// The configuration of `size` is loaded; `a` is a row tile, `w` blocks and `sums` their results, with the strides of
/// `size`.
unsafe fn one_by_four(size: &Product, a: *const u8, w: [*const i8; 4], sums: &[*mut i32; 4]) {
    // SAFETY: the caller's promise: a tile's rows are `row_bytes` apart, a weight tile's 64, a result's `row_sums`.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "test {tiles}, {tiles}",
            "jz 3f",
            "2:",
            step_one_by_four!("tmm4", "tmm6"),
            "add {a}, 64",
            "add {w0}, 1024",
            "add {w1}, 1024",
            "add {w2}, 1024",
            "add {w3}, 1024",
            "dec {tiles}",
            "jnz 2b",
            "3:",
            "test {rest}, {rest}",
            "jz 4f",
            step_one_by_four!("tmm5", "tmm7"),
            "4:",
            "mov {w0}, [{sums}]",
            "mov {w1}, [{sums} + 8]",
            "mov {w2}, [{sums} + 16]",
            "mov {w3}, [{sums} + 24]",
            "tilestored [{w0} + {sums_stride}], tmm0",
            "tilestored [{w1} + {sums_stride}], tmm1",
            "tilestored [{w2} + {sums_stride}], tmm2",
            "tilestored [{w3} + {sums_stride}], tmm3",
            a = inout(reg) a => _,
            w0 = inout(reg) w[0] => _,
            w1 = inout(reg) w[1] => _,
            w2 = inout(reg) w[2] => _,
            w3 = inout(reg) w[3] => _,
            tiles = inout(reg) size.steps / TILE_STEPS => _,
            rest = in(reg) size.steps % TILE_STEPS,
            a_stride = in(reg) size.row_bytes,
            w_stride = in(reg) 64usize,
            sums_stride = in(reg) size.row_sums * 4,
            sums = in(reg) sums,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
