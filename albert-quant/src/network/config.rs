//! The network's configuration: that of the checkpoint, and what its tensors say.

use albert_core::config::{Config, Head, HeadInput, Pooling, Precision, ProblemType, Storage};

use crate::checkpoint::{Checkpoint, Sentence, Tensor};
use crate::error::Error;
use crate::family::Family;
use crate::head::HeadChoice;

/// The linear from embeddings to hidden states.
const MAPPING: &str = "encoder.embedding_hidden_mapping_in";
/// Most labels of a head.
const MOST_LABELS: u32 = 1 << 20;

/// The network's configuration: that of the checkpoint, and what its tensors say about the head.
pub(super) fn config(
    checkpoint: &Checkpoint,
    choice: HeadChoice,
    head: Head,
    sentence: Option<&Sentence>,
) -> Result<Config, Error> {
    let from = &checkpoint.config;
    let rows = |name: &str| checkpoint.rows(name);
    let outputs = match head {
        Head::None | Head::MaskedLm => None,
        Head::QuestionAnswering => Some(("qa_outputs.weight", Some(2))),
        Head::MultipleChoice => Some(("classifier.weight", Some(1))),
        Head::PreTraining => Some(("sop_classifier.classifier.weight", None)),
        _ => Some(("classifier.weight", None)),
    };
    // The original code, and BERT, hand embeddings of the hidden state's width on as they are.
    let unmapped = (checkpoint.original || from.family != Family::Albert || checkpoint.identity)
        && rows(&format!("{MAPPING}.weight")).is_none();
    // An embedding of the text takes its place.
    let pooler_kept = choice != HeadChoice::Encoder && (sentence.is_none() || choice != HeadChoice::Auto);
    let num_labels = match outputs {
        None => 0,
        Some((name, fixed)) => {
            let found = rows(name).ok_or_else(|| Error::MissingHeadTensor { name: name.to_owned(), head })?;
            let rows = u32::try_from(found).ok().filter(|&rows| (1..=MOST_LABELS).contains(&rows));
            match (rows, fixed) {
                (Some(rows), None) => rows,
                (Some(rows), Some(fixed)) if rows == fixed => rows,
                (_, expected) => {
                    let expected = expected.unwrap_or(MOST_LABELS);
                    return Err(Error::HeadOutputs { head, name: name.to_owned(), expected, found });
                }
            }
        }
    };
    Ok(Config {
        vocab_size: from.vocab_size,
        embedding_size: from.embedding_size,
        hidden_size: from.hidden_size,
        intermediate_size: from.intermediate_size,
        num_hidden_layers: from.num_hidden_layers,
        num_hidden_groups: from.num_hidden_groups,
        inner_group_num: from.inner_group_num,
        num_attention_heads: from.num_attention_heads,
        max_position_embeddings: from.max_position_embeddings,
        type_vocab_size: from.type_vocab_size,
        hidden_act: from.hidden_act,
        layer_norm_eps: from.layer_norm_eps,
        precision: Precision::Float,
        head,
        embedding_mapping: !(unmapped && from.embedding_size == from.hidden_size),
        pooler: (pooler_kept && rows("pooler.weight").is_some()) || head.input() == HeadInput::Pooled,
        num_labels,
        problem_type: problem_type(head, from.problem_type, num_labels),
        pooling: Pooling::Pooler,
        sentence_dense: sentence
            .and_then(|sentence| sentence.dense.as_ref())
            .map_or(0, |dense| u32::try_from(dense.outputs).unwrap_or(u32::MAX)),
        storage: Storage::default(),
    })
}

/// How the reference's text-classification pipeline makes scores of the logits.
fn problem_type(head: Head, stated: Option<ProblemType>, num_labels: u32) -> ProblemType {
    match stated {
        _ if head != Head::SequenceClassification => ProblemType::SingleLabel,
        Some(ProblemType::Regression) => ProblemType::Regression,
        Some(ProblemType::MultiLabel) => ProblemType::MultiLabel,
        _ if num_labels == 1 => ProblemType::MultiLabel,
        _ => ProblemType::SingleLabel,
    }
}

/// Takes away a mapping that changes nothing: the identity and no bias, as of a BERT that was written as an ALBERT.
pub(super) fn drop_identity(checkpoint: &mut Checkpoint) {
    let width = checkpoint.config.hidden_size as usize;
    let [weight, bias] = ["weight", "bias"].map(|part| format!("{MAPPING}.{part}"));
    let tensors = &mut checkpoint.tensors;
    let (Some(matrix), Some(vector)) = (tensors.get(&weight), tensors.get(&bias)) else { return };
    if matrix.shape() != [width, width] || vector.shape() != [width] {
        return;
    }
    let mut values = vec![0.0; width];
    let mut row_is = |tensor: &Tensor, row: usize, one: Option<usize>| {
        tensor.read_row(row, &mut values);
        values.iter().enumerate().all(|(column, &value)| value == f32::from(u8::from(Some(column) == one)))
    };
    if row_is(vector, 0, None) && (0..width).all(|row| row_is(matrix, row, Some(row))) {
        tensors.remove(&weight);
        tensors.remove(&bias);
        checkpoint.identity = true;
    }
}
