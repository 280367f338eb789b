//! Float products: close, not equal.

use crate::support::{GUARD, Random, guard_f32, sets};
use albert_core::kernels::Kernels;
use albert_core::kernels::internals::FloatProduct;

#[test]
fn float_products() {
    let mut random = Random(3);
    for set in sets().into_iter().chain([Kernels::SCALAR]) {
        for inputs in [1, 2, 7, 26, 64, 312, 768] {
            for (rows, panels) in (1..=15).map(|rows| (rows, 1)).chain([(1, 5), (6, 4), (13, 3), (32, 2)]) {
                let (row_inputs, row_outputs) = (inputs + 3, panels * 16 + rows % 3);
                let a: Vec<f32> = (0..rows * row_inputs).map(|_| random.unit()).collect();
                let halves: Vec<half::f16> =
                    (0..panels * inputs * 16).map(|_| half::f16::from_f32(random.unit())).collect();
                let w: Vec<f32> = halves.iter().map(|w| w.to_f32()).collect();
                let bits: Vec<u16> = halves.iter().map(|w| w.to_bits()).collect();
                let size = FloatProduct { rows, row_inputs, inputs, panels, row_outputs };
                let (a_len, out_len) = ((rows - 1) * row_inputs + inputs, (rows - 1) * row_outputs + panels * 16);
                let (mut single, mut halved) = (guard_f32(out_len + 32), guard_f32(out_len + 32));
                set.matmul_f32(&size, &a[..a_len], &w, &mut single[16..16 + out_len]);
                set.matmul_f16(&size, &a[..a_len], &bits, &mut halved[16..16 + out_len]);
                for (i, (single, halved)) in single.iter().zip(&halved).enumerate() {
                    let place = i.checked_sub(16).filter(|i| *i < out_len && i % row_outputs < panels * 16);
                    let Some(i) = place else {
                        assert_eq!((single.to_bits(), halved.to_bits()), (GUARD, GUARD), "{set:?} {size:?}");
                        continue;
                    };
                    let (row, channel) = (i / row_outputs, i % row_outputs);
                    let product = |k: usize| {
                        f64::from(a[row * row_inputs + k])
                            * f64::from(w[(channel / 16 * inputs + k) * 16 + channel % 16])
                    };
                    let exact: f64 = (0..inputs).map(product).sum();
                    // One rounding a term, of at most the sum of sizes.
                    let bound = (0..inputs).map(|k| product(k).abs()).sum::<f64>() * inputs as f64 * 2f64.powi(-24);
                    for got in [single, halved] {
                        assert!((f64::from(*got) - exact).abs() <= bound, "{set:?} {size:?}: {got} not {exact}");
                    }
                }
            }
        }
    }
}
