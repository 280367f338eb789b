//! Codebook formats: panels of codes and multipliers to int8 weights (`docs/format.md`).

use crate::format::layout::{
    BLOCK_CHANNELS, GROUP_SLOTS, LEVELS_4, LEVELS_5, codebook_group_bytes, codebook_panel_bytes, codebook_weight, dtype,
};

/// Bytes of one step: 4 slots of 16 channels.
const STEP: usize = BLOCK_CHANNELS * 4;
/// Steps of a group.
const GROUP_STEPS: usize = GROUP_SLOTS / 4;

/// Expands the panel of one block of 16 channels into `[slots/4][16][4]` int8 weights, slots padded to 32.
pub(crate) fn expand_panel(dtype: u8, panel: &[u8], out: &mut [i8]) {
    let group_bytes = codebook_group_bytes(dtype);
    let groups = panel.len() / (group_bytes + BLOCK_CHANNELS);
    let (codes, multipliers) = panel.split_at_checked(groups * group_bytes).unwrap_or((panel, &[]));
    let multipliers = multipliers.as_chunks::<BLOCK_CHANNELS>().0;
    for ((codes, multipliers), out) in
        codes.chunks_exact(group_bytes).zip(multipliers).zip(out.chunks_exact_mut(GROUP_STEPS * STEP))
    {
        let (low, high) = codes.split_at(GROUP_STEPS * STEP / 2);
        let pairs = low.as_chunks::<STEP>().0.iter().zip(out.as_chunks_mut::<{ 2 * STEP }>().0);
        for (pair, (codes, out)) in pairs.enumerate() {
            let (even, odd) = out.split_at_mut(STEP);
            for (index, ((&code, even), odd)) in codes.iter().zip(even).zip(odd).enumerate() {
                let fifth = high.get(index).copied().unwrap_or(0) >> (2 * pair);
                let multiplier = multipliers.get(index / 4).copied().unwrap_or(0) as i8;
                *even = codebook_weight(level(dtype, code & 15, fifth), multiplier);
                *odd = codebook_weight(level(dtype, code >> 4, fifth >> 1), multiplier);
            }
        }
    }
}

/// The weight of one channel and slot.
pub(crate) fn weight(dtype: u8, panel: &[u8], channel: usize, slot: usize) -> i8 {
    let group_bytes = codebook_group_bytes(dtype);
    let (group, within) = (slot / GROUP_SLOTS, slot % GROUP_SLOTS);
    let groups = panel.len() / (group_bytes + BLOCK_CHANNELS);
    let at = |index: usize| panel.get(index).copied().unwrap_or(0);
    let byte = channel * 4 + slot % 4;
    let code = at(group * group_bytes + within / 8 * STEP + byte) >> (4 * (within / 4 % 2)) & 15;
    let fifth = match dtype {
        dtype::C5 => at(group * group_bytes + GROUP_STEPS * STEP / 2 + byte) >> (within / 4),
        _ => 0,
    };
    let multiplier = at(groups * group_bytes + group * BLOCK_CHANNELS + channel) as i8;
    codebook_weight(level(dtype, code, fifth), multiplier)
}

/// The level of a code's low four bits and its fifth.
fn level(dtype: u8, low: u8, fifth: u8) -> i8 {
    let (low, fifth) = (usize::from(low & 15), usize::from(fifth & 1));
    match dtype {
        dtype::C5 => LEVELS_5[fifth << 4 | low],
        _ => LEVELS_4[low],
    }
}

/// The panel of one block of 16 channels.
pub(crate) fn panel(dtype: u8, panels: &[u8], slots: usize, block: usize) -> &[u8] {
    let bytes = codebook_panel_bytes(dtype, slots);
    panels.get(block * bytes..(block + 1) * bytes).unwrap_or(&[])
}
