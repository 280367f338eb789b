//! The ZIP archives that `torch.save` writes: members stored as they are, found through the central directory.

use std::collections::HashMap;
use std::ops::Range;

/// Where each member's bytes are, by its name without the archive's own folder.
pub(super) fn members(file: &[u8]) -> Result<HashMap<&str, Range<usize>>, String> {
    const END: &[u8] = b"PK\x05\x06";
    const END_BYTES: usize = 22;
    const LONGEST_COMMENT: usize = 0xffff;
    let tail = file.len().saturating_sub(END_BYTES + LONGEST_COMMENT);
    let end =
        file[tail..].windows(END.len()).rposition(|window| window == END).ok_or("the archive has no directory")?;
    let end = tail + end;
    if end + END_BYTES + u16_at(file, end + 20)? != file.len() {
        return Err("the archive ends early".to_owned());
    }
    let count = u16_at(file, end + 10)?;
    let mut at = u32_at(file, end + 16)?;
    let mut members = HashMap::new();
    for _ in 0..count {
        let (name, range, next) = member(file, at)?;
        let name = name.split_once('/').map_or(name, |(_, name)| name);
        members.insert(name, range);
        at = next;
    }
    Ok(members)
}

/// The member whose directory entry is at `at`: name, bytes, and where the next entry is.
fn member(file: &[u8], at: usize) -> Result<(&str, Range<usize>, usize), String> {
    const ENTRY_BYTES: usize = 46;
    const HEADER_BYTES: usize = 30;
    if file.get(at..).and_then(|entry| entry.get(..4)) != Some(b"PK\x01\x02") {
        return Err("the archive's directory is damaged".to_owned());
    }
    let (stored, bytes) = (u16_at(file, at + 10)? == 0, u32_at(file, at + 24)?);
    let (name_bytes, extra, comment) = (u16_at(file, at + 28)?, u16_at(file, at + 30)?, u16_at(file, at + 32)?);
    let header = u32_at(file, at + 42)?;
    let name = file.get(at + ENTRY_BYTES..).and_then(|rest| rest.get(..name_bytes));
    let name = name.and_then(|name| std::str::from_utf8(name).ok()).ok_or("a member of the archive has no name")?;
    if !stored || bytes != u32_at(file, at + 20)? {
        return Err(format!("member {name} of the archive is compressed"));
    }
    if [bytes, header].contains(&(u32::MAX as usize)) {
        return Err(format!("member {name} of the archive is larger than 4 GiB"));
    }
    let start = header + HEADER_BYTES + u16_at(file, header + 26)? + u16_at(file, header + 28)?;
    let range = start..start + bytes;
    if range.end > file.len() {
        return Err(format!("member {name} lies outside the archive"));
    }
    Ok((name, range, at + ENTRY_BYTES + name_bytes + extra + comment))
}

fn u16_at(file: &[u8], at: usize) -> Result<usize, String> {
    let bytes = file.get(at..).and_then(|rest| rest.first_chunk()).ok_or("the archive ends early")?;
    Ok(u16::from_le_bytes(*bytes).into())
}

fn u32_at(file: &[u8], at: usize) -> Result<usize, String> {
    let bytes = file.get(at..).and_then(|rest| rest.first_chunk()).ok_or("the archive ends early")?;
    Ok(u32::from_le_bytes(*bytes) as usize)
}
