//! The tile registers: their configuration, and the instructions on two row tiles by two weight panels. The intrinsics are
//! unstable in Rust, hence assembly.
//!
//! Registers 0 to 3 are sums, 4 and 5 row tiles of activations, 6 and 7 weight panels. The compiler uses none of them, so they
//! keep their contents from one function to the next.

use core::arch::asm;

/// Most rows of a row tile.
pub(crate) const TILE_ROWS: usize = 16;
/// K groups of 4 places in a tile.
pub(crate) const TILE_K_GROUPS: usize = 16;
/// Bytes of a row of a tile, and of a row of weights.
const ROW_BYTES: usize = 64;

/// The tiles while they are configured; dropping it puts them back into their initial state, which also keeps context
/// switches cheap.
pub(crate) struct Tiles(());

/// Shapes of the eight tiles, in the layout of `ldtilecfg`.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Tiles {
    /// Tiles for row tiles of `height` rows, from 1 to [`TILE_ROWS`].
    ///
    /// # Safety
    /// AMX is available and permitted, and nobody else uses tiles while this value lives.
    #[inline]
    pub(crate) unsafe fn configure(height: usize) -> Self {
        let (rows, all, width) = (height as u8, TILE_ROWS as u8, ROW_BYTES as u16);
        let configuration = Configuration {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: [width, width, width, width, width, width, width, width, 0, 0, 0, 0, 0, 0, 0, 0],
            rows: [rows, rows, rows, rows, rows, rows, all, all, 0, 0, 0, 0, 0, 0, 0, 0],
        };
        // SAFETY: the caller's promise; the instruction reads 64 bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &configuration, options(nostack, preserves_flags, readonly)) };
        Self(())
    }

    /// Sums of zero.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        // SAFETY: the tiles are configured.
        unsafe {
            asm!(
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                options(nostack, preserves_flags, nomem),
            );
        }
    }

    /// Adds the products of 64 places. Loads and products alternate: each load hides behind the products before it.
    ///
    /// # Safety
    /// Each row tile has its rows, `a_stride` bytes apart, and each weight panel [`TILE_K_GROUPS`] K groups.
    #[inline(always)]
    pub(crate) unsafe fn multiply(&mut self, a: [*const u8; 2], a_stride: usize, w: [*const u8; 2]) {
        // SAFETY: the tiles are configured; the caller's promise.
        unsafe {
            asm!(
                "tileloadd tmm4, [{a0} + {a_stride}]",
                "tileloadd tmm6, [{w0} + {w_stride}]",
                "tdpbusd tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{w1} + {w_stride}]",
                "tdpbusd tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {a_stride}]",
                "tdpbusd tmm2, tmm5, tmm6",
                "tdpbusd tmm3, tmm5, tmm7",
                a0 = in(reg) a[0],
                a1 = in(reg) a[1],
                w0 = in(reg) w[0],
                w1 = in(reg) w[1],
                a_stride = in(reg) a_stride,
                w_stride = in(reg) ROW_BYTES,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, preserves_flags, readonly),
            );
        }
    }

    /// Writes the sums of the first row tile by both panels, then those of the second.
    ///
    /// # Safety
    /// Each pointer has the rows of a row tile, `stride` bytes apart, of 16 elements each.
    #[inline(always)]
    pub(crate) unsafe fn store(&self, sums: [*mut i32; 4], stride: usize) {
        // SAFETY: the tiles are configured; the caller's promise.
        unsafe {
            asm!(
                "tilestored [{s0} + {stride}], tmm0",
                "tilestored [{s1} + {stride}], tmm1",
                "tilestored [{s2} + {stride}], tmm2",
                "tilestored [{s3} + {stride}], tmm3",
                s0 = in(reg) sums[0],
                s1 = in(reg) sums[1],
                s2 = in(reg) sums[2],
                s3 = in(reg) sums[3],
                stride = in(reg) stride,
                options(nostack, preserves_flags),
            );
        }
    }
}

impl Drop for Tiles {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: AMX is available where the value was made.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) }
    }
}
