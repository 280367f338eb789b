//! Two versions of the library by turns, an inference of each at a time: a table of how much faster the new one is.
//!
//! `cargo xtask versus` makes a package of this file. Arguments: geometries, kinds of weights, kernel sets, lengths (each a list with
//! commas) and the seconds for each row.

use std::time::Instant;

/// A session over a model with random weights, as one version of the library converts and runs it.
macro_rules! version {
    ($name:ident, $core:ident, $quant:ident) => {
        mod $name {
            use $core::config::Head;
            use $core::{Input, Model, Plan, Session};
            use $quant::{Geometry, Options, Weights, synth};

            /// Room for `bytes` bytes that begins at a multiple of 64.
            fn aligned(bytes: usize) -> &'static mut [u8] {
                let room = vec![0u8; bytes + 64].leak();
                let start = room.as_ptr().align_offset(64);
                &mut room[start..start + bytes]
            }

            pub fn convert(geometry: &str, weights: &str) -> &'static Model<'static> {
                let mut options = Options::default();
                options.weights =
                    Weights::ALL.into_iter().find(|kind| kind.name() == weights).expect("a kind of weights");
                let geometry: Geometry = geometry.parse().ok().expect("a geometry");
                let bytes =
                    synth(geometry, Head::SequenceClassification, 0, &options).expect("random weights convert").bytes;
                let file = aligned(bytes.len());
                file.copy_from_slice(&bytes);
                Box::leak(Box::new(Model::from_bytes(file).expect("a valid model file")))
            }

            /// `None` when this machine cannot run the kernel set.
            pub fn inference(model: &'static Model<'static>, set: &str, tokens: usize) -> Option<impl FnMut()> {
                let kernels = $core::kernels::by_name(set).ok()?;
                let plan = Plan::new(model.config(), tokens).with_large_tiles();
                let mut session =
                    Session::with_kernels(model, plan, aligned(plan.arena_bytes()), kernels).expect("an arena");
                let id = |index: usize| ((index * 7919 + 13) % model.config().vocab_size as usize) as u32;
                let ids: &'static [u32] = (0..tokens).map(id).collect::<Vec<_>>().leak();
                Some(move || {
                    let _ = std::hint::black_box(session.run(&Input::new(ids)).expect("a valid input"));
                })
            }
        }
    };
}
version!(old, old_core, old_quant);
version!(new, new_core, new_quant);

fn seconds(run: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [geometries, kinds, sets, lengths, budget] = &arguments[..] else { panic!("five arguments") };
    let budget: f64 = budget.parse().expect("seconds");
    println!("| geometry | weights | kernel set | tokens | pairs | median of old / new | middle half |");
    println!("|---|---|---|--:|--:|--:|--:|");
    for geometry in geometries.split(',') {
        for kind in kinds.split(',') {
            let models = (old::convert(geometry, kind), new::convert(geometry, kind));
            for (set, tokens) in sets.split(',').flat_map(|set| lengths.split(',').map(move |tokens| (set, tokens))) {
                let length = tokens.parse().expect("a number of tokens");
                let pair = (old::inference(models.0, set, length), new::inference(models.1, set, length));
                let (Some(mut old), Some(mut new)) = pair else { continue };
                (old(), new());
                let (start, mut ratios) = (Instant::now(), Vec::new());
                while start.elapsed().as_secs_f64() < budget || ratios.len() < 20 {
                    // Whoever goes second may find caches warm or cold: each does every other time.
                    ratios.push(if ratios.len() % 2 == 0 {
                        let old = seconds(&mut old);
                        old / seconds(&mut new)
                    } else {
                        let new = seconds(&mut new);
                        seconds(&mut old) / new
                    });
                }
                ratios.sort_by(f64::total_cmp);
                let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(&ratios, share));
                println!(
                    "| {geometry} | {kind} | {set} | {tokens} | {} | {middle:.3} | {low:.3} to {high:.3} |",
                    ratios.len()
                );
            }
        }
    }
}
