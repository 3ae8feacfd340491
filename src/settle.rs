//! How a call ended, and what to book for it. Pure: the table of ends stands in `settle/ending.rs` and nowhere else.

mod ending;

use std::any::Any;
use std::error::Error;
use std::io;

use http::StatusCode;

pub(crate) use ending::Ending;

use crate::causes::causes;
use crate::usage::{Estimate, ServiceTier, Usage};
use crate::watch::Basis;

/// What is booked for a call, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The usage that the provider reported.
    Reported(Usage),
    /// The usage as we counted it, because the provider reported none.
    Counted(Usage),
    /// Nothing: it is proven that nothing ran. The call still counts as a request.
    NothingRan,
    /// The whole bound of the call: nobody knows what ran. Where less than that [was reserved](crate::policy::ReserveOutput), buckets
    /// book what was.
    Unreconciled,
    /// More than the reservation: nobody knows what ran, but so much has been seen of it.
    AtLeast(Usage),
}

impl Outcome {
    /// The usage to book, given what was reserved.
    pub(crate) fn usage(self, reserved: Estimate) -> Usage {
        match self {
            Self::Reported(usage) | Self::Counted(usage) | Self::AtLeast(usage) => usage,
            Self::NothingRan => Usage::default(),
            Self::Unreconciled => Usage::new(reserved.input_tokens, reserved.output_tokens),
        }
    }

    /// The same, of an answer that has named its service tier elsewhere than in its usage.
    fn in_tier(self, tier: Option<ServiceTier>) -> Self {
        let named = |usage: Usage| Usage {
            service_tier: usage.service_tier.or(tier),
            ..usage
        };
        match self {
            Self::Reported(usage) => Self::Reported(named(usage)),
            Self::Counted(usage) => Self::Counted(named(usage)),
            Self::AtLeast(usage) => Self::AtLeast(named(usage)),
            Self::NothingRan | Self::Unreconciled => self,
        }
    }

    pub(crate) fn basis(self) -> Basis {
        match self {
            Self::Reported(_) => Basis::Reported,
            Self::Counted(_) => Basis::Counted,
            Self::NothingRan => Basis::NothingRan,
            Self::Unreconciled | Self::AtLeast(_) => Basis::Unreconciled,
        }
    }
}

/// What a status alone says of what ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByStatus {
    /// The answer's body tells.
    Answer,
    /// Nothing ran.
    Nothing,
    /// Nothing ran if the body is an error's; else nobody knows.
    NothingIfError,
    /// Nobody knows.
    Unknown,
}

impl ByStatus {
    pub(crate) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Answer,
            408 => Self::Unknown,
            300..=499 => Self::Nothing,
            500 | 502 | 503 | 529 => Self::NothingIfError,
            _ => Self::Unknown,
        }
    }

    /// What to book where the body has nothing to tell.
    pub(crate) fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Nothing => Some(Outcome::NothingRan),
            Self::Unknown => Some(Outcome::Unreconciled),
            Self::Answer | Self::NothingIfError => None,
        }
    }
}

/// Nothing ran when no connection was made. Known for [`io::Error`] and for boxed errors that have one among their sources.
pub(crate) fn connect_error(error: &dyn Any) -> Option<Outcome> {
    let boxed = error.downcast_ref::<Box<dyn Error + Send + Sync>>();
    let boxed = boxed.map(|error| &**error as &(dyn Error + 'static));
    let plain = error
        .downcast_ref::<io::Error>()
        .map(|error| error as &(dyn Error + 'static));
    let mut io_errors = causes(boxed.or(plain)?).filter_map(|cause| cause.downcast_ref());
    io_errors
        .any(|error: &io::Error| never_connected(error.kind()))
        .then_some(Outcome::NothingRan)
}

fn never_connected(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    matches!(
        kind,
        ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_ran_nothing_and_other_errors_nobody_knows() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let boxed: Box<dyn Error + Send + Sync> = io::Error::other(refused()).into();
        assert_eq!(connect_error(&refused()), Some(Outcome::NothingRan));
        assert_eq!(connect_error(&boxed), Some(Outcome::NothingRan));
        assert_eq!(
            connect_error(&io::Error::from(io::ErrorKind::ConnectionReset)),
            None
        );
        assert_eq!(connect_error(&"something else"), None);
    }

    #[test]
    fn every_status_is_in_the_table() {
        let of = |status| ByStatus::of(StatusCode::from_u16(status).expect("a status"));
        for status in [200, 201, 299] {
            assert_eq!(of(status), ByStatus::Answer, "{status}");
        }
        for status in [304, 400, 401, 402, 404, 409, 413, 422, 429, 499] {
            assert_eq!(of(status), ByStatus::Nothing, "{status}");
        }
        for status in [500, 502, 503, 529] {
            assert_eq!(of(status), ByStatus::NothingIfError, "{status}");
        }
        for status in [408, 501, 504, 520, 524, 599] {
            assert_eq!(of(status), ByStatus::Unknown, "{status}");
        }
    }
}
