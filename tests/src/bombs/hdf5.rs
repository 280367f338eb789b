//! HDF5 files, laid out by hand: an object header for each group, with a link message for each child.

use super::Bomb;

const FILE: &str = "tf_model.h5";

/// A file under construction: superblock, then objects.
struct File(Vec<u8>);

impl File {
    fn new() -> Self {
        let mut superblock = b"\x89HDF\r\n\x1a\n".to_vec();
        superblock.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
        superblock.extend([0u64, u64::MAX, 0, u64::MAX].map(u64::to_le_bytes).concat());
        // The root's symbol table entry: its header's address is known last.
        superblock.extend([0; 40]);
        Self(superblock)
    }

    /// Adds an object of messages; returns its address.
    fn object(&mut self, messages: &[(u16, Vec<u8>)]) -> u64 {
        let at = self.0.len();
        self.write(at, messages);
        at as u64
    }

    fn write(&mut self, at: usize, messages: &[(u16, Vec<u8>)]) {
        let mut body = Vec::new();
        for (kind, content) in messages {
            let padded = content.len().next_multiple_of(8);
            body.extend([kind.to_le_bytes(), (padded as u16).to_le_bytes()].concat());
            body.extend([0; 4]);
            body.extend(content);
            body.resize(body.len() + padded - content.len(), 0);
        }
        let mut header = vec![1, 0];
        header.extend((messages.len() as u16).to_le_bytes());
        header.extend([1u32, body.len() as u32, 0].map(u32::to_le_bytes).concat());
        header.extend(body);
        self.0.resize(self.0.len().max(at + header.len()), 0);
        self.0[at..at + header.len()].copy_from_slice(&header);
    }

    /// A vector of f32, all zero.
    fn dataset(&mut self, elements: u64) -> u64 {
        let data = self.0.len() as u64;
        self.0.resize(self.0.len() + 4 * elements as usize, 0);
        let float = [0x11, 0x20, 0x1f, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
        let space = [&[1, 1, 0, 0, 0, 0, 0, 0][..], &elements.to_le_bytes()].concat();
        let layout = [&[3, 1][..], &data.to_le_bytes(), &(4 * elements).to_le_bytes()].concat();
        self.object(&[(1, space), (3, float.to_vec()), (8, layout)])
    }

    fn root(mut self, group: u64) -> Vec<u8> {
        self.0[64..72].copy_from_slice(&group.to_le_bytes());
        self.0
    }
}

/// The messages of a group.
fn group(children: &[(String, u64)]) -> Vec<(u16, Vec<u8>)> {
    let info = [&[0, 0][..], &[0xff; 16]].concat();
    let link = |(name, address): &(String, u64)| {
        (6, [&[1, 0, name.len() as u8][..], name.as_bytes(), &address.to_le_bytes()].concat())
    };
    [(2, info)].into_iter().chain(children.iter().map(link)).collect()
}

fn wide(name: &'static str, trick: &'static str, before: &'static str, count: usize) -> Bomb {
    let mut file = File::new();
    let children: Vec<_> = (0..count).map(|index| (format!("d{index}"), file.dataset(1))).collect();
    let inner = file.object(&group(&children));
    let root = file.object(&group(&[("albert".to_owned(), inner)]));
    Bomb::new(name, trick, before, FILE, file.root(root))
}

pub(super) fn wide_1000() -> Bomb {
    wide("h5w1000", "a group of 1,000 datasets", "0.5 s", 1000)
}

pub(super) fn wide_4000() -> Bomb {
    wide("h5w4000", "a group of 4,000 datasets", "8.0 s", 4000)
}

pub(super) fn wide_20000() -> Bomb {
    wide("h5_wide", "a group of 20,000 datasets", "killed at 500 s", 20_000)
}

/// A group of 2000 datasets that is its own child, three times.
pub(super) fn cycle() -> Bomb {
    let mut file = File::new();
    let mut children: Vec<_> = (0..2000).map(|index| (format!("d{index}"), file.dataset(1))).collect();
    let own = file.0.len() as u64;
    children.extend((0..3).map(|index| (format!("l{index}"), own)));
    let inner = file.object(&group(&children));
    let root = file.object(&group(&[("albert".to_owned(), inner)]));
    Bomb::new("h5_cycle", "a group of 2,000 datasets linked to itself three times", "over 25 s", FILE, file.root(root))
}

/// One dataset of 2 MB in 5000 groups.
pub(super) fn duplicates() -> Bomb {
    let mut file = File::new();
    let data = file.dataset(500_000);
    let groups: Vec<_> = (0..5000)
        .map(|index| {
            let inner = file.object(&group(&[("gamma".to_owned(), data)]));
            (format!("g{index}"), file.object(&group(&[("albert".to_owned(), inner)])))
        })
        .collect();
    let root = file.object(&group(&groups));
    Bomb::new("h5_dup", "one dataset of 2 MB under one name 5,000 times", "over 25 s", FILE, file.root(root))
}
