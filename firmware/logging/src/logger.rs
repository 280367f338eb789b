//! defmt's frames, printed in words of four bytes.

use board::{hex, line, text};
use core::cell::UnsafeCell;
use defmt::{Encoder, Logger, global_logger};
use heapless::Vec;

/// Prints frames over semihosting.
#[global_logger]
struct Printer;

/// A frame that is being written.
struct Frame {
    encoder: Encoder,
    bytes: Vec<u8, 256>,
}

struct Shared(UnsafeCell<Frame>);

// SAFETY: the program has one thread, and no interrupt logs.
unsafe impl Sync for Shared {}

static FRAME: Shared = Shared(UnsafeCell::new(Frame { encoder: Encoder::new(), bytes: Vec::new() }));

/// The encoder, and where its bytes go; what does not fit is cut.
///
/// # Safety
/// Only the logger calls this, between `acquire` and `release`, and keeps nothing of it.
unsafe fn frame() -> (&'static mut Encoder, impl FnMut(&[u8])) {
    // SAFETY: one thread, and one reference at a time by the contract.
    let Frame { encoder, bytes } = unsafe { &mut *FRAME.0.get() };
    (encoder, |more: &[u8]| more.iter().for_each(|&byte| _ = bytes.push(byte)))
}

// SAFETY: `acquire` and `release` come in pairs in one thread, so there is one frame at a time.
unsafe impl Logger for Printer {
    fn acquire() {
        // SAFETY: a frame begins.
        let (encoder, write) = unsafe { frame() };
        encoder.start_frame(write);
    }

    unsafe fn flush() {}

    unsafe fn release() {
        // SAFETY: within a frame.
        let (encoder, write) = unsafe { frame() };
        encoder.end_frame(write);
        // SAFETY: as above; the encoder's part is over.
        let bytes = unsafe { &mut (*FRAME.0.get()).bytes };
        text("# log:");
        for some in bytes.chunks(4) {
            let mut word = [0; 4];
            word.iter_mut().zip(some).for_each(|(place, &byte)| *place = byte);
            text(" ");
            hex(u32::from_be_bytes(word));
        }
        line("");
        bytes.clear();
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: within a frame.
        let (encoder, write) = unsafe { frame() };
        encoder.write(bytes, write);
    }
}
