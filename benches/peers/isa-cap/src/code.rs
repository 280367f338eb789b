//! Where a loaded file's code has CPUID instructions.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use iced_x86::{Code, Decoder, DecoderOptions, Instruction};

/// The instruction's bytes.
pub(crate) const CPUID: [u8; 2] = [0x0f, 0xa2];

/// Addresses of a file's sections of code, relative to where the file is loaded.
pub(crate) fn sections(file: &Path) -> io::Result<Vec<Range<usize>>> {
    const PROGBITS: u32 = 1;
    const ALLOC_AND_EXECUTE: u64 = 2 | 4;
    let file = File::open(file)?;
    let header = read::<64>(&file, 0)?;
    let (table, size, count) = (word(&header, 0x28), half(&header, 0x3a), half(&header, 0x3c));
    if !header.starts_with(b"\x7fELF\x02\x01") || size != 64 || count == 0 {
        return Err(io::Error::other("no table of sections"));
    }
    let mut found = Vec::new();
    for index in 0..u64::from(count) {
        let section = read::<64>(&file, table + index * u64::from(size))?;
        let kind = u32::from_le_bytes([section[4], section[5], section[6], section[7]]);
        if kind == PROGBITS && word(&section, 8) & ALLOC_AND_EXECUTE == ALLOC_AND_EXECUTE {
            let start = word(&section, 16) as usize;
            found.push(start..start + word(&section, 32) as usize);
        }
    }
    Ok(found)
}

fn read<const N: usize>(file: &File, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

fn word(bytes: &[u8; 64], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}

fn half(bytes: &[u8; 64], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Instructions before and after one that no program may execute which are taken for data, too.
const DATA: usize = 24;

/// Offsets of the CPUID instructions in a section. Decodes one instruction after the other from the start, so the same two
/// bytes inside another instruction are not found. Tables between functions are decoded, too: what they seem to have is
/// left out, and decoding falls into step again some instructions after them.
pub(crate) fn cpuids(code: &[u8]) -> Vec<usize> {
    if !code.windows(CPUID.len()).any(|bytes| bytes == CPUID) {
        return Vec::new();
    }
    let mut decoder = Decoder::new(64, code, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    // Numbers of instructions beside offsets.
    let mut found: Vec<(usize, usize)> = Vec::new();
    let (mut number, mut code_from) = (0, 0);
    while decoder.can_decode() {
        let at = decoder.position();
        decoder.decode_out(&mut instruction);
        number += 1;
        if instruction.is_invalid() || instruction.is_privileged() {
            code_from = number + DATA;
            while found.last().is_some_and(|last| last.0 + DATA >= number) {
                found.pop();
            }
        } else if instruction.code() == Code::Cpuid && instruction.len() == CPUID.len() && number > code_from {
            found.push((number, at));
        }
    }
    found.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_instructions_not_byte_pairs() {
        // mov eax, 7; xor ecx, ecx; cpuid; mov eax, 0x0000a20f; jz with the two bytes as its distance; cpuid; ret
        let code = [
            0xb8, 7, 0, 0, 0, 0x31, 0xc9, 0x0f, 0xa2, 0xb8, 0x0f, 0xa2, 0, 0, 0x0f, 0x84, 0x0f, 0xa2, 0, 0, 0x0f, 0xa2,
            0xc3,
        ];
        assert_eq!(cpuids(&code), [7, 20]);
        assert_eq!(cpuids(&code[9..20]), []);
        assert_eq!(cpuids(&[]), []);
    }

    #[test]
    fn leaves_tables_as_they_are() {
        const NOP: u8 = 0x90;
        const CLI: u8 = 0xfa;
        let with = |before: usize, after: usize| {
            let (before, after) = (vec![NOP; before], vec![NOP; after]);
            [&[CLI], &before[..], &CPUID, &after[..], &[CLI]].concat()
        };
        assert_eq!(cpuids(&with(DATA, DATA)), [1 + DATA]);
        assert_eq!(cpuids(&with(DATA - 1, DATA)), []);
        assert_eq!(cpuids(&with(DATA, DATA - 1)), []);
    }

    #[test]
    fn finds_this_program() {
        let found = sections(Path::new("/proc/self/exe")).unwrap();
        assert!(found.iter().any(|section| section.len() > 10_000), "{found:?}");
    }
}
