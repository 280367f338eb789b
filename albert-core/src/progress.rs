//! What a bounded piece of work says of the rest.

/// Whether there is more to do: a session's [`step`](crate::Session::step)s, or a signature check's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Progress {
    /// More steps are needed.
    Running,
    /// The result is there, or nothing was started.
    Done,
}
