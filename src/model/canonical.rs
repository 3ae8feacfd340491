//! The one name of a model, out of the many that callers write.

use std::borrow::Cow;

/// Names longer than this say no model: none is nearly as long, and they come from clients.
pub(crate) const MAX_NAME: usize = 256;

/// What providers, routers and SDKs put before a model's name. An organization that is part of the name, as in
/// `meta-llama/Llama-3`, is none of these and stays.
const PREFIXES: [&str; 11] = [
    "anthropic",
    "azure",
    "azure_ai",
    "bedrock",
    "gemini",
    "google",
    "litellm_proxy",
    "models",
    "openai",
    "openrouter",
    "vertex_ai",
];

/// What routers put behind a model's name and a colon, to say how it is to be run. Any other tag, such as the size in
/// `llama3:8b`, is part of the name.
const VARIANTS: [&str; 9] = [
    "beta", "exacto", "extended", "floor", "free", "latest", "nitro", "online", "thinking",
];

/// Bedrock's regions, and the vendors whose models have the same names elsewhere.
const REGIONS: [&str; 7] = ["apac", "au", "eu", "global", "jp", "us", "us-gov"];
const VENDORS: [&str; 2] = ["anthropic", "openai"];

/// Names whose other spellings follow no rule.
const SAME: [(&str, &str); 5] = [
    ("claude-3-5-sonnet-v2", "claude-3-5-sonnet"),
    ("claude-opus-4-0", "claude-opus-4"),
    ("claude-sonnet-4-0", "claude-sonnet-4"),
    ("gpt-4-0125-preview", "gpt-4-turbo-preview"),
    ("gpt-4-1106-preview", "gpt-4-turbo-preview"),
];

/// A name in lower case without the space around it; copied only if that makes a difference.
pub(super) fn folded(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// A model's canonical name; `None` when the name says no model (it is empty, much too long, or fine-tuned from
/// nothing). The canonical name of a canonical name is itself.
///
/// | written | canonical | why |
/// | --- | --- | --- |
/// | ` GPT-4o ` | `gpt-4o` | case and space mean nothing |
/// | `openai/gpt-4o`, `publishers/google/models/gemini-2.0-flash` | `gpt-4o`, `gemini-2.0-flash` | prefixes of providers and routers |
/// | `gpt-4o-2024-08-06`, `claude-sonnet-4-20250514`, `claude-3-5-sonnet@20240620` | `gpt-4o`, `claude-sonnet-4`, `claude-3-5-sonnet` | dated snapshots |
/// | `gpt-4-0613`, `gpt-3.5-turbo-0125` | `gpt-4`, `gpt-3.5-turbo` | dated by month and day: only these two families |
/// | `gemini-1.5-pro-002`, `gemini-2.5-flash-preview-05-20`, `gemini-1.5-pro-exp-0827` | `gemini-1.5-pro`, `gemini-2.5-flash`, `gemini-1.5-pro` | numbered and dated snapshots; an undated preview is a model of its own |
/// | `claude-3-7-sonnet-latest`, `chatgpt-4o-latest` | `claude-3-7-sonnet`, `chatgpt-4o` | the newest snapshot |
/// | `ft:gpt-4o-mini-2024-07-18:org::id` | `gpt-4o-mini` | fine-tuned from it |
/// | `gpt-35-turbo` | `gpt-3.5-turbo` | as Azure spells it |
/// | `openai/gpt-4o:nitro`, `llama3:latest` | `gpt-4o`, `llama3` | run in another way; `llama3:8b` is a model of its own |
/// | `us.anthropic.claude-sonnet-4-20250514-v1:0` | `claude-sonnet-4` | as Bedrock spells it |
pub(crate) fn canonical(name: &str) -> Option<String> {
    let name = folded(name);
    let mut rest = &*name;
    while let Some(shorter) = peeled(rest) {
        rest = shorter;
    }
    let says_a_model = !rest.is_empty() && name.len() <= MAX_NAME && !rest.starts_with("ft:");
    says_a_model.then(|| respelled(rest))
}

/// The name without one of its wrappings; `None` when it has none.
fn peeled(name: &str) -> Option<&str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let rest = base_of_fine_tuned(name)
        .or_else(|| after_prefix(name))
        .or_else(|| after_vendor(name))
        .or_else(|| before_version(name))
        .or_else(|| before_variant(name))
        .or_else(|| before_suffix(name))?;
    Some(rest.trim())
}

/// The base of `ft:{base}:{organization}:{name}:{id}`.
fn base_of_fine_tuned(name: &str) -> Option<&str> {
    let base = name.strip_prefix("ft:")?.split(':').next()?;
    (!base.trim().is_empty()).then_some(base)
}

/// What follows the last known prefix. What comes after a colon is left alone: there a client writes what he likes.
fn after_prefix(name: &str) -> Option<&str> {
    let path = name.split(':').next().unwrap_or_default();
    let mut found = None;
    let mut start = 0;
    for (slash, _) in path.match_indices('/') {
        if PREFIXES.contains(&path[start..slash].trim()) {
            found = Some(slash + 1);
        }
        start = slash + 1;
    }
    let rest = &name[found?..];
    (!rest.trim().is_empty()).then_some(rest)
}

/// What follows Bedrock's `anthropic.` or `us.anthropic.`.
fn after_vendor(name: &str) -> Option<&str> {
    let (first, rest) = name.split_once('.')?;
    let (vendor, rest) = if REGIONS.contains(&first) {
        rest.split_once('.')?
    } else {
        (first, rest)
    };
    (VENDORS.contains(&vendor) && !rest.trim().is_empty()).then_some(rest)
}

/// What stands before a router's variant, or before Bedrock's `-v1:0` or `-1:0`.
fn before_variant(name: &str) -> Option<&str> {
    let (rest, variant) = name.rsplit_once(':')?;
    let bedrock = || {
        let (model, version) = rest.rsplit_once('-').filter(|_| variant == "0")?;
        digits(version.strip_prefix('v').unwrap_or(version)).then_some(model)
    };
    let rest = if VARIANTS.contains(&variant) {
        rest
    } else {
        bedrock()?
    };
    (!rest.trim().is_empty()).then_some(rest)
}

/// What stands before Vertex AI's `@20240620`, `@001`, `@latest` or `@default`.
fn before_version(name: &str) -> Option<&str> {
    let (rest, version) = name.rsplit_once('@')?;
    let is_version = digits(version) || matches!(version, "latest" | "default");
    (is_version && !rest.trim().is_empty()).then_some(rest)
}

/// What stands before a snapshot's date or number.
fn before_suffix(name: &str) -> Option<&str> {
    let rest = name
        .strip_suffix("-latest")
        .or_else(|| before_date(name))
        .or_else(|| before_month_and_day(name))
        .or_else(|| before_gemini_snapshot(name))?;
    (!rest.trim().is_empty()).then_some(rest)
}

/// `-2024-08-06` and `-20250514`.
fn before_date(name: &str) -> Option<&str> {
    let dashed = |rest: &str, date: &str| {
        let parts: Vec<&str> = date.split('-').collect();
        matches!(parts[..], [year, month, day] if is_date(year, month, day)).then_some(rest.len())
    };
    let compact = |rest: &str, date: &str| {
        let parts = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
        is_date(parts.0, parts.1, parts.2).then_some(rest.len())
    };
    let end = cut(name, 10)
        .and_then(|(rest, date)| dashed(rest, date))
        .or_else(|| cut(name, 8).and_then(|(rest, date)| compact(rest, date)))?;
    name.get(..end)
}

/// `-0613`, in the two families that were dated so. Elsewhere four digits may be anything.
fn before_month_and_day(name: &str) -> Option<&str> {
    let family = ["gpt-4", "gpt-3.5", "gpt-35"];
    if !family.iter().any(|family| name.starts_with(family)) {
        return None;
    }
    let (rest, date) = cut(name, 4)?;
    (digits(date) && is_month(&date[..2]) && is_day(&date[2..])).then_some(rest)
}

/// Gemini's `-001`, `-preview-05-20`, `-preview-09-2025`, `-exp-03-25` and `-exp-0827`, after a numbered name.
fn before_gemini_snapshot(name: &str) -> Option<&str> {
    let version = name.strip_prefix("gemini-")?;
    if !version.starts_with(|first: char| first.is_ascii_digit()) {
        return None; // `gemini-embedding-001` and `gemini-exp-1206` have no shorter name
    }
    let numbered = cut(name, 3).filter(|(_, number)| number.starts_with("00") && digits(number));
    let snapshot = || {
        let at = name.rfind("-preview-").map(|at| (at, "-preview-"));
        let (at, kind) = at.or_else(|| name.rfind("-exp-").map(|at| (at, "-exp-")))?;
        is_gemini_date(&name[at + kind.len()..]).then_some(&name[..at])
    };
    numbered.map(|(rest, _)| rest).or_else(snapshot)
}

fn is_gemini_date(date: &str) -> bool {
    match date.split_once('-') {
        Some((month, rest)) => is_month(month) && (is_day(rest) || is_year(rest)),
        None => date.len() == 4 && digits(date) && is_month(&date[..2]) && is_day(&date[2..]),
    }
}

/// Parts a name at the dash before its last `length` bytes.
fn cut(name: &str, length: usize) -> Option<(&str, &str)> {
    let at = name.len().checked_sub(length)?;
    let rest = name.get(..at)?.strip_suffix('-')?;
    Some((rest, name.get(at..)?))
}

fn is_date(year: &str, month: &str, day: &str) -> bool {
    is_year(year) && is_month(month) && is_day(day)
}

fn is_year(year: &str) -> bool {
    year.len() == 4 && digits(year) && year.starts_with("20")
}

fn is_month(month: &str) -> bool {
    month.len() == 2 && digits(month) && ("01"..="12").contains(&month)
}

fn is_day(day: &str) -> bool {
    day.len() == 2 && digits(day) && ("01"..="31").contains(&day)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn respelled(name: &str) -> String {
    let same = SAME.iter().find(|(other, _)| *other == name);
    match (same, name.strip_prefix("gpt-35-")) {
        (Some((_, name)), _) => (*name).into(),
        (None, Some(rest)) => format!("gpt-3.5-{rest}"),
        (None, None) => name.into(),
    }
}

#[cfg(test)]
mod tests;
