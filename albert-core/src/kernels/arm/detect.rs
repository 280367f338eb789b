//! Whether this CPU has NEON, without std: asked of Linux or Android, by the function that every C library there has.

use core::ffi::c_ulong;

unsafe extern "C" {
    /// An entry of the auxiliary vector; 0 when there is none.
    safe fn getauxval(kind: c_ulong) -> c_ulong;
}

// Of the kernel's <uapi/linux/auxvec.h> and <asm/hwcap.h>.
const AT_HWCAP: c_ulong = 16;
const HWCAP_NEON: c_ulong = 1 << 12;

pub(super) fn neon() -> bool {
    !cfg!(miri) && (cfg!(target_feature = "neon") || getauxval(AT_HWCAP) & HWCAP_NEON != 0)
}
