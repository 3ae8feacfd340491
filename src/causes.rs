//! The causes of an error.

use std::error::Error;
use std::{io, iter};

/// An error and all that caused it, the outermost first.
///
/// An [`io::Error`] passes over the error that it wraps when it is asked for its source, so it is asked for that one.
pub(crate) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error: &&'e (dyn Error + 'static)| {
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_io_error_wraps_is_among_its_causes() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = io::Error::other(io::Error::other(refused));
        let kinds = causes(&error).filter_map(|cause| cause.downcast_ref::<io::Error>());
        let kinds: Vec<_> = kinds.map(io::Error::kind).collect();
        use io::ErrorKind::{ConnectionRefused, Other};
        assert_eq!(kinds, [Other, Other, ConnectionRefused]);
    }
}
