//! `albert index` and `albert search`: the nearest of many texts.

use std::path::Path;

use albert_core::IndexFile;
use albert_core::heads::{Candidate, Search as Scan};
use albert_edge::{Engine, SentenceEmbedding};
use serde::Serialize;

use crate::args::{Index, Search};
use crate::console::{Console, Escaped};
use crate::error::{At, Error, Outcome, Result};
use crate::explain::open;
use crate::output::Output;
use crate::progress;

pub(super) fn index(args: &Index) -> Result<Outcome> {
    let model = open(&args.model)?;
    let output = Output::new(&args.output, &[&args.model, &args.file])?;
    let texts = texts(&args.file)?;
    let engine = Engine::new(&model).kernels(args.isa.kernels).threads(super::threads(args.threads));
    let task = SentenceEmbedding::with_engine(engine).map_err(Error::new)?;
    let bar = progress::bar(texts.len() as u64);
    let mut vectors = Vec::new();
    // In pieces, so that the bar moves.
    for piece in texts.chunks(256) {
        for embedding in task.run_batch(piece.iter().map(String::as_str)).map_err(Error::new)? {
            vectors.extend(embedding.embedding);
        }
        bar.inc(piece.len() as u64);
    }
    bar.finish_and_clear();
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    let bytes = albert_quant::index_file(model.as_core(), vectors, &borrowed).map_err(Error::new)?;
    output.write(&bytes)?;
    let mut console = Console::new();
    console.line(format_args!("{}: {} texts, {} bytes", args.output.display(), texts.len(), bytes.len()))?;
    console.flush()?;
    Ok(Outcome::Passed)
}

/// Texts one a line, or the "text" of JSON lines in a `.jsonl` file.
fn texts(path: &Path) -> Result<Vec<String>> {
    let content = std::fs::read_to_string(path).at(format_args!("cannot read {}", path.display()))?;
    let json = path.extension().is_some_and(|extension| extension == "jsonl");
    let lines = content.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let text = |(line, number): (&str, usize)| {
        if !json {
            return Ok(line.to_owned());
        }
        let row: Option<serde_json::Value> = serde_json::from_str(line).ok();
        let text = row.as_ref().and_then(|row| row.get("text")?.as_str());
        let missing = || Error::new(format_args!("{}, line {number}: no JSON object with a \"text\"", path.display()));
        text.map(str::to_owned).ok_or_else(missing)
    };
    let texts: Vec<String> = lines.map(text).collect::<Result<_>>()?;
    if texts.is_empty() { Err(Error::new(format_args!("{} has no texts", path.display()))) } else { Ok(texts) }
}

/// One text that was found.
#[derive(Serialize)]
struct Found<'t> {
    text: &'t str,
    score: f32,
    index: u32,
}

pub(super) fn search(args: &Search) -> Result<Outcome> {
    let model = open(&args.model)?;
    let shown = args.index.display();
    let file = std::fs::File::open(&args.index).at(format_args!("cannot open {shown}"))?;
    // SAFETY: as for every model file, it is not changed while it is used; see `docs/security.md`.
    let map = unsafe { memmap2::Mmap::map(&file) }.at(format_args!("cannot map {shown}"))?;
    let index = IndexFile::from_bytes(&map).at(&shown)?;
    if index.encoder_hash() != model.as_core().encoder_hash() {
        return Err(Error::new(format_args!("{shown} was made with another model than {}", args.model.display())));
    }
    let task = SentenceEmbedding::with_engine(Engine::new(&model).kernels(args.isa.kernels)).map_err(Error::new)?;
    let mut memory = vec![0; Scan::bytes(index.width()) + 63];
    let mut best = vec![Candidate::default(); args.top_k];
    let mut console = Console::new();
    for text in &args.texts {
        let query = task.run(text.as_str()).map_err(Error::new)?.embedding;
        let scan = Scan::new(args.isa.kernels, &index, &query, &mut memory).map_err(Error::new)?;
        let found = scan.best(&mut best).iter();
        let found = found.map(|one| Found {
            text: index.text(one.id as usize).unwrap_or_default(),
            score: one.score,
            index: one.id,
        });
        if args.json {
            console.json(&found.collect::<Vec<_>>())?;
        } else {
            for one in found {
                console.line(format_args!("{:.4}  {}", one.score, Escaped(one.text)))?;
            }
        }
    }
    console.flush()?;
    Ok(Outcome::Passed)
}
