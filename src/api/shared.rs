//! An API that many calls have at once.

use std::ops::Deref;
use std::sync::Arc;

use super::Api;

/// One of our families, or an API that was added.
///
/// Each call has it several times. Families are there for good: nobody counts by whom they are shared, which processors that
/// have calls at once would have to tell each other.
#[derive(Clone)]
pub(crate) enum SharedApi {
    Family(&'static dyn Api),
    Added(Arc<dyn Api>),
}

impl Deref for SharedApi {
    type Target = dyn Api;

    fn deref(&self) -> &(dyn Api + 'static) {
        match self {
            Self::Family(api) => *api,
            Self::Added(api) => &**api,
        }
    }
}
