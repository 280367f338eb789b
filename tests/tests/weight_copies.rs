//! Weights that a caller's hook copies while others are multiplied: same bits, whatever the hook does and however much memory there is.

use albert_core::format::layout::role;
use albert_core::{CopyWeights, Model, Plan, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine::Tokens;
use albert_tests::fixtures::{self, Fixture};
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

const FIXTURE: &str = "sequence-classification-narrow";
const INPUTS: Inputs = Inputs { extra: 3, smoothing: true };
const STORAGES: [Storage; 3] = [Storage::Int8(INPUTS), Storage::Codebook(16, INPUTS), Storage::Codebook(32, INPUTS)];

/// When a hook calls what it is given.
#[derive(Clone, Copy, Debug)]
enum Calls {
    Before,
    After,
    Twice,
    Never,
}

const ALL_CALLS: [Calls; 4] = [Calls::Before, Calls::After, Calls::Twice, Calls::Never];

/// Fills memory with rubbish until the last moment, and counts bytes.
struct Copier {
    calls: Calls,
    /// Addresses of the file.
    file: Range<usize>,
    copied: AtomicUsize,
}

impl CopyWeights for Copier {
    fn copy(&self, from: &[u8], to: &mut [u8], meanwhile: &mut dyn FnMut()) {
        let source = from.as_ptr_range();
        assert!(self.file.start <= source.start.addr() && source.end.addr() <= self.file.end);
        assert!(!from.is_empty() && from.len() == to.len() && from.len().is_multiple_of(4));
        assert!(source.start.addr().is_multiple_of(4) && to.as_ptr().addr().is_multiple_of(64));
        self.copied.fetch_add(from.len(), Ordering::Relaxed);
        to.fill(0xa5);
        let calls = match self.calls {
            Calls::Before => 1,
            Calls::Twice => 2,
            Calls::After | Calls::Never => 0,
        };
        (0..calls).for_each(|_| meanwhile());
        to.copy_from_slice(from);
        if matches!(self.calls, Calls::After) {
            meanwhile();
        }
    }
}

/// Logits of the fixture's first input, as bits, and the bytes that were copied.
fn run(fixture: &Fixture, file: &[u8], plan: Plan, hook: Option<(Calls, usize)>) -> (Vec<u32>, usize) {
    let model = Model::from_bytes(file).expect("a valid model file");
    let addresses = file.as_ptr_range();
    let calls = hook.map_or(Calls::Never, |(calls, _)| calls);
    let file = addresses.start.addr()..addresses.end.addr();
    let copier = Copier { calls, file, copied: AtomicUsize::new(0) };
    // The bytes before its first aligned address are lost.
    let mut memory = Aligned::behind(4, 60 + hook.map_or(0, |(_, bytes)| bytes));
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
    if hook.is_some() {
        session.copy_weights(&copier, &mut memory);
    }
    let output = session.run(&Tokens::new(&fixture.sequences[0]).input()).expect("a valid input");
    let bits = output.logits().iter().map(|logit| logit.to_bits()).collect();
    (bits, copier.copied.into_inner())
}

/// All rows of the first input in one tile.
fn plan(model: &Model<'_>, fixture: &Fixture) -> Plan {
    let tokens = fixture.sequences[0].ids.len();
    Plan::new(model.config(), tokens).with_tile_rows(tokens)
}

/// Bytes of the weights of all linears, those of layers once for each layer.
fn of_linears(model: &Model<'_>) -> usize {
    let linears = model.tensors().filter(|record| record.rows > 1 && record.role >= role::EMBEDDING_MAPPING);
    let bytes = linears.map(|record| {
        let runs = if (role::QUERY..=role::OUTPUT_NORM_BIAS).contains(&record.role) { model.block_runs() } else { 1 };
        runs * model.parts(&record)[0].len()
    });
    bytes.sum()
}

/// Calls `check` for each kind of weights that are copied: with how to run the first input, and its logits with weights in place.
fn for_storages(check: impl Fn(Storage, &Model<'_>, Plan, &dyn Fn(Calls, usize) -> (Vec<u32>, usize), &[u32])) {
    let fixture = fixtures::load(FIXTURE);
    let reference = Reference::load(&fixture.directory);
    for storage in STORAGES {
        let file = Parts::new(&reference, storage).assemble();
        let model = Model::from_bytes(&file).expect("a valid model file");
        let plan = plan(&model, &fixture);
        let (expected, none) = run(&fixture, &file, plan, None);
        assert_eq!(none, 0);
        check(storage, &model, plan, &|calls, memory| run(&fixture, &file, plan, Some((calls, memory))), &expected);
    }
}

#[test]
fn same_bits_and_every_weight() {
    for_storages(|storage, model, plan, run, expected| {
        for calls in ALL_CALLS {
            for times in [1, 3, 16] {
                let memory = times * plan.copied_bytes();
                let (bits, copied) = run(calls, memory);
                assert_eq!(bits, expected, "{storage:?}, {calls:?}, {memory} bytes");
                assert_eq!(copied, of_linears(model), "{storage:?}, {calls:?}, {memory} bytes");
            }
        }
    });
}

/// With less memory, linears with short panels are copied and others are read in place.
#[test]
fn any_memory_will_do() {
    for_storages(|storage, _, plan, run, expected| {
        let mut last = 0;
        for memory in (0..=plan.copied_bytes()).step_by(61) {
            let (bits, copied) = run(Calls::After, memory);
            assert_eq!(bits, expected, "{storage:?}, {memory} bytes");
            assert!(last <= copied, "{storage:?}, {memory} bytes: {copied} after {last}");
            last = copied;
        }
        assert!(last > 0, "{storage:?}");
    });
}

/// The first worker's weights alone are copied.
#[test]
fn several_workers() {
    let fixture = fixtures::load(FIXTURE);
    let file = Parts::new(&Reference::load(&fixture.directory), STORAGES[0]).assemble();
    let model = Model::from_bytes(&file).expect("a valid model file");
    let plan = plan(&model, &fixture).with_workers(3);
    let (expected, _) = run(&fixture, &file, plan, None);
    for calls in ALL_CALLS {
        let (bits, copied) = run(&fixture, &file, plan, Some((calls, plan.copied_bytes())));
        assert_eq!(bits, expected, "{calls:?}");
        assert!(copied > 0, "{calls:?}");
    }
}
