//! What this aarch64 CPU can run beyond NEON, without std.
//!
//! The CPU's identification registers trap in user space, and only some kernels emulate the read (Linux from 4.11 on; phones
//! with dot products shipped with older ones). So the operating system is asked, by the function that every C library
//! on it has: `getauxval` on Linux and Android, `sysctlbyname` on Apple's systems. Elsewhere, bare metal included, a program
//! has what it was compiled for: `-C target-feature=+dotprod,+i8mm`.

/// Instructions that the kernels ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Features {
    /// `sdot`.
    pub(crate) dot_product: bool,
    /// `smmla`.
    pub(crate) int8_matrix: bool,
}

/// What the program was compiled for, and what the operating system reports.
pub(crate) fn features() -> Features {
    let system = system::features();
    Features {
        dot_product: cfg!(target_feature = "dotprod") || system.dot_product,
        int8_matrix: cfg!(target_feature = "i8mm") || system.int8_matrix,
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
mod system {
    use super::Features;
    use core::ffi::c_ulong;

    unsafe extern "C" {
        /// An entry of the auxiliary vector; 0 when there is none.
        safe fn getauxval(kind: c_ulong) -> c_ulong;
    }

    // Of the kernel's <uapi/linux/auxvec.h> and <uapi/asm/hwcap.h>.
    const AT_HWCAP: c_ulong = 16;
    const AT_HWCAP2: c_ulong = 26;
    const HWCAP_ASIMDDP: c_ulong = 1 << 20;
    const HWCAP2_I8MM: c_ulong = 1 << 13;

    pub(crate) fn features() -> Features {
        Features {
            dot_product: getauxval(AT_HWCAP) & HWCAP_ASIMDDP != 0,
            int8_matrix: getauxval(AT_HWCAP2) & HWCAP2_I8MM != 0,
        }
    }
}

#[cfg(all(target_vendor = "apple", not(miri)))]
mod system {
    use super::Features;
    use core::ffi::{CStr, c_char, c_int, c_void};

    unsafe extern "C" {
        fn sysctlbyname(
            name: *const c_char,
            old: *mut c_void,
            old_bytes: *mut usize,
            new: *mut c_void,
            new_bytes: usize,
        ) -> c_int;
    }

    pub(crate) fn features() -> Features {
        Features { dot_product: has(c"hw.optional.arm.FEAT_DotProd"), int8_matrix: has(c"hw.optional.arm.FEAT_I8MM") }
    }

    /// Whether the value of this name is there and not 0.
    fn has(name: &CStr) -> bool {
        let (mut value, mut bytes): (c_int, usize) = (0, size_of::<c_int>());
        // SAFETY: the name ends in 0, `bytes` is the size of `value`, and nothing is set.
        let status =
            unsafe { sysctlbyname(name.as_ptr(), (&raw mut value).cast(), &raw mut bytes, core::ptr::null_mut(), 0) };
        status == 0 && value != 0
    }
}

#[cfg(any(miri, not(any(target_os = "linux", target_os = "android", target_vendor = "apple"))))]
mod system {
    use super::Features;

    pub(crate) fn features() -> Features {
        Features { dot_product: false, int8_matrix: false }
    }
}
