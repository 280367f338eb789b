//! Sequences of code points.

use crate::tokenizer::memory::char_buffer::CODE;
use crate::tokenizer::tables::section::map;

/// The code points of a pool entry.
pub(crate) fn sequence(pool: &[u32], index: usize) -> impl Iterator<Item = u32> + '_ {
    let mut more = true;
    pool.iter().skip(index).map_while(move |&word| {
        let code = more.then_some(word & CODE);
        more = word & map::MORE != 0;
        code
    })
}
