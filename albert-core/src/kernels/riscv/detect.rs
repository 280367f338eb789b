//! Whether this CPU has version 1.0 of the vector extension, without std.
//!
//! Linux and Android say in the auxiliary vector that there is an extension `V`. Kernels of vendors say so of the draft 0.7.1, too,
//! whose instructions look the same and mean something else. A type of vectors with bits that the draft does not have tells them
//! apart: it calls that type illegal.

use core::arch::asm;
use core::ffi::c_ulong;

unsafe extern "C" {
    /// An entry of the auxiliary vector; 0 when there is none.
    safe fn getauxval(kind: c_ulong) -> c_ulong;
}

// Of the kernel's <uapi/linux/auxvec.h>; the bit is the letter's place in the alphabet.
const AT_HWCAP: c_ulong = 16;
const HWCAP_V: c_ulong = 1 << (b'V' - b'A');

/// `vtype` of bytes, one register, whose tail and masked elements may become anything.
const AGNOSTIC_BYTES: usize = 0xc0;

pub(super) fn vectors() -> bool {
    !cfg!(miri) && getauxval(AT_HWCAP) & HWCAP_V != 0 && accepts_agnostic_type()
}

fn accepts_agnostic_type() -> bool {
    let vector_type: usize;
    // SAFETY: there is an extension `V`; every version has the instruction and the register.
    unsafe {
        asm!(
            ".option push",
            ".option arch, +v",
            "vsetvli x0, {lanes}, e8, m1, ta, ma",
            "csrr {vector_type}, vtype",
            ".option pop",
            lanes = in(reg) 16,
            vector_type = out(reg) vector_type,
            options(nomem, nostack),
        );
    }
    vector_type == AGNOSTIC_BYTES
}
