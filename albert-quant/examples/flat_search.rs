//! How long a search in an index takes on one core: for `benches/classifier/search.py`, which makes vectors and queries.
//!
//! `cargo run --release -p albert-quant --example flat_search -- ENCODER VECTORS QUERIES WIDTH`: files of little-endian f32. Prints JSON
//! for each query: microseconds, ids of its ten best entries, `exact`, those by all scores sorted, and bytes of the index.

use std::time::Instant;

use albert_core::heads::{Candidate, Search};
use albert_core::kernels::detect;
use albert_core::{IndexFile, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [encoder, vectors, queries, width] = &arguments[..] else {
        return Err("usage: flat_search ENCODER VECTORS QUERIES WIDTH".into());
    };
    let width: usize = width.parse()?;
    let floats = |path: &String| -> std::io::Result<Vec<f32>> {
        Ok(std::fs::read(path)?.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    };
    let file = std::fs::File::open(encoder)?;
    // SAFETY: the file is not changed while this program runs.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    let model = Model::from_bytes(&map)?;
    let vectors = floats(vectors)?;
    let texts = vec![""; vectors.len() / width];
    let bytes = albert_quant::index_file(&model, vectors, &texts)?;
    let index = IndexFile::from_bytes(&bytes)?;
    let mut memory = vec![0; Search::bytes(width) + 63];
    for query in floats(queries)?.chunks_exact(width) {
        let mut best = [Candidate::default(); 10];
        let start = Instant::now();
        let found = Search::new(detect(), &index, query, &mut memory)?.best(&mut best).to_vec();
        let microseconds = start.elapsed().as_secs_f64() * 1e6;
        let mut scan = Search::new(detect(), &index, query, &mut memory)?;
        let mut all = Vec::with_capacity(texts.len());
        while let Some(chunk) = scan.next_chunk() {
            all.extend((chunk.first..).zip(chunk.scores.iter().copied()));
        }
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let exact: Vec<u32> = all.iter().take(10).map(|&(id, _)| id).collect();
        let ids: Vec<u32> = found.iter().map(|candidate| candidate.id).collect();
        println!(
            "{}",
            serde_json::json!({ "microseconds": microseconds, "ids": ids, "exact": exact, "bytes": bytes.len() })
        );
    }
    Ok(())
}
