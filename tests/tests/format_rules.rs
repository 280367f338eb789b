//! One bad file for each rule of `docs/format.md`, and what the reader says to it.

use std::sync::LazyLock;

use albert_core::error::{ConfigField, TensorProblem};
use albert_core::format::layout::{dtype, role, section};
use albert_core::format::verify_checksum;
use albert_core::{FormatError, Model};
use albert_tests::aligned::Aligned;
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Record, Storage, join, put_u32, put_u64};
use albert_tests::reference::Reference;

/// Directory entries of the sections, in the order in which `Parts::assemble` writes them.
const CONFIG: usize = 64;
const TENSORS: usize = 88;
const DATA: usize = 112;
const LABELS: usize = 136;
const PROVENANCE: usize = 160;

#[test]
fn good_files() {
    for fixture in fixtures::all() {
        let reference = Reference::load(&fixture.directory);
        let integer = [(0, false), (4, false), (0, true), (4, true)];
        let integer = integer.map(|(extra, smoothing)| Storage::Int8(Inputs { extra, smoothing }));
        for storage in [Storage::F32, Storage::F16].into_iter().chain(integer) {
            let file = Parts::new(&reference, storage).assemble();
            let model = Model::from_bytes(&file).unwrap_or_else(|error| panic!("{}: {error:?}", fixture.name));
            assert_eq!(verify_checksum(&file), Ok(()), "{}", fixture.name);
            assert_eq!(model.provenance(), "{}");
            assert_eq!(model.config().vocab_size as usize, reference.config.vocab_size);
            assert_eq!(model.config().pooler, reference.has("pooler.weight"));
            let labels = model.config().num_labels as usize;
            let names: Vec<_> = (0..labels + 2).map_while(|index| model.label(index)).collect();
            assert_eq!(names, (0..labels).map(|label| format!("L{label}")).collect::<Vec<_>>(), "{}", fixture.name);
        }
    }
}

#[test]
fn header() {
    refused(|file| put_u32(file, 0, 0), FormatError::Magic);
    refused(|file| file[7] = 0, FormatError::Magic);
    for version in [0, 1, 2, 4, u32::MAX] {
        refused(|file| put_u32(file, 8, version), FormatError::Version(version));
    }
    refused(|file| put_u32(file, 12, 65), FormatError::Truncated { needed: 64 + 65 * 24 });
    refused(|file| put_u32(file, 12, u32::MAX), FormatError::Truncated { needed: 64 + u64::from(u32::MAX) * 24 });
    for at in (24..60).step_by(4) {
        refused(|file| put_u32(file, at, 1 << 31), FormatError::Reserved);
    }
    let actual = good().assemble().len() as u64;
    for stated in [actual - 1, actual + 1, 0, u64::MAX] {
        refused(|file| put_u64(file, 16, stated), FormatError::FileBytes { stated, actual });
    }
}

#[test]
fn alignment() {
    let file = good().assemble();
    for offset in 1..64 {
        let mut copy = Aligned::behind(offset, file.len());
        copy.copy_from_slice(&file);
        assert_eq!(error(&copy), FormatError::Misaligned, "{offset}");
    }
}

#[test]
fn sections() {
    let file = good().assemble();
    let offset = |entry: usize| u64::from_le_bytes(file[entry + 8..entry + 16].try_into().expect("8 bytes"));
    for (index, entry) in [CONFIG, TENSORS, DATA, LABELS, PROVENANCE].into_iter().enumerate() {
        let wrong = FormatError::Section { index: index as u32 };
        let offsets = [0, offset(entry) - 64, offset(entry) + 1, offset(entry) + 64, u64::MAX, u64::MAX - 63];
        for bad in offsets {
            refused(|file| put_u64(file, entry + 8, bad), wrong);
        }
        refused(|file| put_u64(file, entry + 16, u64::MAX), wrong);
        refused(|file| put_u64(file, entry + 16, u64::MAX - offset(entry)), wrong);
    }
    // A section that is too short leaves a hole before the next one.
    refused(|file| put_u64(file, DATA + 16, 0), FormatError::Section { index: 3 });
    let actual = file.len() as u64;
    let longer = Aligned::copy(&[&file[..], &[0; 64]].concat());
    let stated = actual;
    assert_eq!(error(&longer), FormatError::FileBytes { stated, actual: actual + 64 });
    refused(|file| put_u64(file, PROVENANCE + 16, 1), FormatError::FileBytes { stated: actual - 1, actual });
}

#[test]
fn kinds_of_section() {
    let unknown = u32::from_le_bytes(*b"WXYZ");
    let mut parts = good();
    parts.more.push((unknown, 0, vec![7; 100]));
    assert!(Model::from_bytes(&parts.assemble()).is_ok(), "an unknown section is skipped");
    parts.more.last_mut().expect("a section").1 = 1;
    assert_eq!(error(&parts.assemble()), FormatError::UnknownSection(unknown));
    for (entry, kind) in [(CONFIG, section::CONFIG), (TENSORS, section::TENSORS), (DATA, section::DATA)] {
        let renamed = |file: &mut [u8]| {
            put_u32(file, entry, unknown);
            put_u32(file, entry + 4, 0);
        };
        refused(renamed, FormatError::MissingSection(kind));
    }
    refused(|file| put_u32(file, PROVENANCE, section::LABELS), FormatError::DuplicateSection(section::LABELS));
    assert_eq!(error(&join(&[])), FormatError::MissingSection(section::CONFIG));
    let mut parts = good();
    parts.more.clear();
    let file = parts.assemble();
    let model = Model::from_bytes(&file).expect("labels and provenance are optional");
    assert!(model.label(0).is_none() && model.provenance().is_empty() && model.tokenizer().is_none());
}

#[test]
fn configuration() {
    use ConfigField::*;
    // Offset, values that are out of range, field.
    let fields: [(usize, &[u32], ConfigField); 30] = [
        (0, &[0, u32::MAX], VocabSize),
        (4, &[0, u32::MAX], EmbeddingSize),
        (8, &[0, u32::MAX], HiddenSize),
        (12, &[0, u32::MAX], IntermediateSize),
        (16, &[0, u32::MAX], NumHiddenLayers),
        (20, &[0, u32::MAX], NumHiddenGroups),
        (24, &[0, u32::MAX], InnerGroupNum),
        (28, &[0, u32::MAX, 5], NumAttentionHeads),
        (32, &[0, u32::MAX], MaxPositionEmbeddings),
        (36, &[0, u32::MAX], TypeVocabSize),
        (40, &[16, u32::MAX], HiddenAct),
        (44, &[f32::NAN.to_bits(), f32::INFINITY.to_bits(), (-1e-9f32).to_bits()], LayerNormEps),
        (48, &[2, u32::MAX], Precision),
        // Without a mapping the embeddings would have to be as wide as the hidden states.
        (52, &[2, u32::MAX, 0], EmbeddingMapping),
        (56, &[2, u32::MAX, 0], Pooler),
        (60, &[16, u32::MAX], PoolerAct),
        (64, &[u32::MAX], OcsPlaces),
        (68, &[2, u32::MAX], Smoothing),
        (72, &[2, u32::MAX], Codebook),
        (76, &[10_000, u32::MAX], MaxSequence),
        (128, &[7, u32::MAX], Head),
        (132, &[0, u32::MAX], NumLabels),
        (136, &[3, u32::MAX], ProblemType),
        (140, &[5, u32::MAX], Pooling),
        (144, &[0, f32::NAN.to_bits(), f32::INFINITY.to_bits(), (-1f32).to_bits(), 1], Temperature),
        (148, &[f32::NAN.to_bits(), 1.5f32.to_bits(), (-0.5f32).to_bits()], Threshold),
        (160, &[6, u32::MAX], SentencePooling),
        (164, &[2, u32::MAX], SentenceNormalize),
        // There is no recipe that the layer could be a part of.
        (168, &[8, u32::MAX], SentenceDense),
        (172, &[1, 16, u32::MAX], SentenceDense),
    ];
    for (at, values, field) in fields {
        for &value in values {
            edited(|parts| put_u32(&mut parts.config, at, value), FormatError::Config(field));
        }
    }
    for at in (80..96).chain(152..160).chain(176..192) {
        edited(|parts| parts.config[at] = 1, FormatError::Reserved);
    }
    edited(|parts| parts.config[192] = 1, FormatError::Config(Groups));
    edited(|parts| parts.config.truncate(192), FormatError::Config(Groups));
    edited(|parts| parts.config.extend([0, 0]), FormatError::Config(Groups));
    edited(|parts| parts.config.truncate(191), FormatError::Truncated { needed: 192 });
    edited(|parts| parts.config.clear(), FormatError::Truncated { needed: 192 });
    // Regression has nothing to calibrate.
    let regression = |parts: &mut Parts, at, value: f32| {
        put_u32(&mut parts.config, 136, 2);
        put_u32(&mut parts.config, at, value.to_bits());
    };
    edited(|parts| regression(parts, 144, 2.0), FormatError::Config(Temperature));
    edited(|parts| regression(parts, 148, 0.5), FormatError::Config(Threshold));
}

/// Labels go with heads: none for an encoder, two for question answering, one for multiple choice.
#[test]
fn labels_of_heads() {
    let wrong = FormatError::Config(ConfigField::NumLabels);
    let cases =
        [("model-minute", 1), ("masked-lm-narrow", 1), ("question-answering-square", 3), ("multiple-choice-square", 2)];
    for (name, labels) in cases {
        let mut parts = parts(name, Storage::F32);
        put_u32(&mut parts.config, 132, labels);
        assert_eq!(error(&parts.assemble()), wrong, "{name}");
    }
}

#[test]
fn tensor_table() {
    let count = |found: usize| FormatError::TensorCount { found: found as u32 };
    let records = good().records.len();
    let file = good().assemble();
    let table = u64::from_le_bytes(file[TENSORS + 8..TENSORS + 16].try_into().expect("8 bytes")) as usize;
    for found in [0, records - 1, records + 1, u32::MAX as usize] {
        refused(|file| put_u32(file, table, found as u32), count(found));
    }
    for at in (4..64).step_by(4) {
        refused(|file| put_u32(file, table + at, 1), FormatError::Reserved);
    }
    edited(|parts| parts.records.clear(), count(0));
    edited(|parts| parts.records.truncate(7), count(7));
    edited(|parts| drop(parts.records.pop()), count(records - 1));
    edited(|parts| parts.records.push(Record::default()), count(records + 1));
    let order = |role, block| FormatError::Tensor { role, block, problem: TensorProblem::Order };
    edited(|parts| parts.records.swap(0, 1), order(role::WORD_EMBEDDINGS, 0));
    edited(|parts| find(parts, role::FFN).block = 1, order(role::FFN, 0));
    let last = good().records[records - 2].role;
    edited(|parts| parts.records.swap(records - 2, records - 1), order(last, 0));
}

/// A classifier for every layer but the last, or for none.
#[test]
fn exits() {
    let good = good().with_exits();
    let file = good.assemble();
    let model = Model::from_bytes(&file).expect("exits are allowed");
    assert!(model.has_exits() && !Model::from_bytes(&self::good().assemble()).expect("and optional").has_exits());
    let first = good.records.len() - 4;
    let refused = |edit: &dyn Fn(&mut Parts), expected| {
        let mut parts = good.clone();
        edit(&mut parts);
        assert_eq!(error(&parts.assemble()), expected);
    };
    let wrong = |role, block, problem| FormatError::Tensor { role, block, problem };
    for kept in 1..4 {
        refused(
            &|parts| parts.records.truncate(first + kept),
            FormatError::TensorCount { found: (first + kept) as u32 },
        );
    }
    refused(
        &|parts| parts.records.push(parts.records[first].clone()),
        FormatError::TensorCount { found: first as u32 + 5 },
    );
    for index in 0..4 {
        let (role, block) = (role::EXIT_CLASSIFIER + index as u16 % 2, index as u16 / 2);
        refused(&|parts| parts.records[first + index].block += 1, wrong(role, block, TensorProblem::Order));
        refused(&|parts| parts.records[first + index].role -= 10, wrong(role, block, TensorProblem::Order));
        refused(&|parts| parts.records[first + index].rows += 1, wrong(role, block, TensorProblem::Shape));
        refused(&|parts| parts.records[first + index].parts[0].clear(), wrong(role, block, TensorProblem::Bounds));
    }
    let list = [4u32, 1, 1].into_iter().flat_map(u32::to_le_bytes).collect::<Vec<_>>();
    refused(
        &|parts| parts.records[first].parts[3].clone_from(&list),
        wrong(role::EXIT_CLASSIFIER, 0, TensorProblem::Splits),
    );
    let tagger = parts("token-classification-narrow", Storage::F32).with_exits();
    assert_eq!(error(&tagger.assemble()), FormatError::TensorCount { found: tagger.records.len() as u32 });
}

#[test]
fn tensor_records() {
    use TensorProblem::*;
    let every = good().records;
    for Record { role, block, dtype: kind, .. } in every {
        let wrong = |problem| FormatError::Tensor { role, block, problem };
        let vector = kind == dtype::F32;
        edited(|parts| find(parts, role).dtype = 4, wrong(Dtype));
        edited(|parts| find(parts, role).rows += 1, wrong(Shape));
        edited(|parts| find(parts, role).columns -= 1, wrong(Shape));
        edited(|parts| find(parts, role).rows = 0, wrong(Shape));
        edited(|parts| find(parts, role).parts[0].clear(), wrong(Bounds));
        if vector {
            edited(|parts| find(parts, role).dtype = dtype::F16, wrong(Dtype));
            edited(|parts| find(parts, role).extra = 1, wrong(Shape));
            for part in 1..5 {
                edited(|parts| find(parts, role).parts[part] = vec![0; 64], wrong(Bounds));
            }
        } else {
            edited(|parts| find(parts, role).parts[1].clear(), wrong(Bounds));
            // Tables whose rows are looked up have no sums, unless their scales are those of a decoder; all others must have them.
            let sums = |parts: &mut Parts| {
                let sums = &mut find(parts, role).parts[2];
                if sums.is_empty() { sums.resize(4096, 0) } else { sums.clear() }
            };
            edited(sums, wrong(Bounds));
            edited(|parts| find(parts, role).dtype = dtype::F16, wrong(Bounds));
        }
        raw(role, |record| record[5] = 1, wrong(Dtype));
        raw(role, |record| record[20] = 1, wrong(Dtype));
        raw(role, |record| record[24] += 1, wrong(Bounds));
        raw(role, |record| put_u64(record, 24, u64::MAX - 63), wrong(Bounds));
        // Data that lie before those of an earlier tensor.
        if role != role::WORD_EMBEDDINGS {
            raw(role, |record| put_u64(record, 24, 0), wrong(Bounds));
        }
    }
}

#[test]
fn split_lists() {
    use TensorProblem::*;
    let wrong = |role, problem| FormatError::Tensor { role, block: 0, problem };
    for role in
        [role::EMBEDDING_MAPPING, role::QUERY, role::ATTENTION_OUTPUT, role::FFN, role::FFN_OUTPUT, role::POOLER]
    {
        let list = |values: [u32; 3]| values.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<_>>();
        let columns = find(&mut good(), role).columns as u32;
        edited(|parts| find(parts, role).parts[3] = list([4, 1, 1]), wrong(role, Splits));
        edited(|parts| find(parts, role).parts[3] = list([1, 1, columns]), wrong(role, Splits));
        edited(|parts| find(parts, role).parts[3].clear(), wrong(role, Bounds));
        edited(|parts| put_u32(&mut parts.config, 64, 2), wrong(role::EMBEDDING_MAPPING, Splits));
    }
    for role in [role::WORD_EMBEDDINGS, role::POSITION_EMBEDDINGS, role::TOKEN_TYPE_EMBEDDINGS] {
        let with_extra = |parts: &mut Parts| {
            let record = find(parts, role);
            record.extra = 1;
            record.parts[3] = vec![0; 4];
            // Large enough for one more place.
            let bytes = record.parts[0].len();
            record.parts[0].resize(bytes * 2, 0);
        };
        edited(with_extra, wrong(role, Splits));
    }
    edited(|parts| put_u32(&mut parts.config, 68, 0), wrong(role::EMBEDDING_MAPPING, Smoothing));
    edited(
        |parts| find(parts, role::WORD_EMBEDDINGS).parts[4] = vec![0; 4096],
        wrong(role::WORD_EMBEDDINGS, Smoothing),
    );
    // The attention output's lists are as good, but they are not the query's.
    for at in [48, 56] {
        let file = good().assemble();
        let record = record_at(&file, role::ATTENTION_OUTPUT) + at;
        let other = u64::from_le_bytes(file[record..record + 8].try_into().expect("8 bytes"));
        for role in [role::KEY, role::VALUE] {
            raw(role, |record| put_u64(record, at, other), wrong(role, SharedInput));
        }
        // What follows the query's lists lies before them then.
        let follows = if at == 48 { role::QUERY } else { role::QUERY_BIAS };
        raw(role::QUERY, |record| put_u64(record, at, other), wrong(follows, Bounds));
    }
}

/// Float models have float weights, no scales, no split lists.
#[test]
fn float_models() {
    use TensorProblem::*;
    let wrong = |role, problem| FormatError::Tensor { role, block: 0, problem };
    type Edit = fn(&mut Parts);
    let cases: [(Edit, FormatError); 5] = [
        (|parts| find(parts, role::WORD_EMBEDDINGS).dtype = dtype::I8, wrong(role::WORD_EMBEDDINGS, Dtype)),
        (|parts| find(parts, role::FFN).dtype = dtype::C4, wrong(role::FFN, Dtype)),
        (|parts| find(parts, role::FFN).parts[1] = vec![0; 64], wrong(role::FFN, Bounds)),
        (|parts| find(parts, role::FFN).parts[2] = vec![0; 64], wrong(role::FFN, Bounds)),
        (|parts| find(parts, role::FFN).parts[4] = vec![0; 4096], wrong(role::FFN, Smoothing)),
    ];
    for (edit, expected) in cases {
        let mut parts = parts("sequence-classification-narrow", Storage::F32);
        edit(&mut parts);
        assert_eq!(error(&parts.assemble()), expected);
    }
}

#[test]
fn labels() {
    let label = |edit: &dyn Fn(&mut Vec<u8>)| edited(|parts| edit(&mut parts.more[0].2), FormatError::Labels);
    label(&|labels| labels.clear());
    label(&|labels| labels.truncate(3));
    label(&|labels| labels.truncate(8));
    label(&|labels| put_u32(labels, 0, 2));
    label(&|labels| put_u32(labels, 0, u32::MAX));
    label(&|labels| put_u32(labels, 4, 1));
    label(&|labels| put_u32(labels, 8, 5));
    label(&|labels| put_u32(labels, 16, 5));
    label(&|labels| labels.push(b'x'));
    label(&|labels| *labels.last_mut().expect("text") = 0xff);
    // An offset inside a character.
    let split = |labels: &mut Vec<u8>| {
        labels[20..22].copy_from_slice("é".as_bytes());
        put_u32(labels, 8, 1);
    };
    label(&split);
}

#[test]
fn provenance_and_tokenizer() {
    edited(|parts| parts.more[1].2[0] = 0xff, FormatError::Provenance);
    let mut parts = good();
    parts.more.push((section::TOKENIZER, 0, vec![]));
    assert!(matches!(error(&parts.assemble()), FormatError::Tokenizer(_)));
}

/// The checksum sees every flipped bit; parsing does not look at it.
#[test]
fn checksum() {
    let mut file = parts("model-minute", Storage::INT8).assemble();
    assert_eq!(verify_checksum(&file), Ok(()));
    for at in 0..file.len() {
        file[at] ^= 1 << (at % 8);
        assert!(verify_checksum(&file).is_err(), "byte {at}");
        file[at] ^= 1 << (at % 8);
    }
    file[60] ^= 1;
    assert!(Model::from_bytes(&file).is_ok());
    for length in [0, 1, 59, 60, 63] {
        // Shorter than a header: any answer will do.
        let _ = verify_checksum(&file[..length]);
    }
}

/// The figures of the specification are those of the code.
#[test]
fn specification() {
    use albert_core::format::layout::*;
    let text = include_str!("../../docs/format.md");
    let says = |phrase: &str| assert!(text.contains(phrase), "docs/format.md does not say {phrase:?}");
    let magic = String::from_utf8(MAGIC.to_vec()).expect("ASCII").replace('\x1a', "\\x1a").replace('\n', "\\n");
    says(&format!("magic `{magic}`"));
    says(&format!("| 8 | u32 | version, {VERSION} |"));
    let magic = String::from_utf8(HEAD_MAGIC.to_vec()).expect("ASCII").replace('\x1a', "\\x1a").replace('\n', "\\n");
    says(&format!("magic `{magic}`, version {HEAD_VERSION};"));
    says(&format!("`HEAD`, {HEAD_BYTES} bytes:"));
    says(&format!("## `SIGN`: {SIGNATURE_BYTES} bytes"));
    says(&format!("## Header, {HEADER_BYTES} bytes"));
    says(&format!("one entry of {SECTION_BYTES} bytes a section"));
    says(&format!("## `CONF`: {CONFIG_BYTES} bytes"));
    says(&format!("one record of {TENSOR_BYTES} bytes a tensor"));
    says(&format!("an address that is a multiple of {ALIGNMENT}"));
    says(&format!("panels of {PANEL_CHANNELS} output channels"));
    says(&format!("`[rows/{PANEL_CHANNELS}][K/{K_GROUP}][{PANEL_CHANNELS}][{K_GROUP}]`"));
    says(&format!("multipliers i8 `[K/{K_UNIT}][{}]`", PANEL_CHANNELS / CODEBOOK_CHANNELS));
    says(&LEVELS_4.map(|level| level.to_string()).join(" "));
    says(&LEVELS_5.map(|level| level.to_string()).join(" "));
    let known = [
        section::CONFIG,
        section::TENSORS,
        section::DATA,
        section::LABELS,
        section::TOKENIZER,
        section::PROMPTS,
        section::PROVENANCE,
        section::SIGNATURE,
    ];
    for kind in known {
        let name = String::from_utf8(kind.to_le_bytes().to_vec()).expect("ASCII");
        says(&format!("| `{name}` |"));
    }
    says("dtype: 0 f32, 1 f16, 2 int8, 3 codebook of 16 levels, 4 codebook of 32 levels");
    assert_eq!([dtype::F32, dtype::F16, dtype::I8, dtype::C4, dtype::C5], [0, 1, 2, 3, 4]);
    says("1. roles 0 to 6, without 5 and 6");
    says("2. for each block (group-major), roles 16 to 31;");
    says("3. those of roles 64 to 77");
    assert_eq!((EMBEDDING_ROLES, BLOCK_ROLES), (0..=6, 16..=31));
    assert_eq!(HEAD_ROLES, 64..=77);
    says("roles 78 and 79 for each layer but the last");
    assert_eq!(EXIT_ROLES, 78..=79);
}

/// One block, three labels, three OCS places, smoothing.
fn good() -> Parts {
    static GOOD: LazyLock<Parts> =
        LazyLock::new(|| parts("sequence-classification-narrow", Storage::Int8(Inputs { extra: 3, smoothing: true })));
    GOOD.clone()
}

fn parts(name: &str, storage: Storage) -> Parts {
    Parts::new(&Reference::load(&fixtures::load(name).directory), storage)
}

fn find(parts: &mut Parts, role: u16) -> &mut Record {
    parts.records.iter_mut().find(|record| record.role == role).expect("the model has this tensor")
}

/// A change of the finished file.
#[track_caller]
fn refused(change: impl FnOnce(&mut [u8]), expected: FormatError) {
    let mut file = good().assemble();
    change(&mut file);
    assert_eq!(error(&file), expected);
}

/// A change before the file is put together.
#[track_caller]
fn edited(change: impl FnOnce(&mut Parts), expected: FormatError) {
    let mut parts = good();
    change(&mut parts);
    assert_eq!(error(&parts.assemble()), expected);
}

/// A change of the 64 bytes of a tensor's record.
#[track_caller]
fn raw(role: u16, change: impl FnOnce(&mut [u8]), expected: FormatError) {
    let in_file = |file: &mut [u8]| {
        let start = record_at(file, role);
        change(&mut file[start..][..64]);
    };
    refused(in_file, expected);
}

/// Where the record of a role starts in the file of [`good`].
fn record_at(file: &[u8], role: u16) -> usize {
    let table = u64::from_le_bytes(file[TENSORS + 8..TENSORS + 16].try_into().expect("8 bytes")) as usize;
    let index = good().records.iter().position(|record| record.role == role).expect("the model has this tensor");
    table + 64 * (index + 1)
}

#[track_caller]
fn error(file: &[u8]) -> FormatError {
    Model::from_bytes(file).expect_err("the file is refused")
}
