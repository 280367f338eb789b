//! What must not change a bit of an int8 model's results: the kernel set, the tiles, the positions that are carried through,
//! what lay in the arena, and how the steps are made.

use albert_core::format::verify_checksum;
use albert_core::{Input, Model, Plan, Positions, Progress, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine::{self, Results, Run, Tokens};
use albert_tests::fixtures::{self, Fixture};
use albert_tests::model_file::{Inputs, Parts, Storage, seal};
use albert_tests::random;
use albert_tests::reference::Reference;
use albert_tests::tokenizers::Random;

const INPUTS: Inputs = Inputs { extra: 5, smoothing: true };
const INT8: Storage = Storage::Int8(INPUTS);

#[test]
fn kernel_sets() {
    let sets = engine::all_kernels();
    println!("kernel sets: {sets:?}");
    let [first, others @ ..] = sets.as_slice() else { panic!("there is no kernel set") };
    let storages = [INT8, Storage::Codebook(16, INPUTS), Storage::Codebook(32, INPUTS)];
    for (fixture, file) in storages.into_iter().flat_map(files) {
        let expected = engine::run(&file, &fixture.sequences, &Run { kernels: *first, ..Run::default() });
        for kernels in others {
            let results = engine::run(&file, &fixture.sequences, &Run { kernels: *kernels, ..Run::default() });
            assert_same(&expected, &results, &format!("{}, {kernels:?} for {first:?}", fixture.name));
        }
    }
}

/// A codebook is a way of writing int8 weights down.
#[test]
fn codebooks() {
    for levels in [16, 32] {
        for ((fixture, codebook), (_, int8)) in
            files(Storage::Codebook(levels, INPUTS)).zip(files(Storage::Expanded(levels, INPUTS)))
        {
            let expected = engine::run(&int8, &fixture.sequences, &Run::default());
            for (tile_rows, workers) in [(16, 1), (4, 3)] {
                let run = Run { tile_rows, workers, ..Run::default() };
                let results = engine::run(&codebook, &fixture.sequences, &run);
                assert_same(&expected, &results, &format!("{}, {levels} levels", fixture.name));
            }
        }
    }
}

/// Panels wide enough to be expanded a part at a time for few rows.
#[test]
fn wide_codebooks() {
    let geometry = random::Geometry {
        class: "AlbertForSequenceClassification",
        hidden_act: "gelu_new",
        vocab_size: 50,
        embedding_size: 16,
        num_attention_heads: 3,
        head_size: 26,
        intermediate_size: 1001,
        num_hidden_layers: 2,
        num_hidden_groups: 1,
        inner_group_num: 1,
        max_position_embeddings: 40,
        type_vocab_size: 2,
        num_labels: 3,
    };
    let mut numbers = random::Random(3);
    let checkpoint = random::checkpoint(&geometry, &mut numbers);
    let sequences = [1, 4, 7, 16, 17, 40].map(|tokens| random::sequence(&geometry, tokens, &mut numbers));
    for levels in [16, 32] {
        let [expanded, codebook] = [Storage::Expanded(levels, INPUTS), Storage::Codebook(levels, INPUTS)]
            .map(|storage| Parts::new(&checkpoint, storage).assemble());
        for (sequence, kernels) in
            sequences.iter().flat_map(|each| engine::all_kernels().into_iter().map(move |set| (each, set)))
        {
            let one = core::slice::from_ref(sequence);
            let expected = engine::run(&expanded, one, &Run { kernels, ..Run::default() });
            for tile_rows in [4, 8, 16, 64] {
                let results = engine::run(&codebook, one, &Run { kernels, tile_rows, ..Run::default() });
                assert_same(&expected, &results, &format!("{levels} levels, {kernels:?}, {tile_rows} rows"));
            }
        }
    }
}

#[test]
fn tile_rows() {
    for storage in [INT8, Storage::F32] {
        for (fixture, file) in files(storage) {
            let expected = engine::run(&file, &fixture.sequences, &Run::default());
            for tile_rows in [1, 4, 8, 20, 64, 512] {
                let results = engine::run(&file, &fixture.sequences, &Run { tile_rows, ..Run::default() });
                assert_same(&expected, &results, &format!("{}, {tile_rows} rows, {storage:?}", fixture.name));
            }
        }
    }
}

#[test]
fn workers() {
    for storage in [INT8, Storage::F32] {
        for (fixture, file) in files(storage) {
            let expected = engine::run(&file, &fixture.sequences, &Run::default());
            for (workers, tile_rows) in [(2, 16), (3, 4), (16, 16)] {
                let run = Run { workers, tile_rows, ..Run::default() };
                let results = engine::run(&file, &fixture.sequences, &run);
                assert_same(&expected, &results, &format!("{}, {workers} workers, {storage:?}", fixture.name));
            }
        }
    }
}

/// Positions that the answer does not need are left out of the last layer; the others do not notice.
#[test]
fn positions() {
    for (fixture, file) in [INT8, Storage::F32].into_iter().flat_map(files) {
        let all = engine::run(&file, &fixture.sequences, &Run::default());
        let head = engine::run(&file, &fixture.sequences, &Run { positions: Positions::Head, ..Run::default() });
        for (all, head) in all.iter().zip(&head) {
            for name in head.keys().filter(|name| **name != "last_hidden_state") {
                assert_eq!(bits(&all[name]), bits(&head[name]), "{}, {name}", fixture.name);
            }
        }
        for (sequence, all) in fixture.sequences.iter().zip(&all) {
            let attended: Vec<u32> = (0..sequence.mask.len() as u32).filter(|&p| sequence.mask[p as usize]).collect();
            let every_third: Vec<u32> = attended.iter().copied().skip(1).step_by(3).collect();
            let run = Run { positions: Positions::Listed(&every_third), ..Run::default() };
            let listed = engine::run(&file, core::slice::from_ref(sequence), &run).remove(0);
            for (name, values) in listed.iter().filter(|(name, _)| fixture.is_per_token(name)) {
                let rows = all[name].chunks_exact(all[name].len() / attended.len());
                let expected: Vec<f32> = rows.skip(1).step_by(3).flatten().copied().collect();
                assert_eq!(bits(&expected), bits(values), "{}, {name}", fixture.name);
            }
        }
    }
}

/// Listed positions come in the order of the list, whatever it is, a masked position 0 among them.
#[test]
fn orders_of_positions() {
    let mut random = Random::new(11);
    for (fixture, file) in files(INT8) {
        let model = Model::from_bytes(&file).expect("a valid model file");
        for tile_rows in [4, 16] {
            let plan = Plan::new(model.config(), fixture.sequences[0].ids.len()).with_tile_rows(tile_rows);
            let mut arena = Aligned::zeros(plan.arena_bytes());
            let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
            for sequence in &fixture.sequences {
                let tokens = Tokens::new(sequence);
                let mut run = |positions| {
                    let output = session.run(&tokens.input().with_positions(positions)).expect("a valid input");
                    let width = output.hidden_size();
                    let rows = output.last_hidden_state().chunks_exact(width).map(bits);
                    let pooled = output.pooled().map(bits);
                    (output.positions().iter().copied().zip(rows).collect::<Vec<_>>(), pooled)
                };
                let (all, pooled) = run(Positions::All);
                let mut order: Vec<u32> = all.iter().map(|(position, _)| *position).collect();
                for index in (1..order.len()).rev() {
                    order.swap(index, random.below(index + 1));
                }
                for count in [order.len(), order.len().div_ceil(2), 1] {
                    let (some, pooled_again) = run(Positions::Listed(&order[..count]));
                    let of = |wanted| all.iter().find(|(position, _)| *position == wanted).cloned().expect("computed");
                    let expected: Vec<_> = order[..count].iter().map(|&position| of(position)).collect();
                    assert!(some == expected, "{}, {:?}", fixture.name, &order[..count]);
                    let reads_first = order[..count].contains(&0);
                    assert_eq!(pooled_again, pooled.clone().filter(|_| reads_first), "{}", fixture.name);
                }
            }
        }
    }
}

/// One session for many inputs, an arena full of rubbish, an inference that is dropped halfway: nothing is left over.
#[test]
fn history() {
    for (fixture, file) in files(INT8) {
        let model = Model::from_bytes(&file).expect("a valid model file");
        let longest = fixture.sequences[0].ids.len();
        let plan = Plan::new(model.config(), longest);
        let fresh = engine::run(&file, &fixture.sequences, &Run::default());
        for rubbish in [0xff, 0x7f, 0x5a] {
            let mut arena = Aligned::zeros(plan.arena_bytes() + 64);
            arena.fill(rubbish);
            let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
            for (sequence, expected) in fixture.sequences.iter().zip(&fresh) {
                let other = Tokens::new(&fixture.sequences[0]);
                session.start(&other.input()).expect("a valid input");
                (0..7).for_each(|_| assert_eq!(session.step(), Progress::Running));
                let tokens = Tokens::new(sequence);
                let output = session.run(&tokens.input().with_positions(Positions::All)).expect("a valid input");
                let values = &expected["last_hidden_state"];
                let got = &output.last_hidden_state()[..values.len()];
                assert_eq!(bits(values), bits(got), "{}", fixture.name);
            }
            assert!(
                arena[plan.arena_bytes()..].iter().all(|&byte| byte == rubbish),
                "bytes behind the plan are untouched"
            );
        }
    }
}

/// Padding on the right, a mask, or neither: the attended tokens see the same network.
#[test]
fn padding() {
    for (fixture, file) in files(INT8) {
        let model = Model::from_bytes(&file).expect("a valid model file");
        let plan = Plan::new(model.config(), fixture.sequences[0].ids.len());
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        for sequence in &fixture.sequences {
            let length = sequence.mask.iter().take_while(|keep| **keep).count();
            if length == 0 || sequence.mask[length..].contains(&true) {
                continue;
            }
            let tokens = Tokens::new(sequence);
            let padded =
                bits(session.run(&tokens.input().with_positions(Positions::All)).expect("valid").last_hidden_state());
            let ids: Vec<u32> = sequence.ids[..length].iter().map(|&id| id as u32).collect();
            let types: Vec<u32> = sequence.token_types[..length].iter().map(|&kind| kind as u32).collect();
            let input = Input::new(&ids).with_token_types(&types).with_positions(Positions::All);
            let bare = bits(session.run(&input).expect("valid").last_hidden_state());
            assert_eq!(padded, bare, "{}", fixture.name);
        }
    }
}

/// The file's padding bytes may be anything: only the checksum sees them.
#[test]
fn padding_of_the_file() {
    for (fixture, file) in [INT8, Storage::Codebook(16, INPUTS), Storage::F32].into_iter().flat_map(files) {
        let expected = engine::run(&file, &fixture.sequences, &Run::default());
        let mut other = Aligned::copy(&file);
        let padding = Parts::padding(&file);
        assert!(!padding.is_empty(), "{}", fixture.name);
        padding.iter().for_each(|&at| other[at] = 0xa5);
        assert!(verify_checksum(&other).is_err(), "{}", fixture.name);
        seal(&mut other);
        assert_eq!(verify_checksum(&other), Ok(()), "{}", fixture.name);
        let results = engine::run(&other, &fixture.sequences, &Run::default());
        assert_same(&expected, &results, &fixture.name);
    }
}

fn files(storage: Storage) -> impl Iterator<Item = (Fixture, Aligned)> {
    fixtures::all().into_iter().map(move |fixture| {
        let file = Parts::new(&Reference::load(&fixture.directory), storage).assemble();
        (fixture, file)
    })
}

fn assert_same(expected: &[Results], results: &[Results], what: &str) {
    for (row, (expected, results)) in expected.iter().zip(results).enumerate() {
        assert!(expected.keys().eq(results.keys()), "{what}");
        for (name, values) in expected {
            assert_eq!(bits(values), bits(&results[name]), "{what}, row {row}, {name}");
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
