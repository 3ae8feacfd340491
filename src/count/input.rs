//! Tokens of a whole input: its texts, and what the provider puts around them.

use std::cell::OnceCell;

use super::count_text;
use crate::api::{Input, ToolShape};
use crate::model::{Encoding, may_reason};

/// Every message is wrapped in this many tokens…
const MESSAGE: u64 = 3;
/// …and one more if it names its speaker.
const NAME: u64 = 1;

/// Tokens of an input, for a model by its canonical name.
///
/// For texts this is what OpenAI bills. Tools follow OpenAI's cookbook; images, sounds and files are reserved at a flat
/// figure that is meant to be too high, and settled to what they cost.
#[must_use]
pub fn input_tokens(canonical: &str, input: &Input, body: &str) -> u64 {
    InputCount::new(input, body).tokens(canonical)
}

/// Counts one input for several models: its texts once for each encoding, however long the ladder is.
pub(crate) struct InputCount<'a> {
    input: &'a Input,
    body: &'a str,
    texts: [OnceCell<u64>; Encoding::COUNT],
}

impl<'a> InputCount<'a> {
    pub(crate) fn new(input: &'a Input, body: &'a str) -> Self {
        Self {
            input,
            body,
            texts: Default::default(),
        }
    }

    /// Tokens of the input, for a model by its canonical name.
    pub(crate) fn tokens(&self, canonical: &str) -> u64 {
        let texts = self.texts(Encoding::of(canonical));
        around(canonical, self.input)
            .into_iter()
            .fold(texts, u64::saturating_add)
    }

    fn texts(&self, encoding: Encoding) -> u64 {
        *self.texts[encoding as usize].get_or_init(|| {
            let texts = self.input.texts.iter().map(|text| text.of(self.body));
            texts.map(|text| count_text(encoding, text)).sum()
        })
    }
}

/// What the provider puts around the texts.
fn around(canonical: &str, input: &Input) -> [u64; 6] {
    [
        input.messages.saturating_mul(MESSAGE),
        input.names.saturating_mul(NAME),
        reply(canonical),
        tools(canonical, &input.tools),
        input.media.saturating_mul(medium(canonical)),
        input.overhead,
    ]
}

/// What the answer is begun with. For models that reason it is one less; measured, and in no guide.
fn reply(canonical: &str) -> u64 {
    if may_reason(canonical) { 2 } else { 3 }
}

/// The formula of OpenAI's cookbook for what stands around the texts of the tools' declarations.
///
/// Two things it does not know are measured: without any property the declarations still cost what begins a list of
/// them, and models that reason get some 84 tokens of instructions more.
fn tools(canonical: &str, tools: &ToolShape) -> u64 {
    if tools.functions == 0 {
        return 0;
    }
    let function = if canonical.starts_with("gpt-4o") {
        7
    } else {
        10
    };
    let instructions = if may_reason(canonical) { 84 } else { 0 };
    let parts = [
        tools.functions.saturating_mul(function),
        tools.with_properties.max(1).saturating_mul(3),
        tools.properties.saturating_mul(3),
        tools
            .enum_items
            .saturating_sub(tools.enums)
            .saturating_mul(3),
        12,
    ];
    parts.into_iter().fold(instructions, u64::saturating_add)
}

/// A part that is no text, reserved: above the most that an image costs (1,445 tokens on gpt-4o, 3,779 on gpt-4.1-nano).
/// gpt-4o-mini bills images at a multiple of its tokens.
fn medium(canonical: &str) -> u64 {
    if canonical.starts_with("gpt-4o-mini") {
        48_169
    } else {
        4_096
    }
}
