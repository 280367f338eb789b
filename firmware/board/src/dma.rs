//! The DMA controller of mps2-an505 (PL081): words from memory to memory, by its first channel.

use core::array;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{Ordering, fence};

/// Where the controller lies for a core in the secure state.
const BASE: usize = 0x5011_0000;
const CONTROLLER: usize = BASE + 0x30;
/// Source, destination, next item, control, configuration.
const CHANNEL: usize = BASE + 0x100;
const ENABLE: u32 = 1;
/// Words in and out, both addresses counted on.
const WORDS: u32 = 2 << 18 | 2 << 21 | 1 << 26 | 1 << 27;
/// Most words of an item.
const MOST_WORDS: usize = 4095;
/// Most items of a copy.
const ITEMS: usize = 4;
/// Most bytes of a copy.
pub const MOST_BYTES: usize = ITEMS * MOST_WORDS * 4;

/// A part of a copy, as the controller reads it.
#[derive(Clone, Copy)]
#[repr(C)]
struct Item {
    from: u32,
    to: u32,
    next: u32,
    control: u32,
}

/// Copies `from` to `to` and calls `meanwhile` once. Copies nothing if their lengths differ, are not a multiple of 4, or exceed [`MOST_BYTES`].
pub fn copy(from: &[u8], to: &mut [u8], meanwhile: &mut dyn FnMut()) {
    let words = from.len() / 4;
    let fits = from.len() == to.len() && from.len().is_multiple_of(4) && words <= ITEMS * MOST_WORDS;
    if !fits || words == 0 {
        return meanwhile();
    }
    let (from, to) = (from.as_ptr().expose_provenance() as u32, to.as_mut_ptr().expose_provenance() as u32);
    let mut items: [Item; ITEMS] = array::from_fn(|index| {
        let first = index * MOST_WORDS;
        let count = words.saturating_sub(first).min(MOST_WORDS);
        let at = 4 * first as u32;
        Item { from: from.wrapping_add(at), to: to.wrapping_add(at), next: 0, control: WORDS | count as u32 }
    });
    let mut next = 0;
    for item in items.iter_mut().rev() {
        item.next = next;
        // An item of no words is none.
        if item.control != WORDS {
            next = core::ptr::from_ref(item).expose_provenance() as u32;
        }
    }
    let register = |address: usize| with_exposed_provenance_mut::<u32>(address);
    let [Item { from, to, next, control }, ..] = items;
    // What was written before is there for the controller, which reads and writes memory until the channel is off again.
    fence(Ordering::SeqCst);
    // SAFETY: registers of the board's controller. It reads `from` and the items and writes `to`, which are borrowed until the channel
    // is off.
    unsafe {
        register(CONTROLLER).write_volatile(ENABLE);
        for (index, value) in [from, to, next, control, ENABLE].into_iter().enumerate() {
            register(CHANNEL + 4 * index).write_volatile(value);
        }
    }
    meanwhile();
    // SAFETY: as above.
    while unsafe { register(CHANNEL + 16).read_volatile() } & ENABLE != 0 {}
    fence(Ordering::SeqCst);
    // They are read until here.
    core::hint::black_box(&mut items);
}
