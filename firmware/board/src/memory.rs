//! Memory in use: what the linker laid out, and how deep the stack has been.

use core::ptr::addr_of;

unsafe extern "C" {
    static __sdata: u32;
    static __ebss: u32;
    static _stack_end: u32;
    static _stack_start: u32;
}

/// What the startup code fills the stack with.
const PAINT: u32 = 0xcccc_cccc;

/// Bytes of initialized and zeroed statics.
pub fn data_bytes() -> usize {
    addr_of!(__ebss).addr().saturating_sub(addr_of!(__sdata).addr())
}

/// Most bytes of stack that were in use since the start.
pub fn stack_used() -> usize {
    let (mut word, top) = (addr_of!(_stack_end), addr_of!(_stack_start));
    // SAFETY: between the two symbols lies the stack, in words. What is read was painted and never written, or written.
    while word < top && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    top.addr().saturating_sub(word.addr())
}
