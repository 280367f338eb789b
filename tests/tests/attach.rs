//! Classifiers put on encoders that are model files: the encoder stays what it is, and the head computes what it was given.

use albert_core::config::{Classifier, Pooling, ProblemType};
use albert_core::heads::{Candidate, Search, pool};
use albert_core::{HeadFile, IndexFile, Input, Model, Plan, Positions, Session};
use albert_quant::{ClassifierWeights, attach, encoder_hash, head_file, index_file, without_head};
use albert_tests::aligned::Aligned;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::random::Random;
use albert_tests::reference::Reference;
use albert_tests::{engine, fixtures};

const LABELS: usize = 3;

fn hidden_states(file: &[u8], ids: &[u32]) -> Vec<f32> {
    let model = Model::from_bytes(file).expect("a valid model file");
    let plan = Plan::new(model.config(), ids.len());
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
    let input = Input::new(ids).with_positions(Positions::All);
    session.run(&input).expect("a valid input").last_hidden_state().to_vec()
}

fn head_logits(file: &[u8], head: Option<&[u8]>, ids: &[u32]) -> Vec<f32> {
    let model = Model::from_bytes(file).expect("a valid model file");
    let plan = Plan::new(model.config(), ids.len()).with_labels(LABELS);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
    let head = head.map(|bytes| HeadFile::from_bytes(bytes).expect("a valid head file"));
    session.set_head(head.as_ref()).expect("a head for this encoder");
    session.run(&Input::new(ids)).expect("a valid input").logits().to_vec()
}

/// Every kind of head goes, every encoder stays, whatever its weights are stored in.
#[test]
fn every_encoder() {
    let inputs = Inputs { extra: 3, smoothing: true };
    for fixture in fixtures::all() {
        let reference = Reference::load(&fixture.directory);
        for storage in [Storage::Int8(inputs), Storage::Codebook(16, inputs), Storage::F32] {
            let file = Parts::new(&reference, storage).assemble();
            let model = Model::from_bytes(&file).expect("a valid model file");
            assert_eq!(encoder_hash(&model), *model.encoder_hash(), "{}", fixture.name);
            let (width, ids) = (model.config().hidden_size as usize, [3, 1, 2, 5]);
            let mut random = Random(9);
            let weights: Vec<f32> = (0..LABELS * width).map(|_| random.normal() as f32 / 4.0).collect();
            let bias = [0.25, -0.5, 0.125];
            let names = ["x", "y", "z"].map(str::to_owned);
            let classifier = Classifier {
                num_labels: LABELS as u32,
                problem_type: ProblemType::SingleLabel,
                pooling: Pooling::Mean,
                temperature: 2.0,
                threshold: 0.25,
            };
            for int8 in [true, false] {
                let head = ClassifierWeights {
                    classifier,
                    labels: &names,
                    weights: &weights,
                    bias: &bias,
                    int8,
                    provenance: serde_json::json!({}),
                };
                let whole = attach(&model, &head).expect("it fits");
                let made = Model::from_bytes(&whole).expect("a valid model file");
                assert_eq!(made.classifier(), Some(classifier), "{}", fixture.name);
                assert_eq!(made.label(2), Some("z"));
                let bare = without_head(&made);
                let bare_model = Model::from_bytes(&bare).expect("a valid model file");
                for model in [&made, &bare_model] {
                    assert_eq!(
                        (encoder_hash(model), model.encoder_hash()),
                        (*model.encoder_hash(), made.encoder_hash())
                    );
                }
                assert_eq!(made.encoder_hash(), model.encoder_hash(), "{}", fixture.name);
                let hidden = hidden_states(&file, &ids);
                assert_eq!(hidden_states(&whole, &ids), hidden, "{}, {storage:?}", fixture.name);
                assert_eq!(hidden_states(&bare, &ids), hidden, "{}, {storage:?}", fixture.name);
                let alone = head_file(&model, &head).expect("it fits");
                let logits = head_logits(&whole, None, &ids);
                assert_eq!(head_logits(&bare, Some(&alone), &ids), logits, "{}", fixture.name);
                let mut pooled = vec![0.0; width];
                pool(Pooling::Mean, &hidden, &mut pooled);
                for ((weights, bias), logit) in weights.chunks_exact(width).zip(bias).zip(logits) {
                    let expected: f32 = weights.iter().zip(&pooled).map(|(w, x)| w * x).sum::<f32>() + bias;
                    let size: f32 = weights.iter().zip(&pooled).map(|(w, x)| (w * x).abs()).sum();
                    assert!((logit - expected).abs() <= if int8 { 0.02 } else { 1e-5 } * size, "{}", fixture.name);
                }
            }
        }
    }
}

/// A search gives what comparing with every entry gives, with every kernel set.
#[test]
fn search_is_exhaustive() {
    let file = Parts::new(&Reference::load(&fixtures::load("model-minute").directory), Storage::INT8).assemble();
    let encoder = Model::from_bytes(&file).expect("a valid model file");
    for (count, width) in [(1, 5), (63, 16), (64, 7), (65, 64), (500, 96)] {
        let mut random = Random(count as u64);
        let vectors: Vec<f32> = (0..count * width).map(|_| random.normal() as f32).collect();
        let texts: Vec<String> = (0..count).map(|index| format!("text {index}")).collect();
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let bytes = index_file(&encoder, vectors.clone(), &borrowed).expect("finite embeddings");
        let index = IndexFile::from_bytes(&bytes).expect("a valid index file");
        assert_eq!((index.count(), index.width(), index.text(count - 1)), (count, width, borrowed.last().copied()));
        assert_eq!((index.text(count), index.encoder_hash()), (None, encoder.encoder_hash()));
        let query: Vec<f32> = (0..width).map(|_| random.normal() as f32).collect();
        let mut seen: Option<Vec<u32>> = None;
        for kernels in engine::all_kernels() {
            let mut memory = Aligned::zeros(Search::bytes(width));
            let mut scores = Vec::new();
            let mut search = Search::new(kernels, &index, &query, &mut memory).expect("enough memory");
            while let Some(chunk) = search.next_chunk() {
                assert_eq!(chunk.first as usize, scores.len());
                scores.extend_from_slice(chunk.scores);
            }
            assert_eq!(scores.len(), count);
            for (row, &score) in vectors.chunks_exact(width).zip(&scores) {
                let exact: f32 = row.iter().zip(&query).map(|(a, b)| a * b).sum();
                let size: f32 = row.iter().zip(&query).map(|(a, b)| (a * b).abs()).sum();
                assert!((score - exact).abs() < 0.03 * size, "{score} {exact}");
            }
            let mut best = [Candidate::default(); 10];
            let found = Search::new(kernels, &index, &query, &mut memory).expect("enough memory").best(&mut best);
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            let expected: Vec<(u32, f32)> = order.iter().take(10).map(|&at| (at as u32, scores[at])).collect();
            assert_eq!(found.iter().map(|one| (one.id, one.score)).collect::<Vec<_>>(), expected, "{kernels:?}");
            let bits: Vec<u32> = scores.iter().map(|score| score.to_bits()).collect();
            assert!(seen.is_none_or(|seen| seen == bits), "{kernels:?}");
            seen = Some(bits);
        }
        let mut small = Aligned::zeros(Search::bytes(width) - 1);
        assert!(Search::new(engine::all_kernels()[0], &index, &query, &mut small).is_err());
    }
}

/// Every truncation and every flipped byte of an index is refused or searched.
#[test]
fn damaged_indexes() {
    let file = Parts::new(&Reference::load(&fixtures::load("model-minute").directory), Storage::INT8).assemble();
    let encoder = Model::from_bytes(&file).expect("a valid model file");
    let bytes =
        index_file(&encoder, (0..40).map(|x| x as f32 - 17.0).collect(), &["a", "b", "c", "d"]).expect("finite");
    let good = Aligned::copy(&bytes);
    for length in 0..good.len() {
        assert!(IndexFile::from_bytes(&Aligned::copy(&good[..length])).is_err());
    }
    let (mut damaged, mut searched) = (Aligned::copy(&good), 0);
    for at in 0..good.len() {
        for mask in [1 << (at % 8), 0xff] {
            damaged[at] ^= mask;
            if let Ok(index) = IndexFile::from_bytes(&damaged) {
                let mut memory = Aligned::zeros(Search::bytes(index.width()));
                let query = vec![0.5; index.width()];
                let mut best = [Candidate::default(); 2];
                let search = Search::new(engine::all_kernels()[0], &index, &query, &mut memory).expect("enough memory");
                searched += search.best(&mut best).len();
                let _ = (0..5).filter_map(|text| index.text(text)).count();
            }
            damaged[at] ^= mask;
        }
    }
    assert!(searched > 100);
}

#[test]
fn committed_models_state_the_hash_of_their_encoder() {
    let mut files = 0;
    for folder in ["models", "conformance"] {
        for entry in std::fs::read_dir(albert_tests::readme::root().join(folder)).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "albert") {
                let bytes = Aligned::copy(&std::fs::read(&path).expect("a file"));
                let model = Model::from_bytes(&bytes).expect("a valid model file");
                assert_eq!(encoder_hash(&model), *model.encoder_hash(), "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files >= 12, "{files}");
}
