//! Checksums of files, with what a machine has for them.

#[cfg(any(test, all(target_arch = "wasm32", not(feature = "std"))))]
mod steps;

use albert_core::error::ChecksumError;

/// As the core's, but faster.
#[cfg(feature = "std")]
pub(super) fn verify(file: &[u8]) -> Result<(), ChecksumError> {
    compare(file, |parts| {
        let mut digest = crc32fast::Hasher::new();
        parts.iter().for_each(|part| digest.update(part));
        digest.finalize()
    })
}

/// As the core's, but faster.
#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
pub(super) fn verify(file: &[u8]) -> Result<(), ChecksumError> {
    compare(file, steps::crc32)
}

#[cfg(not(any(target_arch = "wasm32", feature = "std")))]
pub(super) use albert_core::format::verify_checksum as verify;

/// Compares with the header's what `checksum` gives for the bytes on both sides of it.
#[cfg(any(target_arch = "wasm32", feature = "std"))]
fn compare(file: &[u8], checksum: impl Fn([&[u8]; 2]) -> u32) -> Result<(), ChecksumError> {
    // A checked file has a header.
    let (header, rest) = file.split_at_checked(albert_core::format::layout::HEADER_BYTES).unwrap_or((file, &[]));
    let (fields, stated) = header.split_last_chunk().unwrap_or((header, &[0; 4]));
    let (stated, computed) = (u32::from_le_bytes(*stated), checksum([fields, rest]));
    if stated == computed { Ok(()) } else { Err(ChecksumError { stated, computed }) }
}
