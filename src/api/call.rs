//! A request as all families see it.

mod input;
mod opaque;
mod output;
mod sites;
mod text;
mod tool_shape;

pub use self::input::Input;
pub use self::opaque::Opaque;
pub use self::output::OutputAsk;
pub use self::sites::{ModelSite, Sites};
pub use self::text::Text;
pub use self::tool_shape::ToolShape;

pub(crate) use self::sites::is_set;

use super::media::Content;
use super::{Medium, MediumKind};
use crate::prices::Permits;

/// A metered request, read once. Positions are bytes in its body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The asked model's name, as written.
    pub model: Box<str>,
    /// Where the model's name stands.
    pub model_site: ModelSite,
    /// What is to be counted of the input.
    pub input: Input,
    /// What was said about the output.
    pub output: OutputAsk,
    /// In which form the answer comes.
    pub delivery: Delivery,
    /// Whether the caller asked for usage at the end of the stream himself.
    pub asks_usage: bool,
    /// Whether the caller asks the model to reason, which it may bill without showing it.
    pub reasons: bool,
    /// Whether the caller tells the model not to reason. Of models that are known to keep to it this is believed, whichever of
    /// them is called in the end.
    pub told_not_to_reason: bool,
    /// Why a part of the input cannot be seen, if that is so.
    pub opaque: Option<Opaque>,
    /// What the request permits that makes it dearer: everything, unless it says otherwise.
    pub permits: Permits,
    /// Models that the call may run beside its own, such as those of tools that ask a model for advice. The tier must allow
    /// each of them.
    pub other_models: Vec<Box<str>>,
    /// Where in the body an [`Edit`](super::Edit) would be made.
    pub sites: Sites,
}

impl Call {
    /// A call to a model that is named there, with nothing to count and one answer; the rest is set by its fields.
    #[must_use]
    pub fn new(model: &str, model_site: ModelSite) -> Self {
        Self {
            model: model.into(),
            model_site,
            input: Input::default(),
            output: OutputAsk::default(),
            delivery: Delivery::Whole,
            asks_usage: false,
            reasons: false,
            told_not_to_reason: false,
            opaque: None,
            permits: Permits::default(),
            other_models: Vec::new(),
            sites: Sites::default(),
        }
    }

    /// Whether the answer comes piece by piece.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.delivery != Delivery::Whole
    }

    /// Adds a file's content: text, media, or both.
    pub(super) fn add_content(&mut self, content: Content) {
        self.input.add(Text::Owned(content.text.into()));
        for medium in content.media {
            self.add_medium(medium);
        }
    }

    /// Adds a medium. One that is elsewhere cannot be seen, but for an image: the most that an image costs is known. Of one that
    /// is not bounded by its bytes, what they say is counted, and the rest cannot be seen.
    pub(super) fn add_medium(&mut self, medium: Medium) {
        if medium.unbounded {
            self.hides(Opaque::File);
        }
        if medium.by_reference && medium.kind != MediumKind::Image {
            self.permits.audio_input |= medium.kind.may_sound();
            self.hides(Opaque::File);
        } else {
            self.input.add_medium(medium);
        }
    }

    /// Notes that a part of the input cannot be seen. The first reason stays.
    pub fn hides(&mut self, reason: Opaque) {
        // What was said before may have been spoken.
        self.permits.audio_input |= matches!(reason, Opaque::StoredState | Opaque::Cache);
        self.opaque.get_or_insert(reason);
    }
}

/// In which form an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// As one JSON document, when it is complete.
    #[default]
    Whole,
    /// As a stream of server-sent events.
    Events,
    /// As a JSON array whose items come one by one.
    Array,
}
