//! Sizes and offsets at the boundaries of the address space. `cargo xtask i686` runs the same where that has 32 bits: there every
//! number below is near a power of two at which some product or sum leaves it.

use albert_core::Config;
use albert_core::config::{Head, Precision};
use albert_core::format::layout::{MAX_K, PANEL_CHANNELS, dtype, matrix_bytes, round_up, scale_bytes};
use albert_core::heads::{Prototypes, Search};
use albert_core::plan::Plan;
use albert_core::tokenizer::memory_bytes;

/// Numbers about which something may overflow: small ones, and neighbours of powers of two.
fn edges() -> Vec<u32> {
    let mut edges: Vec<u32> = vec![0, 1, 2, 3, 5, 12, 15, 17, 48, 63];
    for power in [4, 6, 12, 16, 20, 24, 26, 27, 28, 29, 30, 31, 32] {
        let power = 1u64 << power;
        let near = [power.wrapping_sub(64), power - 16, power - 1, power, power + 1];
        edges.extend(near.iter().filter_map(|&number| u32::try_from(number).ok()));
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// A size as it is, or the most that the address space has.
fn fitting(exact: u128) -> usize {
    usize::try_from(exact).unwrap_or(usize::MAX)
}

/// The same for sizes of more than an address space of 64 bits, too.
fn sizes() -> Vec<usize> {
    let mut sizes: Vec<usize> = edges().into_iter().map(|edge| edge as usize).collect();
    sizes.extend([
        usize::MAX / 64,
        usize::MAX / 4 - 1,
        usize::MAX / 4,
        usize::MAX / 2 + 1,
        usize::MAX - 63,
        usize::MAX,
    ]);
    sizes
}

#[test]
fn matrices() {
    let places = edges().into_iter().filter(|&places| places <= MAX_K).map(|places| places as usize);
    for (rows, places) in places.flat_map(|places| sizes().into_iter().map(move |rows| (rows, places))) {
        let blocks = (rows as u128).div_ceil(PANEL_CHANNELS as u128);
        let (places_of_4, units) = (places.next_multiple_of(4) as u128, places.div_ceil(8) as u128);
        for (kind, exact) in [
            (dtype::F32, blocks * 64 * places as u128),
            (dtype::F16, blocks * 32 * places as u128),
            (dtype::I8, blocks * 16 * places_of_4),
            (dtype::C4, blocks * units * (64 + 4)),
            (dtype::C5, blocks * units * (64 + 16 + 4)),
        ] {
            assert_eq!(matrix_bytes(kind, rows, places), usize::try_from(exact).ok(), "{kind}: {rows} x {places}");
        }
    }
}

#[test]
fn rows_and_scales() {
    for rows in sizes() {
        let exact = (rows as u128).next_multiple_of(PANEL_CHANNELS as u128);
        let padded = if rows > usize::MAX - (PANEL_CHANNELS - 1) { usize::MAX as u128 } else { exact };
        assert_eq!(round_up(rows, PANEL_CHANNELS), fitting(padded), "{rows}");
        assert_eq!(scale_bytes(true, rows), fitting(padded + 4), "{rows}");
        assert_eq!(scale_bytes(false, rows), fitting(padded * 4), "{rows}");
    }
}

#[test]
fn memory_of_heads_and_texts() {
    for (first, second) in sizes().into_iter().flat_map(|first| sizes().into_iter().map(move |second| (first, second)))
    {
        let (long, wide) = (first as u128, second as u128);
        let prototypes = Prototypes::bytes(first, second);
        assert!(prototypes >= fitting((long * wide).saturating_mul(4)), "{first} labels of {second}");
        assert!(memory_bytes(first, second) >= fitting(long * 4 + wide * 96), "{first} tokens, words of {second}");
        assert!(Search::bytes(first) >= fitting(long * 5), "embeddings of {first}");
    }
}

/// Whatever a configuration says: the arena holds at least what its largest parts take, or is said not to fit.
fn arena_of(config: &Config, tokens: usize, workers: usize, [labels, sequences]: [usize; 2]) {
    let plan = Plan::new(config, tokens).with_workers(workers).with_labels(labels);
    let plan = plan.with_sequences(sequences, usize::MAX);
    let wide = config.hidden_size.max(config.intermediate_size).max(config.embedding_size);
    let [hidden, wide, heads, head_size, num_labels, ocs_places] = [
        config.hidden_size,
        wide,
        config.num_attention_heads,
        config.head_size(),
        config.num_labels,
        config.storage.ocs_places,
    ]
    .map(u128::from);
    let [sequences, tokens, rows, workers, labels] =
        [plan.max_sequences(), plan.max_tokens(), plan.tile_rows(), plan.workers(), labels].map(|size| size as u128);
    let total = sequences * tokens;
    assert_eq!(plan.total_tokens(), fitting(total));
    let (element, quantized) = if config.precision == Precision::Float { (4, 0) } else { (1, wide + ocs_places) };
    let keys = heads * total * head_size * element;
    let label_rows = if config.head == Head::TokenClassification { total } else { sequences };
    let logits = (label_rows * num_labels).max(sequences * labels);
    let scratch = workers * rows * (4 * wide + quantized);
    let least = 8 * total + 4 * total * hidden + 2 * keys + 4 * logits + scratch;
    assert!(plan.arena_bytes() >= fitting(least), "{least} bytes at least: {plan:?}");
}

#[test]
fn arenas() {
    let edges = edges();
    let set = |config: &mut Config, field: usize, value: u32| match field {
        0 => config.hidden_size = value,
        1 => config.intermediate_size = value,
        2 => config.embedding_size = value,
        3 => config.num_attention_heads = value,
        4 => config.num_labels = value,
        5 => config.storage.ocs_places = value,
        6 => config.sentence_dense = value,
        _ => config.max_position_embeddings = value,
    };
    for (head, precision) in [
        (Head::SequenceClassification, Precision::Int8),
        (Head::TokenClassification, Precision::Int8),
        (Head::TokenClassification, Precision::Float),
    ] {
        let mut base = Config::BASE;
        (base.head, base.precision) = (head, precision);
        base.storage.codebook = precision == Precision::Int8;
        // Every two fields at once, and one of them together with the longest input.
        for (first, second) in (0..8).flat_map(|first| (first..8).map(move |second| (first, second))) {
            for (one, &left) in edges.iter().enumerate() {
                for (other, &right) in edges.iter().enumerate() {
                    let mut config = base;
                    set(&mut config, first, left);
                    set(&mut config, second, right);
                    let more = [edges[(one + other) % edges.len()], edges[(one * 7 + other) % edges.len()]];
                    let more = if (one + other) % 3 == 0 { more.map(|number| number as usize) } else { [0, 1] };
                    let tokens = if first == 7 || second == 7 { usize::MAX } else { left as usize };
                    arena_of(&config, tokens, 1 + (one + other) % 16, more);
                }
            }
        }
    }
}
