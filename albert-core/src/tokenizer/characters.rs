//! Steps through texts, in one copy each where flash is scarce.

use core::str::Chars;

/// The next character.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
pub(super) fn next(chars: &mut Chars<'_>) -> Option<char> {
    chars.next()
}

/// The last character.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
pub(super) fn next_back(chars: &mut Chars<'_>) -> Option<char> {
    chars.next_back()
}

/// The character as UTF-8, at the start of `room`; nothing when it does not fit.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
pub(super) fn encode(code: char, room: &mut [u8]) -> &[u8] {
    match room.get_mut(..code.len_utf8()) {
        Some(room) => code.encode_utf8(room).as_bytes(),
        None => &[],
    }
}
