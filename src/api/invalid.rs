//! What is said of a request that cannot be read.

/// Why a request cannot be read. It is answered with 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The offending parameter, if it is one.
    pub param: Option<&'static str>,
    /// What is wrong, for the caller.
    pub message: String,
}

impl Invalid {
    /// A complaint about one parameter.
    pub fn param(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            param: Some(param),
            message: message.into(),
        }
    }

    /// A complaint about the whole body.
    pub fn body(message: impl Into<String>) -> Self {
        Self {
            param: None,
            message: message.into(),
        }
    }
}
