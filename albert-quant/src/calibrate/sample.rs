//! The inputs that a model is calibrated on.

use albert_core::Model;
use albert_core::tokenizer::{EncodeError, EncodeOptions, Tokenizer, memory_bytes};

use super::{Calibration, cost, random};
use crate::bytes::ModelBytes;
use crate::error::Error;

/// Lines of the built-in text that are joined to one long input.
const JOINED_LINES: usize = 6;

/// Most memory for encoding one text: a word of it takes a hundred bytes for every character, after the normalizer made it longer.
const MOST_BYTES: usize = 32 << 20;

/// Sentences of several kinds, one a line.
const TEXT: &str = include_str!("text.txt");

/// The ids of a sample: one list an input, none empty, all within the model's limits.
pub(crate) fn ids(calibration: Calibration<'_>, file: &ModelBytes) -> Result<Vec<Vec<u32>>, Error> {
    let model = Model::from_bytes(file).map_err(Error::Model)?;
    let config = model.config();
    let limits = cost::limits(config, file.len());
    let limit = limits.longest;
    let mut sample = match (calibration, model.tokenizer()) {
        (Calibration::None, _) => Vec::new(),
        (Calibration::BuiltIn, Some(tokenizer)) => encode(&built_in(), &tokenizer, limit)?,
        (Calibration::BuiltIn, None) => random::inputs(&model, limit),
        (Calibration::Texts(texts), Some(tokenizer)) => encode(texts, &tokenizer, limit)?,
        (Calibration::Texts(_), None) => return Err(Error::CalibrationNeedsTokenizer),
        (Calibration::Ids(ids), _) => ids.to_vec(),
    };
    for (input, ids) in sample.iter_mut().enumerate() {
        ids.truncate(limit);
        if let Some(&id) = ids.iter().find(|&&id| id >= config.vocab_size) {
            return Err(Error::CalibrationId { input, id, vocab_size: config.vocab_size });
        }
    }
    sample.retain(|ids| !ids.is_empty());
    thin(&mut sample, limits.tokens, limits.inputs);
    if sample.is_empty() && calibration != Calibration::None { Err(Error::CalibrationEmpty) } else { Ok(sample) }
}

/// Drops inputs at even distances until neither their number nor, roughly, that of their tokens is above the limits.
fn thin(sample: &mut Vec<Vec<u32>>, tokens: usize, inputs: usize) {
    let found: usize = sample.iter().map(Vec::len).sum();
    let wanted = (sample.len() * tokens).div_ceil(found.max(1)).min(inputs);
    let inputs = sample.len();
    if wanted < inputs {
        let mut index = 0;
        sample.retain(|_| {
            index += 1;
            index * wanted / inputs > (index - 1) * wanted / inputs
        });
    }
}

/// Every line by itself, and every few lines as one text, so that late positions are seen too.
fn built_in() -> Vec<String> {
    let lines: Vec<&str> = TEXT.lines().collect();
    let joined = lines.chunks(JOINED_LINES).map(|lines| lines.join(" "));
    lines.iter().map(|&line| line.to_owned()).chain(joined).collect()
}

fn encode(texts: &[String], tokenizer: &Tokenizer<'_>, limit: usize) -> Result<Vec<Vec<u32>>, Error> {
    let options = EncodeOptions { max_tokens: Some(limit), ..EncodeOptions::default() };
    let mut memory = vec![0; memory_bytes(limit, 64)];
    let encode = |(input, text): (usize, &String)| loop {
        match tokenizer.encode(text, None, &options, &mut memory) {
            Ok(encoding) => return Ok(encoding.ids().to_vec()),
            Err(EncodeError::MemoryTooSmall { missing }) => {
                let needed = memory.len().saturating_add(missing);
                if needed > MOST_BYTES {
                    let factor = tokenizer.expansion().factor;
                    return Err(Error::CalibrationTextGrows { input, limit: MOST_BYTES, factor });
                }
                memory.resize(needed.max(2 * memory.len()).min(MOST_BYTES), 0);
            }
            Err(error) => return Err(Error::CalibrationText { input, error }),
        }
    };
    texts.iter().enumerate().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_samples_are_thinned_evenly() {
        let sample = |inputs: u32| (0..inputs).map(|id| vec![id; 64]).collect::<Vec<_>>();
        let mut small = sample(128);
        thin(&mut small, 8192, 500);
        assert_eq!(small, sample(128));
        let mut large = sample(1000);
        thin(&mut large, 8192, 500);
        assert_eq!(large.len(), 128);
        let mut few = sample(128);
        thin(&mut few, 8192, 8);
        assert_eq!(few.len(), 8);
        assert!(large.windows(2).all(|pair| (7..=8).contains(&(pair[1][0] - pair[0][0]))));
    }

    #[test]
    fn the_text_has_many_kinds_of_lines() {
        assert!(TEXT.lines().count() >= 60);
        assert!(TEXT.lines().all(|line| !line.trim().is_empty() && line.trim() == line));
        let long = built_in().into_iter().filter(|text| text.len() > 300).count();
        assert!(long >= 8, "{long}");
    }
}
