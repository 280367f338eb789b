//! Input over semihosting: what is typed at the debugger or emulator.

use crate::arch::call_host;

const SYS_READC: usize = 0x07;

/// Reads a line, without its end; `None` at the end of the input. What does not fit the buffer is cut off; a line that is not UTF-8
/// is empty.
pub fn read_line(buffer: &mut [u8]) -> Option<&str> {
    let mut used = 0;
    loop {
        let byte = match call_host(SYS_READC, 0) as u8 {
            // The host has no other way to say that there is nothing left.
            0 | 4 | 0xff => break,
            b'\n' => return buffer.get(..used).map(|line| core::str::from_utf8(line).unwrap_or("")),
            b'\r' => continue,
            byte => byte,
        };
        if let Some(place) = buffer.get_mut(used) {
            *place = byte;
            used += 1;
        }
    }
    let rest = buffer.get(..used).filter(|rest| !rest.is_empty())?;
    Some(core::str::from_utf8(rest).unwrap_or(""))
}
