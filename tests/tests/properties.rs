//! Properties of networks of any shape, inputs of any kind and files with any damage, on a bounded number of random cases.

use albert_core::{Input, InputError, Model, Plan, Positions, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine::{self, Run};
use albert_tests::fixtures;
use albert_tests::measure::{largest, max_abs};
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::random::{self, Geometry, Random};
use albert_tests::reference::{Output, Reference, Sequence};
use albert_tests::robust::{self, CONTAINERS};
use proptest::prelude::*;
use std::path::Path;

const CLASSES: [&str; 7] = [
    "AlbertModel",
    "AlbertForSequenceClassification",
    "AlbertForTokenClassification",
    "AlbertForQuestionAnswering",
    "AlbertForMultipleChoice",
    "AlbertForMaskedLM",
    "AlbertForPreTraining",
];
const ACTIVATIONS: [&str; 16] = [
    "gelu",
    "gelu_new",
    "relu",
    "quick_gelu",
    "silu",
    "tanh",
    "sigmoid",
    "relu6",
    "relu2",
    "leaky_relu",
    "hardswish",
    "mish",
    "linear",
    "gelu_10",
    "laplace",
    "sqrtsoftplus",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// f32 weights: what the f64 forward pass gives. int8 weights: the same bits on every kernel set, tile size and number
    /// of workers.
    #[test]
    fn networks_of_any_shape(geometry in geometries(), seed: u64, tile_rows in 1usize..80, workers in 1usize..5) {
        let mut random = Random(seed);
        let mut checkpoint = random::checkpoint(&geometry, &mut random);
        let tokens = 1 + random.below(geometry.max_position_embeddings);
        let sequence = random::sequence(&geometry, tokens, &mut random);
        let one = std::slice::from_ref(&sequence);

        let expected = checkpoint.run(&sequence);
        let blunted = blunted(&mut checkpoint, &sequence);
        let file = Parts::new(&checkpoint, Storage::F32).assemble();
        for kernels in engine::all_kernels() {
            let results = engine::run(&file, one, &Run { kernels, tile_rows, workers, ..Run::default() }).remove(0);
            for (name, values) in &results {
                // Rows of masked tokens are left out of per-token outputs.
                let width = expected[name].len() / tokens;
                let shorter = values.len() < expected[name].len();
                let keep = |index: &usize| !shorter || sequence.mask[index / width];
                let wanted: Vec<f64> = (0..expected[name].len()).filter(keep).map(|index| expected[name][index]).collect();
                let values: Vec<f64> = values.iter().map(|&value| value.into()).collect();
                let error = max_abs(&values, &wanted);
                let sharpness = max_abs(&blunted[name], &expected[name]);
                prop_assert!(error <= 1e-4 * largest(&wanted).max(1.0) + sharpness, "{kernels:?}, {name}: {error:e}");
            }
        }

        let inputs = Inputs { extra: random.below(6), smoothing: random.below(2) == 0 };
        let storages = [Storage::Int8(inputs), Storage::Codebook(16, inputs), Storage::Codebook(32, inputs)];
        let storage = storages[random.below(storages.len())];
        let file = Parts::new(&checkpoint, storage).assemble();
        let mut bits = Vec::new();
        for kernels in engine::all_kernels() {
            for (tile_rows, workers) in [(16, 1), (tile_rows, workers)] {
                let results = engine::run(&file, one, &Run { kernels, tile_rows, workers, ..Run::default() }).remove(0);
                bits.push(results.into_values().flatten().map(f32::to_bits).collect::<Vec<_>>());
            }
        }
        prop_assert!(bits.windows(2).all(|pair| pair[0] == pair[1]));
    }

    /// Inputs of any kind: what is wrong is named, and what is right runs.
    #[test]
    fn inputs_of_any_kind(
        ids in prop::collection::vec(0u32..12, 0..13),
        token_types in prop::collection::vec(0u32..4, 0..13),
        mask in prop::collection::vec(0u32..3, 0..13),
        positions in prop::collection::vec(0u32..11, 0..4),
        layers in 0u32..4,
    ) {
        let mut random = Random(1);
        let geometry = small("AlbertModel");
        let file = Parts::new(&random::checkpoint(&geometry, &mut random), Storage::F32).assemble();
        let model = Model::from_bytes(&file).expect("a valid model file");
        let plan = Plan::new(model.config(), 10);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        let input = Input::new(&ids).with_token_types(&token_types).with_attention_mask(&mask);
        let input = input.with_positions(Positions::Listed(&positions)).with_layers(layers);
        let result = session.run(&input).map(|output| (output.positions().to_vec(), output.last_hidden_state().to_vec()));

        let lengths = [token_types.len(), mask.len()].iter().all(|length| [0, ids.len()].contains(length));
        let attended = |position: usize| position < ids.len() && mask.get(position).is_none_or(|&keep| keep != 0);
        let right = !ids.is_empty()
            && ids.len() <= 10
            && lengths
            && ids.iter().all(|&id| id < 11)
            && token_types.iter().all(|&token_type| token_type < 3)
            && (0..ids.len()).any(attended)
            && (1..=2).contains(&layers);
        // Position 0 may be asked for when it is masked.
        let listed = positions.iter().all(|&position| position == 0 || attended(position as usize));
        let once = (0..positions.len()).all(|index| !positions[..index].contains(&positions[index]));
        match result {
            Ok((computed, hidden)) => {
                prop_assert!(right && listed && once);
                prop_assert_eq!(&computed, &positions);
                prop_assert!(hidden.len() == computed.len() * 9 && hidden.iter().all(|value| value.is_finite()));
            }
            Err(InputError::Position { .. }) => prop_assert!(right && !(listed && once)),
            Err(_) => prop_assert!(!right),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several changes at once, in words that mean something: the reader refuses, or what it accepts runs.
    #[test]
    fn files_with_any_damage(
        class in prop::sample::select(&CLASSES[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), words()), 1..6),
        everywhere: bool,
        storage: prop::sample::Index,
    ) {
        let mut random = Random(2);
        let inputs = Inputs { extra: 2, smoothing: true };
        let storages = [Storage::F16, Storage::Int8(inputs), Storage::Codebook(16, inputs), Storage::Mixed];
        let storage = storages[storage.index(storages.len())];
        let mut file = Parts::new(&random::checkpoint(&small(class), &mut random), storage).assemble();
        let end = if everywhere { file.len() } else { 2600.min(file.len()) };
        for (place, word) in changes {
            let at = place.index(end / 4 - 1) * 4;
            file[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        robust::model_file(&file);
    }

    /// Bytes that never were a model file.
    #[test]
    fn files_of_rubbish(bytes in prop::collection::vec(any::<u8>(), 0..400), text: String) {
        robust::model_file(&bytes);
        robust::tokenizer_section(&bytes, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// A configuration with strange values.
    #[test]
    fn configurations_of_any_kind(key in prop::sample::select(&KEYS[..]), value in json_values()) {
        let (config, weights) = checkpoint();
        let mut config: serde_json::Value = serde_json::from_slice(&config).expect("valid JSON");
        config[key] = value;
        robust::checkpoint(config.to_string().as_bytes(), &[(SAFETENSORS, &weights)]);
    }

    /// Damage to the weights' container: its length, its header, its data.
    #[test]
    fn containers_with_any_damage(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end in prop::option::of(any::<prop::sample::Index>()),
        front: bool,
    ) {
        let (config, mut weights) = checkpoint();
        for (place, byte) in changes {
            let at = place.index(if front { 4096 } else { weights.len() });
            weights[at] = byte;
        }
        weights.truncate(end.map_or(weights.len(), |end| end.index(weights.len())));
        robust::checkpoint(&config, &[(SAFETENSORS, &weights)]);
    }

    /// Damage to any container, where it hurts: numbers that break arithmetic, in its first or last bytes or anywhere.
    #[test]
    fn every_container_with_any_damage(
        container in 0..CONTAINERS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), words(), 1usize..9), 1..5),
        end in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        place in 0..3,
    ) {
        let (config, mut files) = container_files(CONTAINERS[container]);
        let weights = &mut files[0].1;
        for (at, word, width) in changes {
            let length = weights.len();
            let range = match place {
                0 => 0..length.min(2048),
                1 => length.saturating_sub(2048)..length,
                _ => 0..length,
            };
            let at = range.start + at.index(range.len());
            let bytes = [word.to_le_bytes(), [0; 4]].concat();
            let width = width.min(length - at);
            weights[at..at + width].copy_from_slice(&bytes[..width]);
        }
        weights.truncate(end.map_or(weights.len(), |end| end.index(weights.len())));
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        robust::checkpoint(&config, &files);
    }

    /// Text that never was a configuration.
    #[test]
    fn configurations_of_rubbish(text in prop::collection::vec(any::<u8>(), 0..100)) {
        let (_, weights) = checkpoint();
        prop_assert!(!robust::checkpoint(&text, &[(SAFETENSORS, &weights)]));
    }
}

/// What the damaged ones start from is accepted and runs.
#[test]
fn an_intact_checkpoint() {
    let (config, weights) = checkpoint();
    assert!(robust::checkpoint(&config, &[(SAFETENSORS, &weights)]));
    for container in CONTAINERS {
        let (config, files) = container_files(container);
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        assert!(robust::checkpoint(&config, &files), "{container}");
    }
}

const KEYS: [&str; 19] = [
    "architectures",
    "model_type",
    "vocab_size",
    "embedding_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_hidden_groups",
    "inner_group_num",
    "num_attention_heads",
    "max_position_embeddings",
    "type_vocab_size",
    "hidden_act",
    "layer_norm_eps",
    "tie_word_embeddings",
    "problem_type",
    "id2label",
    "num_labels",
    "position_embedding_type",
];

/// The smallest fixture's files.
fn checkpoint() -> (Vec<u8>, Vec<u8>) {
    let directory = fixtures::load("model-minute").directory;
    let read = |name| std::fs::read(directory.join(name)).expect("the fixture is readable");
    (read("config.json"), read("model.safetensors"))
}

const SAFETENSORS: &str = "model.safetensors";

/// A small classifier in a container: its configuration, and its files, the one that is read first before the others.
fn container_files(container: &str) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../albert-quant/tests/fixtures");
    let directory = match container {
        "model.safetensors.index.json" => fixtures.join("heads-sharded"),
        _ => fixtures.join("heads/sequence-classification"),
    };
    let read = |name: &str| std::fs::read(directory.join(name)).expect("the fixture is readable");
    let beside: &[&str] = match container {
        "model.ckpt-best.index" => &["model.ckpt-best.data-00000-of-00001"],
        "model.safetensors.index.json" => &["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
        _ => &[],
    };
    let files = [container].iter().chain(beside).map(|name| ((*name).to_owned(), read(name))).collect();
    (read("config.json"), files)
}

fn json_values() -> impl Strategy<Value = serde_json::Value> {
    let texts =
        ["gelu", "relu", "regression", "AlbertForMaskedLM", "AlbertForQuestionAnswering", "BertModel", "", "\u{0}\n"];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (0u64..20).prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        prop::sample::select(&[u64::MAX, 1 << 32, 1 << 24, 1 << 16, 4096][..]).prop_map(Into::into),
        prop::sample::select(texts.to_vec()).prop_map(Into::into),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((0u32..12, inner), 0..4)
                .prop_map(|entries| entries.into_iter().map(|(key, value)| (key.to_string(), value)).collect()),
        ]
    })
}

/// Numbers that break arithmetic, and small ones.
fn words() -> impl Strategy<Value = u32> {
    prop_oneof![
        0u32..70,
        prop::sample::select(vec![u32::MAX, u32::MAX - 63, 1 << 31, (1 << 31) - 1, 1 << 16, 1 << 20, 64 * 77, 4096]),
        any::<u32>(),
        any::<f32>().prop_map(f32::to_bits),
    ]
}

fn small(class: &'static str) -> Geometry {
    Geometry {
        class,
        hidden_act: "gelu_new",
        vocab_size: 11,
        embedding_size: 5,
        num_attention_heads: 3,
        head_size: 3,
        intermediate_size: 7,
        num_hidden_layers: 2,
        num_hidden_groups: 1,
        inner_group_num: 1,
        max_position_embeddings: 10,
        type_vocab_size: 3,
        num_labels: 3,
    }
}

/// What the network gives with a trace more in the denominator of its layer norms. Where one meets channels that are nearly equal it
/// shows little but how they were rounded, and then this differs.
fn blunted(checkpoint: &mut Reference, sequence: &Sequence) -> Output {
    let eps = checkpoint.config.layer_norm_eps;
    checkpoint.config.layer_norm_eps = eps + 1e-8;
    let output = checkpoint.run(sequence);
    checkpoint.config.layer_norm_eps = eps;
    output
}

fn geometries() -> impl Strategy<Value = Geometry> {
    let sizes = (1usize..150, 1usize..40, 1usize..5, 1usize..40, 1usize..90);
    let layers = (1usize..4, 1usize..4, 1usize..3);
    let names = (prop::sample::select(&CLASSES[..]), prop::sample::select(&ACTIVATIONS[..]));
    let rest = (1usize..70, 1usize..4, 1usize..20);
    (sizes, layers, names, rest).prop_map(|(sizes, layers, names, rest)| Geometry {
        class: names.0,
        hidden_act: names.1,
        vocab_size: sizes.0,
        // A layer norm over one or two channels knows only signs: any rounding error is as large as the value.
        embedding_size: sizes.1.max(4),
        num_attention_heads: sizes.2,
        head_size: sizes.3.max(4 / sizes.2 + 1),
        intermediate_size: sizes.4,
        num_hidden_layers: layers.0,
        num_hidden_groups: layers.1,
        inner_group_num: layers.2,
        max_position_embeddings: rest.0,
        type_vocab_size: rest.1,
        num_labels: rest.2,
    })
}
