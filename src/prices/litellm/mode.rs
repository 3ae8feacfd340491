//! What a model does.

/// What a model does, as far as its bill goes.
pub(super) enum Mode {
    /// It generates text, or does not say what it does.
    Text,
    /// It makes vectors of its input, and no output.
    Embedding,
    /// What no metered API serves.
    Unmetered,
    /// Nobody knows: so it is written.
    Unknown(String),
}

const TEXT: [&str; 3] = ["chat", "completion", "responses"];

const UNMETERED: [&str; 15] = [
    "audio_speech",
    "audio_transcription",
    "decisions",
    "evaluation",
    "extraction",
    "guardrail",
    "image_edit",
    "image_generation",
    "moderation",
    "ocr",
    "realtime",
    "rerank",
    "search",
    "vector_store",
    "video_generation",
];

impl Mode {
    pub(super) fn of(mode: Option<String>) -> Self {
        let Some(written) = mode else {
            return Self::Text;
        };
        match &*written.trim().to_ascii_lowercase() {
            mode if TEXT.contains(&mode) => Self::Text,
            "embedding" => Self::Embedding,
            mode if UNMETERED.contains(&mode) => Self::Unmetered,
            _ => Self::Unknown(written),
        }
    }
}
