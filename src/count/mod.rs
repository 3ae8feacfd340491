//! How many tokens a call's input has: exact where the provider's way of counting is known.

mod bpe;
mod cache;
mod documents;
mod images;
mod input;
mod media;
mod offload;
mod segments;
mod text;
mod texts;

pub(crate) use offload::{JobFailed, Offload, Offloaded, Place, caught};

pub use cache::CountCache;
pub use input::input_tokens;
pub use media::media_tokens;

pub(crate) use cache::Known;
pub(crate) use input::InputCount;
pub use text::{count_text, warm_up};
pub(crate) use text::{is_warm, warm_up_aside};
pub(crate) use texts::CountTally;
