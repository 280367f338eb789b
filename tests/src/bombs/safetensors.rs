//! Headers of safetensors files.

use super::Bomb;

const FILE: &str = "model.safetensors";

fn file(header: &[u8], data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header, &vec![0; data]].concat()
}

/// A shape of twenty million ones.
pub(super) fn shape() -> Bomb {
    let ones = b"1,".repeat(20_000_000 - 1);
    let header = [&b"{\"x.weight\":{\"dtype\":\"F32\",\"shape\":["[..], &ones, b"1],\"data_offsets\":[0,4]}}"].concat();
    Bomb::new("st_shape", "a shape of twenty million ones", "826 MB", FILE, file(&header, 4))
}

/// 400,000 empty tensors.
pub(super) fn many() -> Bomb {
    let tensor = |index| format!("\"{index:x}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let header = format!("{{{}}}", (0..400_000).map(tensor).collect::<Vec<_>>().join(","));
    Bomb::new("st_many", "400,000 empty tensors", "342 MB", FILE, file(header.as_bytes(), 0))
}

/// Three million entries of metadata.
pub(super) fn metadata() -> Bomb {
    let entries = (0..3_000_000).map(|index| format!("\"{index:x}\":\"\"")).collect::<Vec<_>>().join(",");
    let header = format!("{{\"__metadata__\":{{{entries}}}}}");
    Bomb::new("st_meta", "three million entries of metadata", "not listed", FILE, file(header.as_bytes(), 0))
}
