//! How sure it is what a call used.

/// How a settled call's usage was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The provider reported it.
    Reported,
    /// The provider did not report it: the input as estimated, and what was delivered, counted.
    Counted,
    /// It is proven that nothing ran.
    NothingRan,
    /// Nobody knows: the whole reservation was booked and is unreconciled.
    Unreconciled,
}

impl Basis {
    /// The basis' name in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Counted => "counted",
            Self::NothingRan => "nothing_ran",
            Self::Unreconciled => "unreconciled",
        }
    }
}
