//! Any bytes as a checkpoint: refused, or converted to a model file that runs, within memory and time that its size warrants. A
//! byte that chooses the container, four bytes of length, `config.json`, and the rest is the weights file.
#![no_main]

use albert_fuzz::one_of;
use albert_quant::Weights;
use albert_tests::robust::{self, CONTAINERS};

/// What the entries of a TensorFlow index refer to.
static DATA: [u8; 8192] = [0; 8192];

albert_fuzz::target!(|bytes| check(bytes));

fn check(bytes: &[u8]) {
    let Some((&container, bytes)) = bytes.split_first() else { return };
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    if let Some((config, weights)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) {
        let name = CONTAINERS[usize::from(container) % CONTAINERS.len()];
        robust::checkpoint_to(
            &[one_of(&Weights::ALL, bytes)],
            config,
            &[(name, weights), ("model.ckpt-best.data-00000-of-00001", &DATA)],
        );
    }
}
