//! Why a walk ended early.

use serde::de::Error as _;

use super::text::{items, members};
use super::value::Value;
use crate::api::Invalid;

/// Why a walk ended early.
pub(in crate::api) enum Stop<'a> {
    /// The text is not of the expected shape, or not JSON at all.
    Json(serde_json::Error),
    /// The value is no object, or a key of it cannot be decoded.
    NoObject(Value<'a>),
    /// The value is no array.
    NoArray(Value<'a>),
    /// The caller of the walk did not like what he saw.
    Invalid(Invalid),
}

/// What is wrong with a value, in `serde_json`'s words, without the place: that is one in the value, and whoever sent it looks for it
/// in the body.
pub(in crate::api) fn unplaced(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let mut said = error.to_string();
    if said.ends_with(&place) {
        said.truncate(said.len() - place.len());
    }
    said
}

impl Stop<'_> {
    /// Blames what does not fit on a parameter.
    pub(in crate::api) fn at(self, param: &'static str) -> Invalid {
        self.worded(|error| {
            Invalid::param(
                param,
                format!("{param} cannot be read: {}", unplaced(&error)),
            )
        })
    }

    /// Blames what does not fit on the whole body.
    pub(in crate::api) fn at_body(self) -> Invalid {
        self.worded(|error| Invalid::body(format!("the body is not a JSON object: {error}")))
    }

    /// Most walks' ends are nobody's concern, so only who asks has `serde_json` say what is wrong.
    fn worded(self, blame: impl FnOnce(serde_json::Error) -> Invalid) -> Invalid {
        let read = match self {
            Self::Json(error) => return blame(error),
            Self::Invalid(invalid) => return invalid,
            Self::NoObject(value) => members(value.get(), |_, _| Ok(())),
            Self::NoArray(value) => items(value.get(), |_| Ok(())),
        };
        blame(match read {
            Err(Stop::Json(error)) => error,
            _ => serde_json::Error::custom("it is of another shape"),
        })
    }
}
