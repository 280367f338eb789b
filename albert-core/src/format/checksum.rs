//! The checksum of model and head files.

use super::bytes::u32_at;
use super::layout::HEADER_BYTES;
use crate::error::ChecksumError;

/// Compares the checksum in the header of a model or head file with that of its bytes. Reads every byte.
///
/// # Errors
/// [`ChecksumError`] with both values, as far as the bytes have them.
pub fn verify_checksum(file: &[u8]) -> Result<(), ChecksumError> {
    let stated = u32_at(file, HEADER_BYTES - 4);
    let computed = checksum(file);
    if stated == computed { Ok(()) } else { Err(ChecksumError { stated, computed }) }
}

/// CRC-32 (ISO-HDLC) of a model or head file without the checksum field.
pub fn checksum(file: &[u8]) -> u32 {
    checksum_of([file.get(..HEADER_BYTES - 4).unwrap_or(file), file.get(HEADER_BYTES..).unwrap_or(&[])])
}

/// CRC-32 (ISO-HDLC) of some bytes and those that follow.
pub(crate) fn checksum_of(parts: [&[u8]; 2]) -> u32 {
    const CRC: crc::Crc<u32, crc::Table<1>> = crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC);
    static TABLE: crc::Crc<u32, crc::Table<1>> = CRC;
    let mut digest = TABLE.digest();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize()
}
