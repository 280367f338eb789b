//! Sequences of calls of the C interface that keep its contract: handles, arrays and lengths that are valid, null, misaligned or
//! too long. Every call returns a status, and what a good status promises can be read.
#![no_main]

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::slice::from_raw_parts;

use albert::*;
use albert_fuzz::{models, script::Script};
use albert_tests::aligned::Aligned;

albert_fuzz::target!(init: models::all(), |bytes| check(bytes));

/// Most calls of one input.
const MOST_CALLS: usize = 64;

fn check(bytes: &[u8]) {
    let mut script = Script(bytes);
    let files = models::all();
    let mut program = Program::new(&files[script.below(files.len())]);
    for _ in 0..MOST_CALLS {
        if script.is_done() {
            break;
        }
        program.call(&mut script);
    }
}

/// What a C program holds.
struct Program<'f> {
    file: &'f [u8],
    model_memory: Aligned,
    session_memory: Aligned,
    arena: Aligned,
    memory: Aligned,
    fast: Aligned,
    copies: Aligned,
    model: *const albert_model,
    session: *mut albert_session,
    numbers: [u32; 64],
    values: [f32; 256],
}

impl<'f> Program<'f> {
    fn new(file: &'f [u8]) -> Self {
        Self {
            file,
            model_memory: Aligned::zeros(albert_model_bytes()),
            session_memory: Aligned::zeros(albert_session_bytes()),
            arena: Aligned::zeros(1 << 20),
            memory: Aligned::zeros(1 << 15),
            fast: Aligned::zeros(1 << 16),
            copies: Aligned::zeros(1 << 13),
            model: null(),
            session: null_mut(),
            numbers: [0; 64],
            values: [0.5; 256],
        }
    }

    /// One call with arguments by the script.
    fn call(&mut self, script: &mut Script<'_>) {
        let (model, session) = (self.model, self.session);
        let mut detail = 0;
        let detail: *mut u64 = if script.byte() % 2 == 0 { &mut detail } else { null_mut() };
        // SAFETY: pointers are null, misaligned or lead to as much memory as is stated; handles come from the interface and what
        // they borrow lives as long as the program. Lengths beyond that are beyond what any object has.
        unsafe {
            match script.below(16) {
                0 => {
                    let bytes = [self.file.len(), self.file.len() / 2, 0, usize::MAX][script.below(4)];
                    let mut made = null();
                    let memory = self.model_memory.as_mut_ptr().wrapping_add(script.below(2)).cast();
                    let room = self.model_memory.len() - 1;
                    let room = if script.byte() % 8 == 0 { room } else { room + 1 };
                    if albert_model_init(memory, room, self.file.as_ptr(), bytes, &mut made, detail)
                        == albert_status::Ok
                    {
                        (self.model, self.session) = (made, null_mut());
                    }
                }
                1 => {
                    let [max_tokens, tile_rows, workers] = [script.below(70), script.below(20), script.below(18)];
                    let [max_tokens, tile_rows, workers] = [max_tokens, tile_rows, workers].map(|number| number as u32);
                    let plan = albert_plan { max_tokens, tile_rows, workers, labels: 0 };
                    let mut bytes = 0;
                    let known = albert_arena_bytes(model, &plan, &mut bytes) == albert_status::Ok;
                    let room = if known && bytes <= self.arena.len() { bytes - script.below(2) } else { 0 };
                    let names = [null(), c"scalar".as_ptr(), c"none".as_ptr(), c"avx2".as_ptr()];
                    let (memory, space) = (self.session_memory.as_mut_ptr().cast(), self.session_memory.len());
                    let (arena, name) = (self.arena.as_mut_ptr(), names[script.below(4)]);
                    let mut made = null_mut();
                    let status = albert_session_init(memory, space, model, &plan, arena, room, name, &mut made, detail);
                    if status == albert_status::Ok {
                        self.session = made;
                    }
                }
                2 => {
                    let ids = script.bytes(60);
                    self.numbers = [1; 64];
                    self.numbers.iter_mut().zip(ids).for_each(|(number, &id)| *number = id.into());
                    let listed: Vec<u32> = script.bytes(8).iter().map(|&position| position.into()).collect();
                    let input = albert_input {
                        ids: self.numbers.as_ptr(),
                        tokens: ids.len(),
                        token_types: if script.byte() % 4 == 0 { ZEROS.as_ptr() } else { null() },
                        attention_mask: if script.byte() % 4 == 0 { self.numbers.as_ptr() } else { null() },
                        positions: script.below(4) as u32,
                        listed: listed.as_ptr(),
                        listed_count: listed.len(),
                        layers: script.below(5) as u32,
                    };
                    albert_session_start_ids(session, &input, detail);
                }
                3 => {
                    let (first, second) = (script.bytes(100), script.bytes(20));
                    let second_start = if script.byte() % 2 == 0 { null() } else { second.as_ptr().cast() };
                    let options = self.options(script);
                    let first_start = first.as_ptr().cast();
                    albert_session_start_text(
                        session,
                        first_start,
                        first.len(),
                        second_start,
                        second.len(),
                        &options,
                        detail,
                    );
                }
                4 => {
                    albert_session_step(session);
                }
                5 => {
                    albert_session_finish(session);
                }
                6 => {
                    let mut output = std::mem::zeroed::<albert_output>();
                    if albert_session_output(session, &mut output) == albert_status::Ok {
                        read(output.hidden, output.rows);
                        read(output.logits, output.logits_count);
                        read(output.positions, output.rows);
                    }
                }
                7 => {
                    let (mut scores, mut count) = (null(), 0);
                    if albert_session_scores(session, &mut scores, &mut count) == albert_status::Ok {
                        read(scores, count);
                    }
                }
                8 => {
                    let mut best = [albert_candidate { id: 0, score: 0.0 }; 5];
                    let (mut found, wanted) = (0, script.below(6));
                    let row = script.below(70);
                    albert_session_vocabulary_top_k(session, row, best.as_mut_ptr(), wanted, &mut found);
                    assert!(found <= wanted);
                }
                9 => {
                    albert_session_set_early_exit(session, script.below(4) as u32, f32::from(script.byte()) / 200.0);
                }
                10 => match script.below(3) {
                    0 => {
                        albert_session_set_executor(session, &BACKWARDS);
                    }
                    1 => {
                        let bytes = script.below(256) << 8;
                        albert_session_set_fast_memory(session, self.fast.as_mut_ptr(), bytes, detail);
                    }
                    _ => {
                        let bytes = script.below(256) << 5;
                        albert_session_copy_weights(session, &COPIER, self.copies.as_mut_ptr(), bytes);
                    }
                },
                11 => {
                    let (text, options) = (script.bytes(100), self.options(script));
                    let mut encoding = std::mem::zeroed::<albert_encoding>();
                    let room = [self.memory.len(), 100, 3][script.below(3)];
                    let memory: *mut c_void = self.memory.as_mut_ptr().wrapping_add(script.below(8)).cast();
                    let start = text.as_ptr().cast();
                    let room = room.min(self.memory.len() - 8);
                    let status = albert_encode(
                        model,
                        start,
                        text.len(),
                        null(),
                        0,
                        &options,
                        memory,
                        room,
                        &mut encoding,
                        detail,
                    );
                    if status == albert_status::Ok {
                        read(encoding.ids, encoding.tokens);
                        read(encoding.offsets.cast::<u64>(), encoding.tokens);
                    }
                }
                12 => {
                    let ids = self.numbers.as_ptr().cast::<u8>().wrapping_add(script.below(4)).cast();
                    let (out, room) = (self.memory.as_mut_ptr().cast(), script.below(200));
                    let mut bytes = 0;
                    albert_decode(model, ids, script.below(63), script.byte() % 2 == 0, out, room, &mut bytes);
                }
                13 => {
                    let (mut token, mut bytes, id) = (null(), 0, script.below(65_536) as u32);
                    if albert_token(model, id, &mut token, &mut bytes) == albert_status::Ok {
                        read(token, bytes);
                    }
                    let mut special = 0;
                    albert_special_token(model, script.below(6) as u32, &mut special);
                }
                14 => {
                    let mut best = [albert_candidate { id: 0, score: 0.0 }; 5];
                    let (mut found, wanted) = (0, script.below(6));
                    let count = [script.below(256), usize::MAX, usize::MAX / 4 + 1][script.below(3)];
                    let values = self.values.as_ptr().cast::<u8>().wrapping_add(script.below(2)).cast();
                    albert_top_k(values, count, best.as_mut_ptr(), wanted, &mut found);
                    albert_softmax(self.values.as_mut_ptr(), script.below(16), script.below(16));
                }
                _ => {
                    let kinds: Vec<u8> = script.bytes(2).into();
                    let mut entities = [albert_entity { start: 0, end: 0, label: 0, score: 0.0 }; 2];
                    let (mut found, aggregation) = (0, script.below(6) as u32);
                    let mut config = albert_config::default();
                    if albert_model_config(model, &mut config) == albert_status::Ok && config.num_labels <= 128 {
                        let values = self.values.as_ptr();
                        let (start, room) = (entities.as_mut_ptr(), script.below(3));
                        let tokens = kinds.len();
                        albert_entities(model, values, kinds.as_ptr(), tokens, aggregation, start, room, &mut found);
                    }
                }
            }
        }
    }

    fn options(&self, script: &mut Script<'_>) -> albert_encode_options {
        let (max_tokens, truncation) = (script.below(70), script.below(5) as u32);
        albert_encode_options { max_tokens, truncation, no_special_tokens: script.byte() % 2 == 1 }
    }
}

/// Reads what a call promised.
///
/// # Safety
/// `start` leads to `count` elements, or `count` is 0.
unsafe fn read<T: Copy>(start: *const T, count: usize) {
    if count > 0 {
        // SAFETY: the caller's promise.
        std::hint::black_box(unsafe { from_raw_parts(start, count) }.to_vec());
    }
}

static ZEROS: [u32; 64] = [0; 64];

static BACKWARDS: albert_executor = albert_executor { run: Some(backwards), context: null_mut() };

static COPIER: albert_copier = albert_copier { copy: Some(copy_late), context: null_mut() };

/// Copies after the others are multiplied.
unsafe extern "C" fn copy_late(
    _: *mut c_void,
    from: *const u8,
    to: *mut u8,
    bytes: usize,
    meanwhile: Option<unsafe extern "C" fn(state: *mut c_void)>,
    state: *mut c_void,
) {
    // SAFETY: the interface passes a function with its state, and two memories of `bytes` bytes.
    unsafe {
        meanwhile.into_iter().for_each(|meanwhile| meanwhile(state));
        to.copy_from_nonoverlapping(from, bytes);
    }
}

/// Runs tasks in reverse order.
unsafe extern "C" fn backwards(
    _: *mut c_void,
    tasks: usize,
    task: Option<unsafe extern "C" fn(state: *const c_void, index: usize)>,
    state: *const c_void,
) {
    for index in (0..tasks).rev() {
        // SAFETY: the interface passes a task and its state.
        task.into_iter().for_each(|task| unsafe { task(state, index) });
    }
}
