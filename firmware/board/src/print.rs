//! Output over semihosting: the debugger or emulator prints it.

use crate::arch::{call_host, wait};

const SYS_WRITE0: usize = 0x04;
const SYS_EXIT: usize = 0x18;
const STOPPED_BY_APPLICATION: usize = 0x2_0026;
const STOPPED_BY_ERROR: usize = 0x2_0023;

/// Prints text, piece by piece, each ended by a zero as the host wants it.
pub fn text(text: &str) {
    for piece in text.as_bytes().chunks(63) {
        let mut buffer = [0u8; 64];
        buffer.iter_mut().zip(piece).for_each(|(place, &byte)| *place = byte);
        // SAFETY: text that ends with a zero, which the host reads.
        unsafe { call_host(SYS_WRITE0, buffer.as_ptr().addr()) };
    }
}

/// Prints text and ends the line.
pub fn line(rest: &str) {
    text(rest);
    text("\n");
}

/// Prints a word as eight hexadecimal digits.
pub fn hex(word: u32) {
    let mut digits = [0u8; 8];
    for (place, shift) in digits.iter_mut().zip((0..32).step_by(4).rev()) {
        let digit = (word >> shift & 15) as u8;
        *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    }
    text(core::str::from_utf8(&digits).unwrap_or(""));
}

/// Prints a decimal number.
pub fn number(mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for place in digits.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    let shown = digits.len().checked_sub(used).and_then(|first| digits.get(first..));
    text(shown.and_then(|shown| core::str::from_utf8(shown).ok()).unwrap_or(""));
}

/// Ends the program.
pub fn exit(success: bool) -> ! {
    // SAFETY: the argument is a reason, no address.
    unsafe { call_host(SYS_EXIT, if success { STOPPED_BY_APPLICATION } else { STOPPED_BY_ERROR }) };
    loop {
        wait();
    }
}
