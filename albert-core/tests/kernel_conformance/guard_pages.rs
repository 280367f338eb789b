//! Slices that end, or begin, at memory that cannot be touched: a kernel that reads or writes beside them ends the test.

use crate::support::{Random, sets};
use albert_core::config::Activation;
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::{
    Channels, CodebookPanel, FloatProduct, Keys, Levels, LinearProduct, Product, RowScale, Splits, Store, Tile,
};
use std::mem::size_of;
use std::slice::from_raw_parts_mut;

const PAGE: usize = 65536;
const BYTES: usize = 16 * PAGE;

/// Memory between two guard pages; whether slices lie at its end or at its start.
struct Guarded {
    start: *mut u8,
    at_end: bool,
}

impl Guarded {
    fn new() -> Self {
        // SAFETY: a new mapping, which nothing else uses; the inner pages are made accessible.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let base = libc::mmap(std::ptr::null_mut(), BYTES + 2 * PAGE, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(base, libc::MAP_FAILED);
            let start = base.cast::<u8>().add(PAGE);
            assert_eq!(libc::mprotect(start.cast(), BYTES, libc::PROT_READ | libc::PROT_WRITE), 0);
            Self { start, at_end: true }
        }
    }

    /// Some elements beside a guard page. One slice at a time.
    fn slice<T: Copy>(&mut self, count: usize, mut fill: impl FnMut() -> T) -> &mut [T] {
        let bytes = count * size_of::<T>();
        assert!(bytes <= BYTES);
        // SAFETY: the memory is that long and is aligned for any of the types; all elements are written first.
        unsafe {
            let first = self.start.add(if self.at_end { BYTES - bytes } else { 0 }).cast::<T>();
            (0..count).for_each(|index| first.add(index).write(fill()));
            from_raw_parts_mut(first, count)
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`, which nothing borrows any more.
        unsafe { libc::munmap(self.start.sub(PAGE).cast(), BYTES + 2 * PAGE) };
    }
}

impl Random {
    /// Below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Elements of `rows` rows, each `stride` after the last, the last `width` long.
fn elements(rows: usize, stride: usize, width: usize) -> usize {
    if rows == 0 || width == 0 { 0 } else { (rows - 1) * stride + width }
}

fn store(random: &mut Random) -> Store {
    match random.below(4) {
        0 => Store::Write,
        1 => Store::Add,
        _ => Store::Activate(Activation::ALL[random.below(Activation::ALL.len())]),
    }
}

fn integer_products(set: Kernels, memory: &mut [Guarded; 8], random: &mut Random) {
    let (rows, k_groups, panels) = (random.below(40), random.below(70), random.below(7));
    let (row_bytes, row_sums) = (k_groups * 4 + random.below(70), panels * 16 + random.below(20));
    let channels = (panels * 16).saturating_sub(random.below(16));
    let row_outputs = channels + random.below(9);
    let [a, w, sums, scales, channel_scales, channel_sums, bias, out] = memory;
    let a = a.slice(elements(rows, row_bytes, k_groups * 4), || random.next() as u8);
    let w = w.slice(panels * k_groups * 64, || random.byte());
    let prefetch = random.below(2) == 0;
    let all = sums.slice(elements(rows, row_sums, panels * 16), || 0);
    set.matmul_i8(&Product { rows, row_bytes, k_groups, panels, row_sums, prefetch }, a, w, all);
    let scales = scales.slice(rows, || RowScale { scale: 0.5, zero_point: random.byte().into() });
    let channels_of = Channels {
        scales: channel_scales.slice(channels, || random.unit()),
        sums: channel_sums.slice(channels, || random.byte().into()),
        bias: bias.slice(channels, || random.unit()),
    };
    let out = out.slice(elements(rows, row_outputs, channels), || random.unit());
    let tile = Tile { rows, channels, row_sums, row_outputs };
    set.dequantize(&tile, all, scales, &channels_of, store(random), out);
    let sums = sums.slice(rows * 64, || 0);
    let size = LinearProduct { rows, row_bytes, k_groups, channels, row_outputs, prefetch };
    set.linear_i8(&size, a, w, scales, &channels_of, store(random), out, sums);
}

fn float_products(set: Kernels, memory: &mut [Guarded; 8], random: &mut Random) {
    let (rows, inputs, panels) = (random.below(30), random.below(60), random.below(6));
    let (row_inputs, row_outputs) = (inputs + random.below(9), panels * 16 + random.below(9));
    let size = FloatProduct { rows, row_inputs, inputs, panels, row_outputs };
    let [a, w, halves, out, ..] = memory;
    let a = a.slice(elements(rows, row_inputs, inputs), || random.unit());
    let out = out.slice(elements(rows, row_outputs, panels * 16), || 0.0);
    set.matmul_f32(&size, a, w.slice(panels * inputs * 16, || random.unit()), out);
    set.matmul_f16(&size, a, halves.slice(panels * inputs * 16, || random.next() as u16), out);
}

fn codebooks(set: Kernels, memory: &mut [Guarded; 8], random: &mut Random) {
    let (units, count, rows) = (random.below(40), 1 + random.below(5), random.below(20));
    let levels = Levels::new([(); 32].map(|()| random.byte()));
    let five = random.below(2) == 0;
    let [codes, high_bits, multipliers, expanded, a, sums, room, _] = memory;
    let codes = &*codes.slice(units * count, || [(); 64].map(|()| random.next() as u8));
    let high_bits = &*high_bits.slice(if five { units * count } else { 0 }, || [(); 16].map(|()| random.next() as u8));
    let multipliers = &*multipliers.slice(units * count, || [(); 4].map(|()| random.byte()));
    let panel = |index: usize| CodebookPanel {
        levels: &levels,
        codes: &codes[index * units..][..units],
        high_bits: if five { &high_bits[index * units..][..units] } else { &[] },
        multipliers: &multipliers[index * units..][..units],
        prefetch: 64 * units,
    };
    let panels: Vec<_> = (0..count).map(panel).collect();
    set.expand(&panels[count - 1], expanded.slice(units * 128, || 0));
    let (k_groups, places) = (units * 2, count.next_multiple_of(2) * 16);
    let (row_bytes, row_sums) = (k_groups * 4 + random.below(9) * 4, places + random.below(9));
    let size = Product { rows, row_bytes, k_groups, panels: count, row_sums, prefetch: true };
    let a = a.slice(elements(rows, row_bytes, k_groups * 4), || random.next() as u8);
    let room = room.slice([0, 256, random.below(600), units * 256][random.below(4)], || 0);
    set.multiply_panels(&size, a, &panels, room, sums.slice(elements(rows, row_sums, places), || 0));
}

fn quantization(set: Kernels, memory: &mut [Guarded; 8], random: &mut Random) {
    let (width, extra) = (1 + random.below(90), random.below(40));
    let [channels, copies, ranks, saved, x, out, scales, _] = memory;
    let splits = Splits {
        channels: channels.slice(extra, || random.below(width) as u32),
        copies: copies.slice(extra, || 2.0),
        ranks: ranks.slice(extra, || 1.0),
    };
    let row = x.slice(width, || random.unit());
    set.quantize_row(row, &splits, saved.slice(extra, || 0.0), out.slice(width + extra, || 0));
    let (size, heads) = (1 + random.below(40), random.below(9));
    let stride = size + random.below(9);
    let x = x.slice(size * heads, || random.unit());
    let out = out.slice(elements(heads, stride, size), || 0);
    set.quantize_heads(x, size, stride, out, scales.slice(heads, || 0.0));
    set.quantize_heads_signed(x, size, stride, out, scales.slice(heads, || 0.0));
}

fn rows(set: Kernels, memory: &mut [Guarded; 8], random: &mut Random) {
    let (width, count) = (1 + random.below(70), random.below(9));
    let [x, weight, bias, scores, offsets, scales, value_scales, bytes] = memory;
    let x = x.slice(width * count + random.below(5), || random.unit());
    set.layer_norm(x, width, weight.slice(width, || random.unit()), bias.slice(width, || random.unit()), 1e-12);
    set.softmax_f32(x, 1.5);
    set.activate(Activation::ALL[random.below(Activation::ALL.len())], x);
    let scores = scores.slice(width, || random.byte().into());
    let keys = Keys {
        offsets: offsets.slice(width, || random.byte().into()),
        scales: scales.slice(width, || random.unit()),
        value_scales: value_scales.slice(width, || random.unit().abs()),
    };
    set.softmax(scores, &keys, 0.1, weight.slice(width, || 0.0), bytes.slice(width, || 0));
}

#[test]
fn no_kernel_touches_what_is_beside_its_slices() {
    let mut memory = [(); 8].map(|()| Guarded::new());
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        let mut random = Random(11);
        for case in 0..600 {
            memory.iter_mut().for_each(|memory| memory.at_end = case % 2 == 0);
            for check in [integer_products, float_products, codebooks, quantization, rows] {
                check(set, &mut memory, &mut random);
            }
        }
    }
}
