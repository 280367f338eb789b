//! Pickled state dicts.

use super::Bomb;

const FILE: &str = "pytorch_model.bin";

fn text(bytes: &[u8]) -> Vec<u8> {
    [&b"X"[..], &(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

fn number(value: i32) -> Vec<u8> {
    [&b"J"[..], &value.to_le_bytes()].concat()
}

/// The tuple that names a storage of f32.
fn storage(key: &[u8], elements: i32) -> Vec<u8> {
    let class = b"ctorch\nFloatStorage\n";
    [&b"("[..], &text(b"storage"), class, &text(key), &text(b"cpu"), &number(elements), b"t"].concat()
}

/// A vector of all elements of storage 0 from `offset` on.
fn vector(offset: i32, elements: i32, stored: i32) -> Vec<u8> {
    let rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n(";
    [&rebuild[..], &storage(b"0", stored), b"Q", &number(offset), b"(", &number(elements), b"t(K\x01ttR"].concat()
}

/// An archive of a pickle and one storage, members stored as they are.
fn archive(pickle: &[u8], storage_bytes: usize) -> Vec<u8> {
    let data = vec![0; storage_bytes];
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in [("a/data.pkl", pickle), ("a/data/0", &data)] {
        let offset = archive.len() as u32;
        let sizes = [content.len() as u32; 2].map(u32::to_le_bytes).concat();
        let name_bytes = (name.len() as u16).to_le_bytes();
        archive.extend([&b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], &sizes, &name_bytes, &[0; 2]].concat());
        archive.extend([name.as_bytes(), content].concat());
        directory.extend([&b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], &sizes, &name_bytes].concat());
        directory.extend([&[0; 12][..], &offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let (start, bytes) = (archive.len() as u32, directory.len() as u32);
    archive.extend(directory);
    archive
        .extend([&b"PK\x05\x06\0\0\0\0\x02\0\x02\0"[..], &bytes.to_le_bytes(), &start.to_le_bytes(), &[0; 2]].concat());
    archive
}

/// A shape of 200,000 sizes, recalled for every tensor.
pub(super) fn shape() -> Bomb {
    let mut pickle = b"\x80\x02}(".to_vec();
    pickle.extend(b"K\x01".repeat(200_000));
    pickle.extend(b"tq\x00");
    pickle.extend([&storage(b"0", 1)[..], b"Qq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02"].concat());
    pickle.extend(b"h\x02(h\x01K\x00h\x00h\x00tR".repeat(2000));
    pickle.push(b'.');
    Bomb::new(
        "pickle_shape",
        "a shape of 200,000 sizes recalled by 2,000 tensors",
        "6.3 GB, 70 s",
        FILE,
        archive(&pickle, 64),
    )
}

/// A key of a megabyte, recalled for every storage.
pub(super) fn key() -> Bomb {
    let mut pickle = b"\x80\x02".to_vec();
    pickle.extend([&storage(&vec![b'k'; 1_000_000], 1)[..], b"q\x00"].concat());
    pickle.extend(b"Qh\x00".repeat(2000));
    pickle.push(b'.');
    Bomb::new("pickle_key", "a key of 1 MB recalled by 2,000 storages", "2.0 GB", FILE, archive(&pickle, 64))
}

/// One tensor under one name, 100,000 times.
pub(super) fn duplicates() -> Bomb {
    const ELEMENTS: i32 = 250_000;
    let mut pickle =
        [&b"\x80\x02}("[..], &text(b"x.weight"), b"q\x03", &vector(0, ELEMENTS, ELEMENTS), b"q\x04"].concat();
    pickle.extend(b"h\x03h\x04".repeat(100_000));
    pickle.extend(b"u.");
    Bomb::new(
        "pickle_dup",
        "one tensor under one name 100,000 times",
        "over 60 s",
        FILE,
        archive(&pickle, 4 * ELEMENTS as usize),
    )
}

/// Views of one storage that start a place later each, under one name.
pub(super) fn overlapping() -> Bomb {
    const ELEMENTS: i32 = 250_000;
    let mut pickle = b"\x80\x02}(".to_vec();
    for offset in 0..2000 {
        pickle.extend([text(b"x.weight"), vector(offset, ELEMENTS - 2000, ELEMENTS)].concat());
    }
    pickle.extend(b"u.");
    Bomb::new(
        "pickle_overlap",
        "2,000 shifted views under one name",
        "not tried",
        FILE,
        archive(&pickle, 4 * ELEMENTS as usize),
    )
}

/// Four million empty tuples.
pub(super) fn values() -> Bomb {
    let pickle = [&b"\x80\x02}"[..], &b")".repeat(4_000_000), b"."].concat();
    Bomb::new("pickle_values", "four million tuples of one byte each", "not tried", FILE, archive(&pickle, 64))
}
