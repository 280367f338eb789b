//! Original TensorFlow checkpoints.

use super::{Bomb, varint};

fn field(number: u64, wire: u64, content: &[u8]) -> Vec<u8> {
    [varint(number << 3 | wire), content.to_vec()].concat()
}

fn message(number: u64, content: &[u8]) -> Vec<u8> {
    field(number, 2, &[varint(content.len() as u64), content.to_vec()].concat())
}

fn dimension(size: u64) -> Vec<u8> {
    message(2, &field(1, 0, &varint(size)))
}

/// An entry of f32 at the start of the data file.
fn entry(shape: &[u8], bytes: u64) -> Vec<u8> {
    [field(1, 0, &varint(1)), message(2, shape), field(4, 0, &varint(0)), field(5, 0, &varint(bytes))].concat()
}

/// A block: entries of (shared prefix, own key, value), and one restart point.
fn block(entries: impl IntoIterator<Item = (usize, Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    let mut block = Vec::new();
    for (shared, own, value) in entries {
        block.extend([shared, own.len(), value.len()].map(|size| varint(size as u64)).concat());
        block.extend([own, value].concat());
    }
    [block, 0u32.to_le_bytes().to_vec(), 1u32.to_le_bytes().to_vec()].concat()
}

/// A table of one block.
fn table(entries: impl IntoIterator<Item = (usize, Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    let handle = |start: usize, bytes: usize| [varint(start as u64), varint(bytes as u64)].concat();
    let data = block(entries);
    let data_handle = handle(0, data.len());
    let index = block([(0, b"a".to_vec(), data_handle.clone())]);
    let index_handle = handle(data.len() + 5, index.len());
    let mut footer = [data_handle, index_handle].concat();
    footer.resize(40, 0);
    [data, vec![0; 5], index, vec![0; 5], footer, 0xdb47_7524_8b80_fb57u64.to_le_bytes().to_vec()].concat()
}

fn bomb(name: &'static str, trick: &'static str, before: &'static str, index: Vec<u8>, data: usize) -> Bomb {
    let mut bomb = Bomb::new(name, trick, before, "model.ckpt-best.index", index);
    bomb.files.push(("model.ckpt-best.data-00000-of-00001", vec![0; data]));
    bomb
}

const NAME: &[u8] = b"cls/squad/output_bias";

fn header() -> (usize, Vec<u8>, Vec<u8>) {
    (0, Vec::new(), field(1, 0, &varint(1)))
}

/// One tensor under one name, 60,000 times.
pub(super) fn duplicates() -> Bomb {
    const ELEMENTS: u64 = 500_000;
    let entry = entry(&dimension(ELEMENTS), 4 * ELEMENTS);
    let again = (0..60_000).map(|_| (NAME.len(), Vec::new(), entry.clone()));
    let entries = [header(), (0, NAME.to_vec(), entry.clone())].into_iter().chain(again);
    let index = table(entries);
    bomb("tf_dup", "one tensor under one name 60,000 times", "59 s", index, 4 * ELEMENTS as usize)
}

/// A shape of a million dimensions.
pub(super) fn dimensions() -> Bomb {
    let entry = entry(&dimension(1).repeat(1_000_000), 4);
    bomb("tf_dims", "a shape of a million dimensions", "not listed", table([header(), (0, NAME.to_vec(), entry)]), 4)
}

/// Keys of a kilobyte that share it.
pub(super) fn prefixes() -> Bomb {
    let again = (0..60_000).map(|_| (1000, b"x".to_vec(), vec![0; 10]));
    let entries = [(0, vec![b'z'; 1001], vec![0; 10])].into_iter().chain(again);
    bomb("tf_prefixes", "60,000 keys that share a prefix of 1 KB", "not listed", table(entries), 4)
}
