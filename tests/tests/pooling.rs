//! Models without an embedding mapping, classifiers that read something else than the pooler, and embeddings of texts: what the
//! f64 network gives, and the same bits on every kernel set.

use albert_core::config::Pooling;
use albert_core::heads::{normalize, pool};
use albert_core::{ExitPolicy, Input, Model, Plan, Positions, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine;
use albert_tests::measure::max_abs;
use albert_tests::model_file::{Inputs, Parts, Storage, put_u32};
use albert_tests::random::{self, Geometry, Random};
use albert_tests::reference::{Reference, Sequence};
use albert_tests::tensors::Tensor;

const HIDDEN: usize = 12;
const LABELS: usize = 5;
const TOKENS: usize = 9;
const OUTPUTS: usize = 7;
const INT8: Storage = Storage::Int8(Inputs { extra: 3, smoothing: true });
const KINDS: [Pooling; 4] = [Pooling::FirstToken, Pooling::Mean, Pooling::Max, Pooling::MeanSqrt];

fn geometry(class: &'static str) -> Geometry {
    Geometry {
        class,
        hidden_act: "gelu",
        vocab_size: 40,
        embedding_size: HIDDEN,
        num_attention_heads: 3,
        head_size: 4,
        intermediate_size: 20,
        num_hidden_layers: 3,
        num_hidden_groups: 3,
        inner_group_num: 1,
        max_position_embeddings: 16,
        type_vocab_size: 2,
        num_labels: LABELS,
    }
}

/// A network whose embeddings are the first hidden states.
fn unmapped(class: &'static str, seed: u64) -> Reference {
    random::checkpoint(&geometry(class), &mut Random(seed)).without("encoder.embedding_hidden_mapping_in")
}

fn sequence(seed: u64) -> Sequence {
    let mut sequence = random::sequence(&geometry("AlbertModel"), TOKENS, &mut Random(seed));
    // In every other sequence position 0 is masked.
    sequence.mask[0] = seed.is_multiple_of(2);
    sequence.mask[1] = true;
    sequence
}

/// Ids, types and mask as the engine has them.
fn tokens(sequence: &Sequence) -> [Vec<u32>; 3] {
    let narrow = |values: &[usize]| values.iter().map(|&value| value as u32).collect();
    let mask = sequence.mask.iter().map(|&keep| u32::from(keep)).collect();
    [narrow(&sequence.ids), narrow(&sequence.token_types), mask]
}

/// Hidden states of the attended tokens.
fn attended(hidden: &[f64], sequence: &Sequence) -> Vec<Vec<f64>> {
    let rows = hidden.chunks_exact(HIDDEN).zip(&sequence.mask);
    rows.filter(|(_, keep)| **keep).map(|(row, _)| row.to_vec()).collect()
}

fn pooled(kind: Pooling, hidden: &[f64], sequence: &Sequence) -> Vec<f64> {
    let rows = attended(hidden, sequence);
    let column = |channel: usize| rows.iter().map(move |row| row[channel]);
    let count = rows.len() as f64;
    let value = |channel| match kind {
        Pooling::Mean => column(channel).sum::<f64>() / count,
        Pooling::MeanSqrt => column(channel).sum::<f64>() / count.sqrt(),
        Pooling::Max => column(channel).fold(f64::NEG_INFINITY, f64::max),
        // The first token's, of the pooler too. Position 0 is computed even when it is masked.
        _ => hidden[channel],
    };
    (0..HIDDEN).map(value).collect()
}

fn linear(weight: &Tensor, bias: &Tensor, x: &[f64]) -> Vec<f64> {
    let row = |row: usize| weight.row(row).iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias.values[row];
    (0..weight.shape[0]).map(row).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

/// Runs `look` on a session with every kernel set and some divisions of work; all must give the same.
fn same_everywhere<T: PartialEq + std::fmt::Debug>(file: &[u8], look: impl Fn(&mut Session<'_, '_>) -> T) -> T {
    let model = Model::from_bytes(file).expect("a valid model file");
    let mut seen: Option<T> = None;
    for kernels in engine::all_kernels() {
        for (tile_rows, workers) in [(16, 1), (4, 1), (4, 3)] {
            let plan = Plan::new(model.config(), TOKENS).with_tile_rows(tile_rows).with_workers(workers);
            let mut arena = Aligned::zeros(plan.arena_bytes());
            let mut session = Session::with_kernels(&model, plan, &mut arena, kernels).expect("the planned arena");
            let found = look(&mut session);
            if let Some(seen) = &seen {
                assert_eq!(&found, seen, "{kernels:?}, {tile_rows} rows, {workers} workers");
            }
            seen = Some(found);
        }
    }
    seen.expect("there is a kernel set")
}

#[test]
fn no_mapping() {
    for seed in 0..6 {
        let (checkpoint, sequence) = (unmapped("AlbertModel", seed), sequence(seed));
        let [ids, types, mask] = tokens(&sequence);
        let input = Input::new(&ids).with_token_types(&types).with_attention_mask(&mask);
        let hidden = |session: &mut Session<'_, '_>| {
            let output = session.run(&input.with_positions(Positions::All)).expect("a valid input");
            let rows = sequence.mask.iter().filter(|&&keep| keep).count();
            output.last_hidden_state()[..rows * HIDDEN].iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let float = Parts::new(&checkpoint, Storage::F32).assemble();
        let mapped =
            Parts::new(&random::checkpoint(&geometry("AlbertModel"), &mut Random(seed)), Storage::F32).assemble();
        assert!(float.len() + 4 * HIDDEN * HIDDEN < mapped.len(), "the mapping's tensors are not in the file");
        let model = Model::from_bytes(&float).expect("a valid model file");
        let plan = Plan::new(model.config(), TOKENS);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let found = hidden(&mut Session::new(&model, plan, &mut arena).expect("the planned arena"));
        let found: Vec<f64> = found.into_iter().map(|bits| f32::from_bits(bits).into()).collect();
        let expected = attended(&checkpoint.run(&sequence)["last_hidden_state"], &sequence).concat();
        assert!(max_abs(&found, &expected) < 1e-4, "{}", max_abs(&found, &expected));
        same_everywhere(&Parts::new(&checkpoint, INT8).assemble(), hidden);
    }
}

#[test]
fn classifiers_read_what_the_file_says() {
    for (seed, kind) in (0..8).zip(KINDS.into_iter().cycle()) {
        let (checkpoint, sequence) = (unmapped("AlbertForSequenceClassification", seed), sequence(seed));
        let [ids, types, mask] = tokens(&sequence);
        let input = Input::new(&ids).with_token_types(&types).with_attention_mask(&mask);
        let file = |storage| {
            let mut parts = Parts::new(&checkpoint, storage);
            put_u32(&mut parts.config, 140, kind as u32);
            parts.assemble()
        };
        let hidden = &checkpoint.run(&sequence)["last_hidden_state"];
        let [weight, bias] = ["weight", "bias"].map(|part| checkpoint.tensor(&format!("classifier.{part}")));
        let expected = linear(weight, bias, &pooled(kind, hidden, &sequence));
        let float = file(Storage::F32);
        let model = Model::from_bytes(&float).expect("a valid model file");
        let plan = Plan::new(model.config(), TOKENS);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        let found = wide(session.run(&input).expect("a valid input").logits());
        assert!(max_abs(&found, &expected) < 1e-4, "{kind:?}: {found:?} {expected:?}");

        let integer = file(INT8);
        let bits = same_everywhere(&integer, |session| {
            let logits = |output: albert_core::Output<'_>| output.logits().to_vec();
            let head = logits(session.run(&input).expect("a valid input"));
            let all = session.run(&input.with_positions(Positions::All)).expect("a valid input");
            let rows = sequence.mask.iter().filter(|&&keep| keep).count();
            let mut expected = [0.0; HIDDEN];
            // A masked position 0 comes last.
            let of_first = if sequence.mask[0] { 0 } else { rows };
            let hidden = all.last_hidden_state();
            let read = if kind.reads_all() { &hidden[..rows * HIDDEN] } else { &hidden[of_first * HIDDEN..] };
            pool(kind, read, &mut expected);
            assert_eq!(all.pooled(), Some(&expected[..]), "{kind:?}");
            assert_eq!(logits(all), head, "{kind:?}");
            // Not all rows are there.
            let listed = session.run(&input.with_positions(Positions::Listed(&[1]))).expect("a valid input");
            assert!(listed.pooled().is_none() && listed.logits().is_empty(), "{kind:?}");
            let first = logits(session.run(&input.with_layers(1)).expect("a valid input"));
            session.set_early_exit(Some(ExitPolicy::Confidence(0.0))).expect("one label is chosen");
            assert_eq!(logits(session.run(&input).expect("a valid input")), first, "{kind:?}");
            session.set_early_exit(None).expect("no policy is always possible");
            head.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        });
        assert_eq!(bits.len(), LABELS);
    }
}

/// Temperature changes scores, not logits.
#[test]
fn temperature() {
    let checkpoint = unmapped("AlbertForSequenceClassification", 3);
    let sequence = sequence(4);
    let [ids, types, mask] = tokens(&sequence);
    let input = Input::new(&ids).with_token_types(&types).with_attention_mask(&mask);
    for (problem_type, temperature) in [(0, 1.0f32), (0, 2.5), (1, 1.0), (1, 0.4)] {
        let mut parts = Parts::new(&checkpoint, INT8);
        put_u32(&mut parts.config, 136, problem_type);
        put_u32(&mut parts.config, 144, temperature.to_bits());
        put_u32(&mut parts.config, 148, 0.25f32.to_bits());
        let (logits, scores) = same_everywhere(&parts.assemble(), |session| {
            assert_eq!(session.classifier().map(|classifier| classifier.threshold), Some(0.25));
            let logits = session.run(&input).expect("a valid input").logits().to_vec();
            (logits, session.scores().expect("a classifier has scores").to_vec())
        });
        let scaled: Vec<f64> = logits.iter().map(|&logit| f64::from(logit) / f64::from(temperature)).collect();
        let sum: f64 = scaled.iter().map(|x| x.exp()).sum();
        let expected = scaled.iter().map(|&x| if problem_type == 0 { x.exp() / sum } else { 1.0 / (1.0 + (-x).exp()) });
        assert!(max_abs(&wide(&scores), &expected.collect::<Vec<_>>()) < 1e-5, "{problem_type} {temperature}");
    }
}

#[test]
fn embeddings_of_texts() {
    for (seed, kind) in (0..8).zip(KINDS.into_iter().cycle()) {
        let sequence = sequence(seed);
        let mut random = Random(seed + 100);
        let mut tensor = |shape: &[usize]| {
            let count = shape.iter().product();
            Tensor { shape: shape.to_vec(), values: (0..count).map(|_| random.normal() / 4.0).collect() }
        };
        let (weight, bias) = (tensor(&[OUTPUTS, HIDDEN]), tensor(&[OUTPUTS]));
        let plain = unmapped("AlbertModel", seed);
        let dense = seed >= 4;
        let checkpoint = match dense {
            true => plain.with("2_Dense.linear.weight", weight.clone()).with("2_Dense.linear.bias", bias.clone()),
            false => plain,
        };
        let normalized = seed % 2 == 0;
        let [ids, types, mask] = tokens(&sequence);
        let input = Input::new(&ids).with_token_types(&types).with_attention_mask(&mask);
        let file = |storage| {
            let mut parts = Parts::new(&checkpoint, storage);
            put_u32(&mut parts.config, 160, kind as u32 + 1);
            put_u32(&mut parts.config, 164, normalized.into());
            parts.assemble()
        };
        let mut expected = pooled(kind, &checkpoint.run(&sequence)["last_hidden_state"], &sequence);
        if dense {
            expected = linear(&weight, &bias, &expected).into_iter().map(f64::tanh).collect();
        }
        if normalized {
            let length = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
            expected.iter_mut().for_each(|x| *x /= length);
        }
        let float = file(Storage::F32);
        let model = Model::from_bytes(&float).expect("a valid model file");
        let recipe = model.sentence_embedding().expect("the file says how");
        assert_eq!((recipe.pooling, recipe.normalize, recipe.dense.is_some()), (kind, normalized, dense));
        let plan = Plan::new(model.config(), TOKENS);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        let hidden = session.run(&input).expect("a valid input").last_hidden_state().to_vec();
        let found = wide(session.sentence_embedding().expect("all rows are there"));
        assert!(max_abs(&found, &expected) < 1e-4, "{kind:?}: {found:?} {expected:?}");
        assert_eq!(session.output().expect("the results stay").last_hidden_state(), hidden);
        same_everywhere(&file(INT8), |session| {
            session.run(&input).expect("a valid input");
            session.sentence_embedding().expect("all rows are there").iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        });
    }
    let mut zeros = [0.0; 3];
    normalize(&mut zeros);
    assert_eq!(zeros, [0.0; 3]);
}
