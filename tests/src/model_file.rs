//! A second writer of the model file, made from `docs/format.md` alone and sharing no code with the converter: what that
//! writes is compared with it, and it writes what the converter never would.

mod encode;

pub use encode::{Inputs, Storage};

use std::iter;

use albert_core::format::layout::{dtype, role, section};
use sha2::{Digest, Sha256};

use crate::aligned::Aligned;
use crate::reference::Reference;
use encode::Writer;

/// A tensor as it goes into the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Role, block, dtype.
    pub role: u16,
    /// See `docs/format.md`.
    pub block: u16,
    /// See `docs/format.md`.
    pub dtype: u8,
    /// Output channels.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// Entries of the split list.
    pub extra: usize,
    /// Data, scales, sums, split list, smoothing vector; empty for none.
    pub parts: [Vec<u8>; 5],
}

impl Record {
    /// The first 20 bytes of its record: what it is.
    fn head(&self) -> Vec<u8> {
        let sizes = [self.rows, self.columns, self.extra].map(|size| (size as u32).to_le_bytes());
        let place = [self.role, self.block].map(u16::to_le_bytes).concat();
        [&place[..], &[self.dtype, 0, 0, 0], sizes.as_flattened()].concat()
    }

    /// The tensor of a record's 64 bytes; `take` gives a range of the data section.
    fn read(record: &[u8], take: &mut impl FnMut(usize, usize) -> Vec<u8>) -> Self {
        let [rows, columns, extra] = [8, 12, 16].map(|at| u32_at(record, at) as usize);
        let (padded, places) = (rows.next_multiple_of(16), columns + extra);
        let dtype = record[4];
        let data = match (dtype, u16_at(record, 0)) {
            (dtype::F32, role) if is_vector(role) => 4 * columns.next_multiple_of(16),
            (dtype::F32, _) => 4 * padded * places,
            (dtype::F16, _) => 2 * padded * places,
            (dtype::I8, _) => padded * places.next_multiple_of(4),
            (dtype::C4, _) => padded / 16 * places.div_ceil(8) * 68,
            (dtype::C5, _) => padded / 16 * places.div_ceil(8) * 84,
            _ => panic!("dtype {dtype}"),
        };
        // A table whose rows are looked up has no sums; it and codebook matrices have stepped scales.
        let exact = dtype == dtype::I8 && u64_at(record, 40) != 0;
        let scales = if exact { 4 * padded } else { 4 + padded };
        let lengths = [data, scales, 4 * padded, 4 * extra, 4 * columns.next_multiple_of(16)];
        let mut at = 24;
        let parts = lengths.map(|length| {
            let start = u64_at(record, at);
            // Only data can lie at the section's start.
            let present = start > 0 || at == 24;
            at += 8;
            if present { take(start, length) } else { Vec::new() }
        });
        Self { role: u16_at(record, 0), block: u16_at(record, 2), dtype, rows, columns, extra, parts }
    }
}

/// Whether a role is a bias or a layer norm.
fn is_vector(role: u16) -> bool {
    use role::*;
    let matrices = [
        WORD_EMBEDDINGS,
        POSITION_EMBEDDINGS,
        TOKEN_TYPE_EMBEDDINGS,
        EMBEDDING_MAPPING,
        QUERY,
        KEY,
        VALUE,
        ATTENTION_OUTPUT,
        FFN,
        FFN_OUTPUT,
        POOLER,
        CLASSIFIER,
        EXIT_CLASSIFIER,
        MLM_DENSE,
        MLM_DECODER,
        SENTENCE_ORDER,
        SENTENCE_DENSE,
    ];
    !matrices.contains(&role)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("2 bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> usize {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes")) as usize
}

/// The content of a model file.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The configuration section.
    pub config: Vec<u8>,
    /// The tensors in file order.
    pub records: Vec<Record>,
    /// Kind, flags and content of the sections behind the tensor data.
    pub more: Vec<(u32, u32, Vec<u8>)>,
}

impl Parts {
    /// A checkpoint as the content of a model file, with labels `L0`, `L1`, ...
    pub fn new(checkpoint: &Reference, storage: Storage) -> Self {
        let writer = Writer { checkpoint, storage };
        let labels = writer.num_labels();
        let names: Vec<String> = (0..labels).map(|label| format!("L{label}")).collect();
        let lengths = names.iter().scan(0, |end, name| {
            *end += name.len();
            Some(*end)
        });
        let words = [labels, 0].into_iter().chain(lengths);
        let text = words.flat_map(|word| (word as u32).to_le_bytes()).chain(names.concat().into_bytes());
        let more = vec![(section::LABELS, 0, text.collect()), (section::PROVENANCE, 0, b"{}".to_vec())];
        Self { config: writer.config(), records: writer.records(), more }
    }

    /// With an exit for every layer but the last: the classifier with its biases in another order.
    pub fn with_exits(mut self) -> Self {
        let layers = u32_at(&self.config, 16) as u16;
        let of = |role: u16| self.records.iter().find(|record| record.role == role).expect("a classifier").clone();
        let (matrix, bias) = (of(role::CLASSIFIER), of(role::CLASSIFIER_BIAS));
        for block in 0..layers - 1 {
            let matrix = Record { role: role::EXIT_CLASSIFIER, block, ..matrix.clone() };
            let mut bias = Record { role: role::EXIT_CLASSIFIER_BIAS, block, ..bias.clone() };
            // The labels change places.
            bias.parts[0][..4 * bias.columns].rotate_right(4 * (usize::from(block + 1) % bias.columns));
            self.records.extend([matrix, bias]);
        }
        self
    }

    /// Takes a file apart that a reader has accepted, and checks that every byte is accounted for.
    ///
    /// # Panics
    /// When it is not.
    pub fn read(file: &[u8]) -> Self {
        let (parts, padding) = Self::dissect(file);
        assert!(padding.iter().all(|&at| file[at] == 0), "padding is zero");
        parts
    }

    /// Where the bytes of a file are that belong to nothing.
    pub fn padding(file: &[u8]) -> Vec<usize> {
        Self::dissect(file).1
    }

    fn dissect(file: &[u8]) -> (Self, Vec<usize>) {
        let mut seen = vec![false; file.len()];
        let mut take = |start: usize, length: usize| {
            seen[start..start + length].fill(true);
            file[start..start + length].to_vec()
        };
        let header = take(0, 64);
        let mut parts = Self { config: vec![], records: vec![], more: vec![] };
        let directory = take(64, 24 * u32_at(&header, 12) as usize);
        let is_data = |entry: &&[u8]| u32_at(entry, 0) == section::DATA;
        let data_start = directory.chunks_exact(24).find(is_data).map_or(0, |entry| u64_at(entry, 8));
        for entry in directory.chunks_exact(24) {
            let (kind, start, length) = (u32_at(entry, 0), u64_at(entry, 8), u64_at(entry, 16));
            match kind {
                section::CONFIG => parts.config = take(start, length),
                section::TENSORS => {
                    let table = take(start, length);
                    let mut of_data = |start: usize, length: usize| take(data_start + start, length);
                    parts.records =
                        table[64..].chunks_exact(64).map(|record| Record::read(record, &mut of_data)).collect();
                }
                section::DATA => {}
                _ => parts.more.push((kind, u32_at(entry, 4), take(start, length))),
            }
        }
        (parts, (0..file.len()).filter(|&at| !seen[at]).collect())
    }

    /// The file.
    pub fn assemble(&self) -> Aligned {
        let (tensors, data) = self.tensors();
        let required = [(section::CONFIG, 1, self.sealed_config()), (section::TENSORS, 1, tensors)];
        let data = iter::once((section::DATA, 1, data));
        join(&required.into_iter().chain(data).chain(self.more.iter().cloned()).collect::<Vec<_>>())
    }

    /// The configuration with the encoder's hash.
    pub fn sealed_config(&self) -> Vec<u8> {
        let mut config = self.config.clone();
        if config.len() >= 192 {
            let hash = self.encoder_hash();
            config[96..128].copy_from_slice(&hash);
        }
        config
    }

    /// SHA-256 of the encoder.
    pub fn encoder_hash(&self) -> [u8; 32] {
        let mut bytes = [&self.config[..64], &self.config[192..]].concat();
        let shared = |role: u16| matches!(role, role::KEY | role::VALUE);
        let mut query: &[Vec<u8>] = &[];
        for record in self.records.iter().filter(|record| record.role < 32 || matches!(record.role, 64 | 65)) {
            if record.role == role::QUERY {
                query = &record.parts[3..];
            }
            bytes.extend(record.head());
            record.parts[..3].iter().for_each(|part| bytes.extend(part));
            let input = if shared(record.role) { query } else { &record.parts[3..] };
            input.iter().for_each(|part| bytes.extend(part));
        }
        let tokenizer = self.more.iter().find(|(kind, ..)| *kind == section::TOKENIZER);
        bytes.extend(tokenizer.map_or(&[][..], |(.., content)| content));
        Sha256::digest(&bytes).into()
    }

    /// The sections `TENS` and `DATA`.
    fn tensors(&self) -> (Vec<u8>, Vec<u8>) {
        let mut data = Vec::new();
        let mut table = (self.records.len() as u32).to_le_bytes().to_vec();
        table.resize(64, 0);
        let mut shared = [0; 2];
        for record in &self.records {
            let mut offsets = record.parts.each_ref().map(|part| {
                data.resize(aligned(data.len()), 0);
                let offset = if part.is_empty() { 0 } else { data.len() };
                data.extend(part);
                offset as u64
            });
            // Key and value use the query's split list and smoothing vector.
            match record.role {
                role::QUERY => shared.copy_from_slice(&offsets[3..]),
                role::KEY | role::VALUE => offsets[3..].copy_from_slice(&shared),
                _ => {}
            }
            table.extend(record.head());
            table.extend([0; 4]);
            table.extend(offsets.map(u64::to_le_bytes).concat());
        }
        (table, data)
    }
}

/// A model file: sections one behind the other, with header, directory and checksum.
pub fn join(sections: &[(u32, u32, Vec<u8>)]) -> Aligned {
    join_as(b"ALBERT\x1a\n", 3, sections)
}

/// A head file: its describing section, the classifier of `parts`, labels and provenance.
pub fn head_file(head: &[u8], parts: &Parts) -> Aligned {
    let classifier = |record: &&Record| matches!(record.role, role::CLASSIFIER | role::CLASSIFIER_BIAS);
    let records = parts.records.iter().filter(classifier).cloned().collect();
    let (tensors, data) = Parts { records, ..parts.clone() }.tensors();
    let required = [(section::HEAD, head.to_vec()), (section::TENSORS, tensors), (section::DATA, data)];
    let sections: Vec<_> =
        required.map(|(kind, content)| (kind, 1, content)).into_iter().chain(parts.more.clone()).collect();
    join_as(b"ALHEAD\x1a\n", 1, &sections)
}

/// Sections one behind the other, with header, directory and checksum.
fn join_as(magic: &[u8; 8], version: u32, sections: &[(u32, u32, Vec<u8>)]) -> Aligned {
    let mut header = [&magic[..], &version.to_le_bytes(), &(sections.len() as u32).to_le_bytes()].concat();
    header.resize(64, 0);
    let mut body = Vec::new();
    let body_start = 64 + 24 * sections.len();
    for (kind, flags, content) in sections {
        let start = aligned(body_start + body.len());
        body.resize(start - body_start, 0);
        body.extend(content);
        header.extend([*kind, *flags].map(u32::to_le_bytes).concat());
        header.extend([start, content.len()].map(|size| (size as u64).to_le_bytes()).concat());
    }
    let mut file = Aligned::copy(&[header, body].concat());
    let length = file.len() as u64;
    put_u64(&mut file, 16, length);
    seal(&mut file);
    file
}

/// Writes the checksum into the header.
pub fn seal(file: &mut [u8]) {
    let crc = crc32(&[&file[..60], &file[64..]].concat());
    put_u32(file, 60, crc);
}

/// CRC-32 (ISO-HDLC), a bit at a time.
pub fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// Writes a little-endian u32.
pub fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Writes a little-endian u64.
pub fn put_u64(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

fn aligned(offset: usize) -> usize {
    offset.next_multiple_of(64)
}
