//! Input: lines from the board's serial line, what a program was called with, and a file of the host as flash that outlives a reset.

use crate::arch::{call_host, serial_byte};
use core::ffi::CStr;

const SYS_OPEN: usize = 0x01;
const SYS_CLOSE: usize = 0x02;
const SYS_WRITE: usize = 0x05;
const SYS_READ: usize = 0x06;
const SYS_GET_CMDLINE: usize = 0x15;
/// Modes of opening: `rb` and `wb`.
const READ: usize = 1;
const WRITE: usize = 5;
const FAILED: usize = usize::MAX;

/// Waits for a line; what does not fit the buffer is cut off. `None` when it is not UTF-8.
pub fn line_in(buffer: &mut [u8]) -> Option<&str> {
    let mut length = 0;
    loop {
        let byte = serial_byte();
        if byte == b'\n' {
            return core::str::from_utf8(buffer.get(..length)?).ok();
        }
        if let Some(place) = buffer.get_mut(length) {
            *place = byte;
            length += 1;
        }
    }
}

/// The last two words that the program was called with, as numbers; what is no digit counts for nothing.
// Its buffer is gone when it returns.
#[inline(never)]
pub fn arguments() -> [usize; 2] {
    let mut buffer = [0u8; 512];
    let block = [buffer.as_mut_ptr().expose_provenance(), buffer.len()];
    // SAFETY: the host writes the words to the buffer, with spaces between them and a zero behind them.
    unsafe { call_host(SYS_GET_CMDLINE, block.as_ptr().addr()) };
    let words = buffer.iter().take_while(|&&byte| byte != 0);
    words.fold([0; 2], |[last, this], &byte| match byte {
        b' ' => [this, 0],
        b'0'..=b'9' => [last, this.wrapping_mul(10).wrapping_add((byte - b'0').into())],
        _ => [last, this],
    })
}

/// Reads a file; true when it has at least as many bytes as the buffer, which then is full.
pub fn read_file(name: &CStr, buffer: &mut [u8]) -> bool {
    let (bytes, length) = (buffer.as_mut_ptr().addr(), buffer.len());
    // SAFETY: the host writes to the buffer, which is borrowed mutably.
    unsafe { transfer(name, READ, SYS_READ, [bytes, length]) }
}

/// Writes a file anew; whether that worked.
pub fn write_file(name: &CStr, bytes: &[u8]) -> bool {
    // SAFETY: the host reads the bytes.
    unsafe { transfer(name, WRITE, SYS_WRITE, [bytes.as_ptr().addr(), bytes.len()]) }
}

/// Opens a file, moves all bytes, closes it.
///
/// # Safety
/// Address and length are those of memory that the operation may read or write.
unsafe fn transfer(name: &CStr, mode: usize, operation: usize, [address, length]: [usize; 2]) -> bool {
    let open = [name.as_ptr().addr(), mode, name.count_bytes()];
    // SAFETY: a name that ends with a zero, its length, and a mode.
    let handle = unsafe { call_host(SYS_OPEN, open.as_ptr().addr()) };
    if handle == FAILED {
        return false;
    }
    let block = [handle, address, length];
    // SAFETY: as the caller promises.
    let missing = unsafe { call_host(operation, block.as_ptr().addr()) };
    let close = [handle];
    // SAFETY: a handle that the host gave.
    let closed = unsafe { call_host(SYS_CLOSE, close.as_ptr().addr()) };
    missing == 0 && closed != FAILED
}
