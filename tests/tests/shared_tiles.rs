//! Workers that share a tile, because the input is too short for one each, change no bit.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use albert_core::executor::{self, Executor};
use albert_core::kernels;
use albert_core::plan::MAX_WORKERS;
use albert_core::{Model, Observer, Plan, Positions, Progress, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine::{Run, Threads, Tokens, run};
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::random::{Geometry, Random, checkpoint, sequence};
use albert_tests::reference::Sequence;
use spin::Mutex;

const INPUTS: Inputs = Inputs { extra: 5, smoothing: true };
const STORAGES: [Storage; 4] =
    [Storage::INT8, Storage::Int8(INPUTS), Storage::Codebook(16, INPUTS), Storage::Codebook(32, INPUTS)];

/// Heads of whole blocks; what else can be odd is.
fn geometry(class: &'static str, heads: usize, head_size: usize, intermediate_size: usize) -> Geometry {
    Geometry {
        class,
        hidden_act: "gelu_new",
        vocab_size: 50,
        embedding_size: 16,
        num_attention_heads: heads,
        head_size,
        intermediate_size,
        num_hidden_layers: 2,
        num_hidden_groups: 2,
        inner_group_num: 2,
        max_position_embeddings: 80,
        type_vocab_size: 2,
        num_labels: 3,
    }
}

fn geometries() -> [Geometry; 4] {
    [
        geometry("AlbertForSequenceClassification", 5, 32, 333),
        geometry("AlbertForTokenClassification", 3, 48, 100),
        geometry("AlbertModel", 4, 16, 1001),
        // Wider than its feed-forward part, and a single head of two that leaves a worker without one.
        geometry("AlbertForSequenceClassification", 2, 80, 64),
    ]
}

#[test]
fn same_bits() {
    let mut numbers = Random(5);
    for geometry in geometries() {
        let checkpoint = checkpoint(&geometry, &mut numbers);
        let sequences: Vec<Sequence> = [1, 17, 33].map(|tokens| sequence(&geometry, tokens, &mut numbers)).into();
        for storage in STORAGES {
            let file = Parts::new(&checkpoint, storage).assemble();
            for positions in [Positions::All, Positions::Head] {
                let expected = run(&file, &sequences, &Run { positions, ..Run::default() });
                for (workers, tile_rows) in [(2, 16), (3, 4), (4, 64), (9, 64), (16, 4), (16, 64)] {
                    let found = run(&file, &sequences, &Run { positions, workers, tile_rows, ..Run::default() });
                    let what = format!("{} {storage:?} {positions:?} {workers} {tile_rows}", geometry.class);
                    for (expected, found) in expected.iter().zip(&found) {
                        for (name, values) in expected {
                            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                            assert_eq!(bits(values), bits(&found[name]), "{what} {name}");
                        }
                    }
                }
            }
        }
    }
}

/// On the library's own threads, from 2 to as many as a plan has workers for, one after the other.
#[test]
fn same_bits_on_kept_threads() {
    let mut numbers = Random(9);
    let geometry = geometry("AlbertForSequenceClassification", 5, 32, 333);
    let sequence = sequence(&geometry, 33, &mut numbers);
    let file = Parts::new(&checkpoint(&geometry, &mut numbers), Storage::Int8(INPUTS)).assemble();
    let model = Model::from_bytes(&file).expect("a valid file");
    let tokens = Tokens::new(&sequence);
    let bits = |workers: usize, executor: &dyn Executor| {
        let plan = Plan::new(model.config(), 33).with_tile_rows(4).with_workers(workers);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        session.set_executor(executor);
        let output = session.run(&tokens.input().with_positions(Positions::All)).expect("a valid input");
        let values = output.last_hidden_state().iter().chain(output.logits());
        values.map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    let expected = bits(1, &executor::Serial);
    for workers in 2..=MAX_WORKERS {
        let threads = executor::Threads::new(workers).expect("threads");
        assert_eq!(bits(workers, &threads), expected, "{workers} workers");
    }
}

/// Counts what it is asked to run, and runs it.
struct Counting(AtomicUsize);

impl Executor for Counting {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        self.0.fetch_add(1, Ordering::Relaxed);
        (0..tasks).rev().for_each(task);
    }
}

/// Short inputs are shared, long ones are not: a step of a shared tile has several runs.
#[test]
fn which_inputs_are_shared() {
    let mut numbers = Random(6);
    let geometry = geometry("AlbertModel", 4, 32, 256);
    let file = Parts::new(&checkpoint(&geometry, &mut numbers), Storage::INT8).assemble();
    let model = Model::from_bytes(&file).expect("a valid file");
    let steps_and_runs = |tokens: usize, tile_rows: usize, workers: usize| {
        let plan = Plan::new(model.config(), tokens).with_tile_rows(tile_rows).with_workers(workers);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let counting = Counting(AtomicUsize::new(0));
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        session.set_executor(&counting);
        let mut sequence = sequence(&geometry, tokens, &mut Random(7));
        sequence.mask.fill(true);
        let tokens = Tokens::new(&sequence);
        session.start(&tokens.input()).expect("a valid input");
        let mut steps = 1;
        while session.step() == Progress::Running {
            steps += 1;
        }
        (steps, counting.0.load(Ordering::Relaxed))
    };
    for (tokens, tile_rows, workers, shared) in [
        (9, 16, 2, true),
        (31, 16, 2, true),
        (32, 16, 2, false),
        (70, 64, 2, true),
        (70, 32, 2, false),
        (9, 16, 1, false),
    ] {
        let (steps, runs) = steps_and_runs(tokens, tile_rows, workers);
        assert_eq!(runs > steps, shared, "{tokens} tokens, tiles of {tile_rows}, {workers} workers: {steps} {runs}");
    }
}

/// The rows that an observer sees, in no order.
#[derive(Default)]
struct Seen {
    inputs: Mutex<BTreeSet<(u16, usize, Vec<u32>)>>,
    states: Mutex<Vec<(usize, Vec<f32>)>>,
}

impl Observer for Seen {
    fn linear_input(&self, role: u16, block: usize, row: &[f32]) {
        let row = row.iter().map(|value| value.to_bits()).collect();
        self.inputs.lock().insert((role, block, row));
    }

    fn hidden_states(&self, layers: usize, hidden: &[f32]) {
        self.states.lock().push((layers, hidden.to_vec()));
    }
}

#[test]
fn an_observer_sees_the_same() {
    let mut numbers = Random(8);
    let geometry = geometry("AlbertForSequenceClassification", 4, 32, 256);
    let file = Parts::new(&checkpoint(&geometry, &mut numbers), Storage::Int8(INPUTS)).assemble();
    let model = Model::from_bytes(&file).expect("a valid file");
    let tokens = Tokens::new(&sequence(&geometry, 23, &mut numbers));
    let seen = |workers: usize| {
        let plan = Plan::new(model.config(), 23).with_tile_rows(64).with_workers(workers);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let seen = Seen::default();
        {
            let mut session =
                Session::with_kernels(&model, plan, &mut arena, kernels::detect()).expect("the planned arena");
            session.set_executor(&Threads);
            session.set_observer(&seen);
            session.run(&tokens.input()).expect("a valid input");
        }
        (seen.inputs.into_inner(), seen.states.into_inner())
    };
    let (alone, together) = (seen(1), seen(3));
    assert!(!alone.0.is_empty());
    assert!(alone == together);
}
