//! What a model does.

/// What a model does, as far as its bill goes.
pub(super) enum Mode {
    /// It generates text, or does not say what it does.
    Text,
    /// It makes vectors of its input, and no output.
    Embedding,
    /// What no metered API serves.
    Unmetered,
}

const TEXT: [&str; 3] = ["chat", "completion", "responses"];

impl Mode {
    pub(super) fn of(mode: Option<String>) -> Self {
        match mode.as_deref() {
            None => Self::Text,
            Some(mode) if TEXT.contains(&mode) => Self::Text,
            Some("embedding") => Self::Embedding,
            Some(_) => Self::Unmetered,
        }
    }
}
