//! How far long work is.

/// A stage of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Running the network on the sample to find the means of activations; units are inputs.
    Means,
    /// Running the network on the sample to find outlier channels; units are inputs.
    Outliers,
    /// Running the network on the sample to find the Hessians; units are inputs.
    Hessians,
    /// Trying the matrices in smaller formats; units are matrices.
    Sensitivity,
    /// Rounding and writing; units are tensors.
    Quantize,
}

impl Stage {
    /// What is done in it, in words: `calibrating`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Means => "finding means",
            Self::Outliers => "finding outlier channels",
            Self::Hessians => "calibrating",
            Self::Sensitivity => "measuring sensitivity",
            Self::Quantize => "quantizing",
        }
    }
}

/// Progress of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Units done.
    pub done: usize,
    /// Total number of units.
    pub total: usize,
    /// How much of the whole conversion is done, in thousandths, as its operations say: what an estimate of the time left goes by.
    pub thousandths: u32,
}

/// A conversion's stages and what they take, and who is told.
#[derive(Clone, Copy)]
pub(crate) struct Course<'p> {
    show: &'p dyn Fn(Progress),
    costs: Costs,
}

/// What each stage takes, in units of equal time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs {
    pub(crate) means: f64,
    pub(crate) outliers: f64,
    pub(crate) hessians: f64,
    pub(crate) sensitivity: f64,
    pub(crate) quantize: f64,
}

impl<'p> Course<'p> {
    /// Rounding and writing alone.
    pub(crate) fn new(show: &'p dyn Fn(Progress)) -> Self {
        Self::of(show, Costs { quantize: 1.0, ..Costs::default() })
    }

    pub(crate) fn of(show: &'p dyn Fn(Progress), costs: Costs) -> Self {
        Self { show, costs }
    }

    /// Tells how far a stage is, in units and as a share of what it takes.
    pub(crate) fn show(&self, stage: Stage, done: usize, total: usize, share: f64) {
        let Costs { means, outliers, hessians, sensitivity, quantize } = self.costs;
        let stages = [means, outliers, hessians, sensitivity, quantize];
        let place = match stage {
            Stage::Means => 0,
            Stage::Outliers => 1,
            Stage::Hessians => 2,
            Stage::Sensitivity => 3,
            Stage::Quantize => 4,
        };
        let before: f64 = stages[..place].iter().sum();
        let all: f64 = stages.iter().sum();
        let thousandths = (1000.0 * (before + stages[place] * share) / all.max(f64::MIN_POSITIVE)) as u32;
        (self.show)(Progress { stage, done, total, thousandths: thousandths.min(1000) });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn thousandths_follow_what_the_stages_take() {
        let seen = RefCell::new(Vec::new());
        let show = |progress: Progress| seen.borrow_mut().push(progress.thousandths);
        let course =
            Course::of(&show, Costs { means: 3.0, outliers: 3.0, hessians: 2.0, sensitivity: 0.0, quantize: 2.0 });
        course.show(Stage::Means, 1, 2, 0.5);
        course.show(Stage::Outliers, 2, 2, 1.0);
        course.show(Stage::Hessians, 0, 7, 0.0);
        course.show(Stage::Quantize, 3, 4, 0.5);
        course.show(Stage::Quantize, 4, 4, 1.0);
        assert_eq!(*seen.borrow(), [150, 600, 600, 900, 1000]);
        Course::new(&show).show(Stage::Quantize, 1, 4, 0.25);
        assert_eq!(seen.borrow().last(), Some(&250));
    }
}
