//! Checkpoints in, model files out: names, containers, element types, heads, labels, layout.

use crate::support::{Checkpoint, HIDDEN, Stored, VOCABULARY};
use albert_core::config::{Head, ProblemType};
use albert_core::format::Elements;
use albert_core::{Input, Model, Plan, Session};
use albert_quant::{Converted, HeadChoice, MlmBias, Options, Warning, Weights, convert};
use half::{bf16, f16};
use safetensors::Dtype;
use serde_json::json;

fn options(weights: Weights) -> Options<'static> {
    let mut options = Options::default();
    options.weights = weights;
    options
}

fn converted(checkpoint: &Checkpoint, options: &Options<'_>) -> Converted {
    let directory = tempfile::tempdir().unwrap();
    checkpoint.write(directory.path());
    convert(directory.path(), options).unwrap()
}

fn fp32(checkpoint: &Checkpoint) -> Converted {
    converted(checkpoint, &options(Weights::Fp32))
}

const ALL: [Weights; 5] = Weights::ALL;

#[test]
fn the_reader_accepts_every_file() {
    for checkpoint in [Checkpoint::classifier(5), Checkpoint::masked_lm(), Checkpoint::model(json!(["AlbertModel"]))] {
        for weights in ALL {
            let file = converted(&checkpoint, &options(weights)).bytes;
            let model = Model::from_bytes(&file).unwrap();
            albert_core::format::verify_checksum(&file).unwrap();
            assert_eq!((model.block_of(0), model.block_of(2), model.block_of(5)), (0, 0, 3));
            assert!(model.config().pooler);
            let provenance: serde_json::Value = serde_json::from_str(model.provenance()).unwrap();
            assert_eq!(provenance["weights"], weights.name());
        }
    }
}

#[test]
fn names_and_containers_do_not_change_the_file() {
    let checkpoint = Checkpoint::classifier(3);
    for weights in ALL {
        let options = options(weights);
        let expected = converted(&checkpoint, &options).bytes;
        let same = |other: Checkpoint| assert_eq!(*converted(&other, &options).bytes, *expected, "{weights:?}");
        same(checkpoint.renamed(|name| name.trim_start_matches("albert.").to_owned()));
        same(checkpoint.renamed(|name| format!("module.{name}")));
        same(checkpoint.renamed(|name| {
            let name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
            let name = name.replace("layer_norm.weight", "layer_norm.gamma");
            name.replace("layer_norm.bias", "layer_norm.beta")
        }));
        same(checkpoint.mapped(|tensor| tensor.encoded(Dtype::F16, |value| f16::from_f32(value).to_le_bytes())));
        same(checkpoint.mapped(|tensor| tensor.encoded(Dtype::BF16, |value| bf16::from_f32(value).to_le_bytes())));
        same(checkpoint.mapped(|tensor| tensor.encoded(Dtype::F64, |value| f64::from(value).to_le_bytes())));
        let mut buffers = checkpoint.clone();
        let ids = Stored { dtype: Dtype::I64, shape: vec![1, 2], bytes: vec![0; 16] };
        buffers.tensors.insert("albert.embeddings.position_ids".to_owned(), ids);
        same(buffers);

        let directory = tempfile::tempdir().unwrap();
        checkpoint.write_sharded(directory.path());
        assert_eq!(*convert(directory.path(), &options).unwrap().bytes, *expected);
        let index = directory.path().join("model.safetensors.index.json");
        assert_eq!(*convert(&index, &options).unwrap().bytes, *expected);
    }
}

#[test]
fn the_number_of_threads_does_not_change_the_file() {
    let checkpoint = Checkpoint::masked_lm();
    for weights in ALL {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| converted(&checkpoint, &options(weights)).bytes)
        };
        let (one, five) = (run(1), run(5));
        assert_eq!(*one, *five);
    }
}

/// First hidden state of a short input.
fn hidden(file: &Converted) -> Vec<f32> {
    let model = Model::from_bytes(&file.bytes).unwrap();
    let plan = Plan::new(model.config(), 8);
    let mut arena = vec![0; plan.arena_bytes() + 64];
    let mut session = Session::new(&model, plan, &mut arena).unwrap();
    session.run(&Input::new(&[1, 7, 30, 2])).unwrap().last_hidden_state().to_vec()
}

#[test]
fn smaller_weights_stay_close() {
    let checkpoint = Checkpoint::classifier(2);
    let reference = hidden(&fp32(&checkpoint));
    assert_eq!(reference.len(), HIDDEN);
    let error = |weights| {
        let other = hidden(&converted(&checkpoint, &options(weights)));
        reference.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!(error(Weights::Fp16) < 2e-3, "{}", error(Weights::Fp16));
    assert!(error(Weights::Int8) < 0.05, "{}", error(Weights::Int8));
}

#[test]
fn reports_say_what_each_tensor_takes() {
    let checkpoint = Checkpoint::classifier(2);
    let int8 = converted(&checkpoint, &options(Weights::Int8));
    let stored: usize = checkpoint.tensors.values().map(|tensor| tensor.bytes.len()).sum();
    assert_eq!(int8.report.checkpoint_bytes, stored as u64);
    assert_eq!(int8.report.model_bytes, int8.bytes.len() as u64);
    let model = Model::from_bytes(&int8.bytes).unwrap();
    for (record, tensor) in model.tensors().zip(&int8.report.tensors) {
        assert_eq!((record.rows as usize, record.columns as usize), (tensor.rows, tensor.columns), "{}", tensor.name);
    }
    assert_eq!(model.tensors().count(), int8.report.tensors.len());
    let words = &int8.report.tensors[0];
    assert_eq!((words.name.as_str(), words.dtype), ("embeddings.word_embeddings.weight", "int8"));
    assert!(words.relative_error > 1e-4 && words.relative_error < 0.01, "{}", words.relative_error);
    assert!(fp32(&checkpoint).report.tensors.iter().all(|tensor| tensor.relative_error == 0.0));
}

#[test]
fn labels_come_from_the_configuration_or_are_numbered() {
    let mut checkpoint = Checkpoint::classifier(3);
    let names = |checkpoint: &Checkpoint| {
        let file = fp32(checkpoint);
        let model = Model::from_bytes(&file.bytes).unwrap();
        let names: Vec<String> = (0..3).map(|id| model.label(id).unwrap().to_owned()).collect();
        let mismatch = file.warnings.iter().any(|warning| matches!(warning, Warning::LabelCount { .. }));
        (names.join(" "), mismatch)
    };
    assert_eq!(names(&checkpoint), ("LABEL_0 LABEL_1 LABEL_2".to_owned(), false));
    checkpoint.config["id2label"] = json!({"0": "no", "1": "maybe", "2": "ja, natürlich"});
    assert_eq!(names(&checkpoint), ("no maybe ja, natürlich".to_owned(), false));
    checkpoint.config["id2label"] = json!({"0": "no", "2": "yes"});
    assert_eq!(names(&checkpoint), ("no LABEL_1 yes".to_owned(), true));
}

#[test]
fn problem_types_follow_the_reference_pipeline() {
    let problem_type = |labels, stated: serde_json::Value| {
        let mut checkpoint = Checkpoint::classifier(labels);
        checkpoint.config["problem_type"] = stated;
        let file = fp32(&checkpoint);
        Model::from_bytes(&file.bytes).unwrap().config().problem_type
    };
    assert_eq!(problem_type(3, json!(null)), ProblemType::SingleLabel);
    assert_eq!(problem_type(1, json!(null)), ProblemType::MultiLabel);
    assert_eq!(problem_type(1, json!("regression")), ProblemType::Regression);
    assert_eq!(problem_type(3, json!("multi_label_classification")), ProblemType::MultiLabel);
    assert_eq!(problem_type(3, json!("single_label_classification")), ProblemType::SingleLabel);
}

#[test]
fn heads_can_be_dropped_or_chosen() {
    let mut checkpoint = Checkpoint::classifier(2);
    let head = |checkpoint: &Checkpoint, choice| {
        let mut options = options(Weights::Fp32);
        options.head = choice;
        let file = converted(checkpoint, &options);
        Model::from_bytes(&file.bytes).unwrap().config().head
    };
    assert_eq!(head(&checkpoint, HeadChoice::Auto), Head::SequenceClassification);
    assert_eq!(head(&checkpoint, HeadChoice::Use(Head::None)), Head::None);
    assert_eq!(head(&checkpoint, HeadChoice::Use(Head::TokenClassification)), Head::TokenClassification);
    checkpoint.config["architectures"] = json!(null);
    assert_eq!(head(&checkpoint, HeadChoice::Auto), Head::SequenceClassification);
}

#[test]
fn the_pooler_is_kept_when_there_is_one() {
    let mut checkpoint = Checkpoint::masked_lm();
    let pooler = |checkpoint: &Checkpoint| {
        let file = fp32(checkpoint);
        Model::from_bytes(&file.bytes).unwrap().config().pooler
    };
    assert!(pooler(&checkpoint));
    checkpoint.tensors.retain(|name, _| !name.contains("pooler"));
    assert!(!pooler(&checkpoint));
}

const WORDS: &str = "albert.embeddings.word_embeddings.weight";

fn decoder_rows(file: &Converted) -> usize {
    file.report.tensors.iter().filter(|tensor| tensor.name == "predictions.decoder.weight").count()
}

#[test]
fn a_decoder_equal_to_the_embeddings_is_stored_once() {
    let mut checkpoint = Checkpoint::masked_lm();
    let tied = fp32(&checkpoint);
    let words = checkpoint.tensor(WORDS).clone();
    checkpoint.tensors.insert("predictions.decoder.weight".to_owned(), words);
    let bias = checkpoint.tensor("predictions.bias").clone();
    checkpoint.tensors.insert("predictions.decoder.bias".to_owned(), bias);
    assert_eq!(*fp32(&checkpoint).bytes, *tied.bytes);
    checkpoint.config["tie_word_embeddings"] = json!(false);
    assert_eq!(*fp32(&checkpoint).bytes, *tied.bytes);
    checkpoint.tensors.remove(WORDS);
    assert_eq!(*fp32(&checkpoint).bytes, *tied.bytes);
    checkpoint.tensors.remove("predictions.bias");
    assert_eq!(*fp32(&checkpoint).bytes, *tied.bytes);
}

#[test]
fn a_decoder_of_its_own_is_kept() {
    let mut checkpoint = Checkpoint::masked_lm();
    checkpoint.random("predictions.decoder.weight", &[VOCABULARY, 6]);
    let file = fp32(&checkpoint);
    assert_eq!(decoder_rows(&file), 1);
    assert!(file.warnings.contains(&Warning::UntiedDecoder));
    checkpoint.config["tie_word_embeddings"] = json!(false);
    let file = fp32(&checkpoint);
    assert_eq!(decoder_rows(&file), 1);
    assert!(!file.warnings.contains(&Warning::UntiedDecoder));
    Model::from_bytes(&file.bytes).unwrap();
}

#[test]
fn of_two_masked_lm_biases_the_decoders_counts() {
    let mut both = Checkpoint::masked_lm();
    both.random("predictions.decoder.bias", &[VOCABULARY]);
    let with = |bias| {
        let mut options = options(Weights::Fp32);
        options.mlm_bias = bias;
        converted(&both, &options)
    };
    let only = |bias: &[f32]| {
        let mut checkpoint = Checkpoint::masked_lm();
        checkpoint.tensors.insert("predictions.bias".to_owned(), Stored::f32(&[VOCABULARY], bias));
        fp32(&checkpoint)
    };
    let (first, second) =
        (both.tensors["predictions.bias"].values(), both.tensors["predictions.decoder.bias"].values());
    let sum: Vec<f32> = first.iter().zip(&second).map(|(a, b)| a + b).collect();
    let file = with(MlmBias::Decoder);
    assert!(file.warnings.contains(&Warning::TwoMlmBiases { used: "predictions.decoder.bias" }));
    assert_eq!(*file.bytes, *only(&second).bytes);
    assert_eq!(*with(MlmBias::Predictions).bytes, *only(&first).bytes);
    assert_eq!(*with(MlmBias::Sum).bytes, *only(&sum).bytes);
}

#[test]
fn pretraining_needs_the_sentence_order_head() {
    let mut checkpoint = Checkpoint::masked_lm();
    checkpoint.config["architectures"] = json!(["AlbertForPreTraining"]);
    let file = fp32(&checkpoint);
    assert!(file.warnings.contains(&Warning::NoSentenceOrder));
    assert_eq!(Model::from_bytes(&file.bytes).unwrap().config().head, Head::MaskedLm);
    checkpoint.random("sop_classifier.classifier.weight", &[2, HIDDEN]);
    checkpoint.random("sop_classifier.classifier.bias", &[2]);
    let file = fp32(&checkpoint);
    assert_eq!(Model::from_bytes(&file.bytes).unwrap().config().head, Head::PreTraining);
}

/// A classifier for every layer, as PABEE's checkpoints have them: the last one is the model's, the others are exits.
#[test]
fn classifiers_of_every_layer() {
    let mut checkpoint = Checkpoint::classifier(5);
    let [weight, bias] =
        ["weight", "bias"].map(|part| checkpoint.tensors.remove(&format!("classifier.{part}")).unwrap());
    for layer in 0..3 {
        checkpoint.random(&format!("classifiers.{layer}.weight"), &[5, HIDDEN]);
        checkpoint.random(&format!("classifiers.{layer}.bias"), &[5]);
    }
    checkpoint.tensors.insert("classifiers.2.weight".to_owned(), weight);
    checkpoint.tensors.insert("classifiers.2.bias".to_owned(), bias);
    checkpoint.config["architectures"] = json!(["AlbertForSequenceClassificationWithPabee"]);
    for weights in ALL {
        let Converted { bytes, warnings, .. } = converted(&checkpoint, &options(weights));
        assert_eq!(warnings.first(), Some(&Warning::NoTokenizer));
        // Integer models are calibrated, and without a tokenizer there is no text to do it on.
        let integer = ![Weights::Fp16, Weights::Fp32].contains(&weights);
        assert_eq!(warnings.get(1..), Some([Warning::RandomCalibration].get(..usize::from(integer)).unwrap()));
        let model = Model::from_bytes(&bytes).unwrap();
        assert!(model.has_exits() && model.config().head == Head::SequenceClassification);
        let names: Vec<String> = albert_quant::tensors(&model).map(|(name, ..)| name).collect();
        let heads = names.iter().skip_while(|name| *name != "classifier.weight").collect::<Vec<_>>();
        let expected = ["classifier", "classifiers.0", "classifiers.1"];
        assert_eq!(
            heads,
            expected
                .iter()
                .flat_map(|name| [format!("{name}.weight"), format!("{name}.bias")])
                .collect::<Vec<_>>()
                .iter()
                .collect::<Vec<_>>()
        );
        if weights == Weights::Fp32 {
            for (name, _, record) in albert_quant::tensors(&model) {
                let name =
                    if name.starts_with("classifier.") { name.replace("classifier", "classifiers.2") } else { name };
                let Elements::Matrix(matrix) = model.elements(&record) else { continue };
                let stored =
                    checkpoint.tensors.get(&name).or_else(|| checkpoint.tensors.get(&format!("albert.{name}")));
                let mut row = vec![0.0; matrix.columns];
                matrix.add_row(matrix.rows - 1, &mut row);
                assert_eq!(stored.unwrap().values()[(matrix.rows - 1) * matrix.columns..], row, "{name}");
            }
        }
    }
    checkpoint.tensors.remove("classifiers.1.bias");
    let directory = tempfile::tempdir().unwrap();
    checkpoint.write(directory.path());
    let error = convert(directory.path(), &options(Weights::Fp32)).unwrap_err();
    assert!(error.to_string().contains("classifiers.1.bias"), "{error}");
}
