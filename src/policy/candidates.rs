pub(crate) struct Rung {}
