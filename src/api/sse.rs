pub(crate) struct Events;
