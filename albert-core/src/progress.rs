//! Whether a piece of work is done.

/// Whether more steps are needed: of a session ([`step`](crate::Session::step)) or of a signature check. There will be no third answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "work is done or it is not")]
pub enum Progress {
    /// More steps are needed.
    Running,
    /// The result is available, or nothing was started.
    Done,
}
