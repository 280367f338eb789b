//! The core does not allocate: not in reading a model, not in making a session, not in inference.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use albert_core::format::verify_checksum;
use albert_core::heads::{Candidate, TopK, argmax};
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Input, Model, Plan, Positions, Progress, Session};
use albert_tests::aligned::Aligned;
use albert_tests::engine;
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;

/// The system's allocator, counting what this thread asks for.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system's allocator as it is; counting touches a constant-initialized thread local,
// which does not allocate.
#[expect(unsafe_code, reason = "GlobalAlloc is an unsafe trait")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` and returns how often it allocated.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

/// The demo model: a sentence in, the name of an intent out.
#[test]
fn text_to_label() {
    let file = Aligned::copy(include_bytes!("../../models/clinc-intents-int8.albert"));
    let config = *Model::from_bytes(&file).expect("a valid model file").config();
    let mut arena = Aligned::zeros(Plan::new(&config, 64).arena_bytes());
    for kernels in engine::all_kernels() {
        let mut label = None;
        let whole_run = || {
            verify_checksum(&file).expect("an intact file");
            let model = Model::from_bytes(&file).expect("a valid model file");
            let plan = Plan::new(model.config(), 64);
            let mut session = Session::with_kernels(&model, plan, &mut arena, kernels).expect("the planned arena");
            let text = "What is the weather like in Tōkyō tomorrow?";
            session.start_text(text, None, &EncodeOptions::default()).expect("a text that fits");
            while session.step() == Progress::Running {}
            let scores = session.scores().expect("the session is done");
            label = argmax(scores).and_then(|index| model.label(index));
        };
        assert_eq!(allocations(whole_run), 0, "{kernels:?}");
        assert_eq!(label, Some("weather"), "{kernels:?}");
    }
}

#[test]
fn ids_to_answers() {
    for fixture in fixtures::all() {
        let reference = Reference::load(&fixture.directory);
        for storage in [Storage::Int8(Inputs { extra: 3, smoothing: true }), Storage::F16] {
            let file = Parts::new(&reference, storage).assemble();
            let config = *Model::from_bytes(&file).expect("a valid model file").config();
            let sequence = &fixture.sequences[0];
            let ids: Vec<u32> = sequence.ids.iter().map(|&id| id as u32).collect();
            let mut arena = Aligned::zeros(Plan::new(&config, ids.len()).arena_bytes());
            for kernels in engine::all_kernels() {
                let whole_run = || {
                    verify_checksum(&file).expect("an intact file");
                    let model = Model::from_bytes(&file).expect("a valid model file");
                    let plan = Plan::new(model.config(), ids.len());
                    let mut session =
                        Session::with_kernels(&model, plan, &mut arena, kernels).expect("the planned arena");
                    session.start(&Input::new(&ids).with_positions(Positions::All)).expect("a valid input");
                    while session.step() == Progress::Running {}
                    let mut best = [Candidate::default(); 5];
                    let mut top = TopK::new(&mut best);
                    if let Some(mut vocabulary) = session.vocabulary_logits(0) {
                        while let Some(chunk) = vocabulary.next_chunk() {
                            top.push(chunk.first, chunk.logits);
                        }
                    }
                    std::hint::black_box(top.finish());
                    std::hint::black_box(session.scores());
                    std::hint::black_box(model.label(0));
                };
                assert_eq!(allocations(whole_run), 0, "{}, {kernels:?}, {storage:?}", fixture.name);
            }
        }
    }
}
