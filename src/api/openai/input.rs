//! What the provider puts around the texts of a chat.

use crate::api::{Counted, Input, ToolShape};
use crate::count::media_tokens;
use crate::model::{Encoding, Provider, may_reason};

/// Every message is wrapped in this many tokens…
const MESSAGE: u64 = 3;
/// …and one more if it names its speaker.
const NAME: u64 = 1;

/// `namespace functions {` before the declarations, and `} // namespace functions` with the last one's end behind them.
const NAMESPACE: u64 = 7;

/// What models that reason are told of tools, by measurement; one more where they must call one.
const INSTRUCTIONS: u64 = 81;

/// A call of a tool names the channel that it goes to, in the format of models that reason.
const CHANNEL: u64 = 7;

/// Tokens of an input whose texts have so many.
pub(in crate::api) fn chat(canonical: &str, input: &Input, texts: u64) -> Counted {
    let reasons = may_reason(canonical);
    let around = [
        input.messages.saturating_mul(MESSAGE),
        input.names.saturating_mul(NAME),
        reply(reasons),
        declarations(canonical, &input.tools),
        reasoning(reasons, input),
        media_tokens(canonical, &input.media),
        input.overhead,
        input.token_ids,
        input.sealed,
    ];
    beside(canonical, texts, around)
}

/// Texts of a model of OpenAI's are counted as it does; those of other models, which speak its words, are estimated.
pub(in crate::api) fn beside(
    canonical: &str,
    texts: u64,
    around: impl IntoIterator<Item = u64>,
) -> Counted {
    let around = around.into_iter().fold(0, u64::saturating_add);
    if Provider::of(canonical) == Some(Provider::OpenAi) {
        return Counted::known(texts.saturating_add(around));
    }
    Counted {
        known: around,
        estimated: texts,
    }
}

/// What the answer is begun with. For models that reason it is one less; measured, and in no guide.
fn reply(reasons: bool) -> u64 {
    if reasons { 2 } else { 3 }
}

/// What stands around the texts of the tools' declarations.
pub(in crate::api) fn declarations(canonical: &str, tools: &ToolShape) -> u64 {
    if tools.functions == 0 {
        return 0;
    }
    // Older models are shown a blank before each brace.
    match Encoding::of(canonical) {
        Encoding::Cl100k => NAMESPACE.saturating_add(tools.with_properties),
        Encoding::O200k => NAMESPACE,
    }
}

fn reasoning(reasons: bool, input: &Input) -> u64 {
    if !reasons {
        return 0;
    }
    let instructions = if input.tools.functions == 0 {
        0
    } else {
        INSTRUCTIONS + u64::from(input.tools.forced)
    };
    instructions.saturating_add(input.calls.saturating_mul(CHANNEL))
}
