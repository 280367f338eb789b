//! Memory in use: what the linker laid out, and how deep the stack has been.

use crate::arch::{PAINT, stack};
use core::ptr::addr_of;

unsafe extern "C" {
    static __sdata: u32;
    static __ebss: u32;
}

/// Bytes of initialized and zeroed statics.
pub fn data_bytes() -> usize {
    addr_of!(__ebss).addr().saturating_sub(addr_of!(__sdata).addr())
}

/// Most bytes of stack that were in use since it was painted.
pub fn stack_used() -> usize {
    let (mut word, top) = stack();
    // SAFETY: between the two symbols lies the stack, in words. What is read was painted and never written, or written.
    while word < top && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    top.addr().saturating_sub(word.addr())
}
