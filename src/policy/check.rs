pub(crate) struct CheckedLimit {}
