//! CRC-32 (ISO-HDLC), sixteen bytes at a time, where there is no instruction for it.

/// What a byte does to the remainder when none, one, two and so on follow it. Made when they are needed, in microseconds: in the
/// program they would be 16 KiB.
fn tables() -> [[[u32; 256]; 4]; 4] {
    let mut last = [0; 256];
    for (byte, entry) in (0_u32..).zip(&mut last) {
        *entry = (0..8).fold(byte, |rest, _| (rest >> 1) ^ (0xedb8_8320 * (rest & 1)));
    }
    let mut tables = [[[0; 256]; 4]; 4];
    let mut before = last;
    for table in tables.as_flattened_mut() {
        *table = before;
        before = before.map(|entry| next(&last, entry, 0));
    }
    tables
}

/// The remainder after one more byte.
fn next(last: &[u32; 256], remainder: u32, byte: u8) -> u32 {
    (remainder >> 8) ^ last[usize::from(remainder as u8 ^ byte)]
}

/// What four bytes do to the remainder.
#[inline(always)]
fn effect([last, third, second, first]: &[[u32; 256]; 4], bytes: u32) -> u32 {
    let at = |table: &[u32; 256], shift: u32| table[usize::from((bytes >> shift) as u8)];
    at(first, 0) ^ at(second, 8) ^ at(third, 16) ^ at(last, 24)
}

/// The remainder after some more bytes.
#[inline(never)]
fn after([late, third, second, early]: &[[[u32; 256]; 4]; 4], mut remainder: u32, bytes: &[u8]) -> u32 {
    let (steps, rest) = bytes.as_chunks::<16>();
    for step in steps {
        let [a, b, c, d] = bytemuck::must_cast::<[u8; 16], [u32; 4]>(*step).map(u32::from_le);
        remainder = effect(early, a ^ remainder) ^ effect(second, b) ^ effect(third, c) ^ effect(late, d);
    }
    rest.iter().fold(remainder, |remainder, &byte| next(&late[0], remainder, byte))
}

/// The checksum of some bytes and those that follow.
pub(in crate::model) fn crc32(parts: [&[u8]; 2]) -> u32 {
    // A browser begins with code that is compiled in haste, and takes the better one when a function is called anew.
    const CALL: usize = 1 << 16;
    let tables = tables();
    let pieces = parts.into_iter().flat_map(|part| part.chunks(CALL));
    !pieces.fold(!0, |remainder, bytes| after(&tables, remainder, bytes))
}

#[cfg(test)]
mod tests {
    use super::crc32;
    use albert_core::format::checksum;
    use alloc::vec::Vec;

    #[test]
    fn it_is_the_checksum_of_the_core() {
        let file: Vec<u8> = (0..1000_u32).map(|index| (index * index / 7) as u8).collect();
        for length in [64, 65, 79, 80, 81, 97, 1000] {
            let file = &file[..length];
            assert_eq!(crc32([&file[..60], &file[64..]]), checksum(file), "{length}");
        }
        assert_eq!(crc32([b"123456789", b""]), 0xcbf4_3926);
    }
}
