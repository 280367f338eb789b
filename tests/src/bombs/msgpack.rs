//! Flax parameters.

use super::Bomb;

const FILE: &str = "flax_model.msgpack";

/// An array of no elements: an extension of 13 bytes, type 1: `[[0], "float32", b""]`.
const LEAF: [u8; 16] = *b"\xc7\x0d\x01\x93\x91\x00\xa7float32\xc4\x00";

/// 300,000 leaves below 31 keys of a kilobyte each.
pub(super) fn keys() -> Bomb {
    const LEAVES: u32 = 300_000;
    let key = [&b"\xda\x04\x00"[..], &[b'k'; 1024]].concat();
    let mut file = [&b"\x81"[..], &key].concat().repeat(31);
    file.extend([&b"\xdf"[..], &LEAVES.to_be_bytes()].concat());
    file.extend([&b"\xa1x"[..], &LEAF].concat().repeat(LEAVES as usize));
    Bomb::new("mp_keys", "300,000 leaves below 31 KB of keys", "not listed", FILE, file)
}

/// 200,000 leaves of one name.
pub(super) fn many() -> Bomb {
    const LEAVES: u32 = 200_000;
    let mut file = [&b"\x81\xa6params\xdf"[..], &LEAVES.to_be_bytes()].concat();
    file.extend([&b"\xa1x"[..], &LEAF].concat().repeat(LEAVES as usize));
    Bomb::new("mp_many", "200,000 leaves of one name", "not listed", FILE, file)
}
