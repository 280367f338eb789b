//! How good classifiers from a few examples are: draws of N sentences a label from a training file, each fitted and measured on a
//! test file. Writes one JSON line a draw, and into FOLDER features and draws for `benches/classifier/sklearn_draws.py`. Features that
//! are there already are not computed again.
//!
//! `cargo run --release -p albert-fit --example draws -- ENCODER TRAIN.jsonl TEST.jsonl FOLDER SIZE...`

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use albert_core::Model;
use albert_core::config::Pooling;
use albert_fit::{Columns, Example, Features, Options, features, fit_features, read};

const DRAWS: u64 = 5;
const OUT_OF_SCOPE: &str = "oos";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [encoder, train, test, folder, sizes @ ..] = &arguments[..] else {
        return Err("usage: draws ENCODER TRAIN.jsonl TEST.jsonl FOLDER [SIZE...]".into());
    };
    let folder = Path::new(folder);
    let sizes = sizes.iter().map(|size| size.parse()).collect::<Result<Vec<usize>, _>>()?;
    let file = fs::File::open(encoder)?;
    // SAFETY: the file is not changed while this program runs.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    let encoder = albert_quant::without_head(&Model::from_bytes(&map)?);
    let model = Model::from_bytes(&encoder)?;
    let options = Options::default();
    let rows = |path: &String| -> Result<Vec<Example>, albert_fit::Error> {
        let mut rows = read(path.as_ref(), &Columns::default())?;
        rows.retain(|row| row.labels != [OUT_OF_SCOPE]);
        Ok(rows)
    };
    let (train, test) = (rows(train)?, rows(test)?);
    let poolings = match model.config().pooler {
        true => vec![Pooling::Mean, Pooling::FirstToken, Pooling::Pooler],
        false => vec![Pooling::Mean, Pooling::FirstToken],
    };
    let kept = |name: &str, rows: &[Example]| -> Result<Vec<Features>, Box<dyn std::error::Error>> {
        let path = |pooling: Pooling| folder.join(format!("{name}-{pooling:?}.npy"));
        let width = model.config().hidden_size as usize;
        if poolings.iter().any(|&pooling| !path(pooling).exists()) {
            let all = features(&model, rows, &poolings, None, options.threads, &|_| ControlFlow::Continue(()))?;
            let labels = rows.iter().map(|row| row.labels[0].as_str()).collect::<Vec<_>>().join("\n");
            fs::write(folder.join(format!("{name}.txt")), labels)?;
            for features in &all {
                write_npy(&path(features.pooling), &features.values, rows.len(), width)?;
            }
        }
        let read =
            |&pooling: &Pooling| Ok(Features { pooling, width, values: read_npy(&path(pooling), rows.len() * width)? });
        poolings.iter().map(read).collect()
    };
    fs::create_dir_all(folder)?;
    let (of_train, of_test) = (kept("train", &train)?, kept("test", &test)?);
    for size in sizes {
        for seed in 0..DRAWS {
            let drawn = draw(&train, size, seed);
            let examples: Vec<Example> = drawn.iter().map(|&row| train[row].clone()).collect();
            let picked: Vec<Features> = of_train.iter().map(|features| pick(features, &drawn)).collect();
            let start = Instant::now();
            let fitted = fit_features(&picked, &examples, &options)?;
            let seconds = start.elapsed().as_secs_f64();
            let chosen = of_test.iter().find(|features| features.pooling == fitted.classifier.pooling);
            let right = test.iter().enumerate().filter(|&(row, example)| {
                let label = fitted.best(chosen.map_or(&[][..], |features| features.row(row)));
                example.labels == [fitted.labels[label].clone()]
            });
            let accuracy = right.count() as f64 / test.len() as f64;
            println!(
                "{}",
                serde_json::json!({
                    "size": size, "seed": seed, "accuracy": accuracy, "seconds": seconds,
                    "pooling": format!("{:?}", fitted.classifier.pooling), "strength": fitted.report.strength,
                    "held_out_accuracy": fitted.report.accuracy, "temperature": fitted.report.temperature,
                })
            );
            let rows: Vec<String> = drawn.iter().map(usize::to_string).collect();
            fs::write(folder.join(format!("draw-{size}-{seed}.txt")), rows.join("\n"))?;
        }
    }
    Ok(())
}

/// The first rows of each label in a random order.
fn draw(rows: &[Example], size: usize, seed: u64) -> Vec<usize> {
    let key = |row: usize| {
        let mut x = (row as u64).wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(1);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| key(row));
    let mut taken = std::collections::BTreeMap::new();
    order.retain(|&row| {
        let count = taken.entry(&rows[row].labels).or_insert(0);
        *count += 1;
        *count <= size
    });
    order.sort_unstable();
    order
}

fn pick(features: &Features, rows: &[usize]) -> Features {
    let values = rows.iter().flat_map(|&row| features.row(row)).copied().collect();
    Features { pooling: features.pooling, width: features.width, values }
}

/// What [`write_npy`] wrote.
fn read_npy(path: &Path, elements: usize) -> std::io::Result<Vec<f32>> {
    let bytes = fs::read(path)?;
    let values = bytes.len().checked_sub(4 * elements).map(|header| &bytes[header..]);
    let values = values.ok_or_else(|| std::io::Error::other(format!("{} is too short", path.display())))?;
    Ok(values.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect())
}

/// A matrix as NumPy reads it.
fn write_npy(path: &Path, values: &[f32], rows: usize, columns: usize) -> std::io::Result<()> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.push_str(&" ".repeat(padded - header.len() - 1));
    header.push('\n');
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
    file.flush()
}
