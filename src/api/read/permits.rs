//! What a request permits that makes it dearer, as far as the families say it in the same words.
//!
//! What cannot be read permits everything: the provider may understand it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::api::json::{Kind, Value};
use crate::api::{Call, MediumKind};
use crate::prices::{CacheWrites, Permits};
use crate::usage::ServiceTier;

/// What a request to OpenAI, or to a server that speaks its words, permits before its input is read. OpenAI writes to its cache
/// unasked; servers with models of others take their marks.
pub(in crate::api) fn openai(
    body: &str,
    tier: Option<Value<'_>>,
    modalities: &[Value<'_>],
) -> Permits {
    Permits {
        service_tier: tier.and_then(service_tier),
        cache_writes: cache_writes(body).max(CacheWrites::Minutes),
        audio_input: false,
        audio_output: modalities.iter().copied().any(is_heard),
    }
}

/// The tier of service that is asked for; nothing where that is left to the provider.
pub(in crate::api) fn service_tier(value: Value<'_>) -> Option<ServiceTier> {
    match (value.kind(), value.string()) {
        (Kind::Null, _) => None,
        (_, Ok(name)) => ServiceTier::named(&name),
        (_, Err(_)) => Some(ServiceTier::Other),
    }
}

/// Whether a list of what an answer may consist of has more in it than texts and images, which are no sounds.
pub(in crate::api) fn is_heard(modalities: Value<'_>) -> bool {
    let is_silent = |item: Value<'_>| {
        let is = |name: &str, silent: &str| name.eq_ignore_ascii_case(silent);
        item.string()
            .is_ok_and(|name| is(&name, "text") || is(&name, "image"))
    };
    match modalities.kind() {
        Kind::Null => false,
        Kind::Array => {
            let mut is_heard = false;
            let walked = modalities.items(|item| {
                is_heard |= !is_silent(item);
                Ok(())
            });
            is_heard || walked.is_err()
        }
        _ => !is_silent(modalities),
    }
}

/// For how long `cache_control`, wherever it stands, lets input be kept in a cache.
pub(in crate::api) fn cache_writes(body: &str) -> CacheWrites {
    if spells_letters_out(body) {
        return CacheWrites::Hour;
    }
    let is_null = |value: &&str| value.starts_with("null");
    if values(body, &CACHE_CONTROL).all(|mark| is_null(&mark)) {
        return CacheWrites::None;
    }
    let is_short = |ttl: &str| is_null(&ttl) || ttl.starts_with("\"5m\"");
    if values(body, &TTL).all(is_short) {
        CacheWrites::Minutes
    } else {
        CacheWrites::Hour
    }
}

/// Notes that there may be audio in an input that has been read.
pub(in crate::api) fn note_audio(call: &mut Call) {
    let sounds = call
        .input
        .media
        .iter()
        .any(|medium| medium.kind.may_sound());
    call.permits.audio_input |= sounds;
}

impl MediumKind {
    /// Whether it may have sound in it. A film has, and of what is unknown nobody knows.
    pub(in crate::api) fn may_sound(self) -> bool {
        !matches!(self, Self::Image | Self::Document | Self::Text)
    }
}

/// Names of members, in their quotes: within a text these are escaped, so what is found is a string of its own.
static CACHE_CONTROL: LazyLock<Finder<'static>> = finder(|| Finder::new("\"cache_control\""));
static TTL: LazyLock<Finder<'static>> = finder(|| Finder::new("\"ttl\""));
/// What an escaped ASCII letter begins with.
static ESCAPE: LazyLock<Finder<'static>> = finder(|| Finder::new("\\u00"));

/// To make one takes longer than to search a small body with it.
const fn finder(make: fn() -> Finder<'static>) -> LazyLock<Finder<'static>> {
    LazyLock::new(make)
}

/// What stands after every member of a name, anywhere in a body.
fn values<'b>(body: &'b str, name: &'b Finder<'_>) -> impl Iterator<Item = &'b str> {
    name.find_iter(body.as_bytes()).filter_map(move |at| {
        let after = body[at + name.needle().len()..].trim_ascii_start();
        Some(after.strip_prefix(':')?.trim_ascii_start())
    })
}

/// Whether a letter, a digit or an underscore is written as an escape, which nobody does who has nothing to hide by it.
fn spells_letters_out(body: &str) -> bool {
    let bytes = body.as_bytes();
    // Where nothing is escaped, the shorter search is enough.
    memchr::memchr(b'\\', bytes).is_some()
        && ESCAPE.find_iter(bytes).any(|at| {
            let slashes = body[..at].bytes().rev().take_while(|&byte| byte == b'\\');
            let is_escaped = slashes.count() % 2 == 1;
            let digits = at + ESCAPE.needle().len();
            let code = body.get(digits..digits + 2);
            let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            !is_escaped && code.is_some_and(|code| code.is_ascii_alphanumeric() || code == b'_')
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
