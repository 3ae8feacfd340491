pub(crate) struct NormalPath;
