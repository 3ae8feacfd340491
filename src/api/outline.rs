pub(crate) struct Outline;
