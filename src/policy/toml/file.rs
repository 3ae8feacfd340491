//! What a policy's file holds, key by key.

use std::collections::BTreeMap;

use ::toml::Spanned;
use serde::Deserialize;

use super::budget::BudgetFile;
use super::limit::LimitFile;
use super::price::PriceFile;
use super::subject::SubjectFile;
use super::value::{Reply, Whole};
use crate::ServiceTier;
use crate::policy::{OpaqueInput, OutputCap, ReserveOutput, UnknownCalls, Unpriced};

/// Tables by their names. The names know where they stand.
pub(super) type Named<T> = BTreeMap<Spanned<String>, T>;

/// It is read beside others' sections, by [`without`](super::others::without), which refuses what is nobody's with the
/// names of both. Read in another way, it still refuses what is not its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) timezone: Option<Spanned<String>>,
    pub(super) unknown_calls: Option<UnknownCallsName>,
    pub(super) ask_stream_usage: Option<bool>,
    pub(super) unpriced: Option<UnpricedName>,
    pub(super) service_tier: Option<ServiceTierName>,
    pub(super) overcommit: Option<bool>,
    pub(super) instances: Option<Spanned<Whole>>,
    pub(super) record_days: Option<Spanned<Whole>>,
    #[serde(default)]
    pub(super) prices: Named<Spanned<PriceFile>>,
    #[serde(default)]
    pub(super) aliases: Named<String>,
    #[serde(default)]
    pub(super) organization: SectionFile,
    #[serde(default)]
    pub(super) organizations: Named<SectionFile>,
    #[serde(default)]
    pub(super) projects: Named<SectionFile>,
    #[serde(default)]
    pub(super) tiers: Named<TierFile>,
    #[serde(default)]
    pub(super) keys: Named<SubjectFile>,
}

#[derive(Deserialize, Default)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as `{ limits = [ … ] }`"
)]
pub(super) struct SectionFile {
    #[serde(default)]
    pub(super) limits: Vec<Spanned<LimitFile>>,
    pub(super) budget: Option<Spanned<BudgetFile>>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a tier's table, as under `[tiers.free]`"
)]
pub(super) struct TierFile {
    pub(super) models: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    pub(super) not_allowed: NotAllowed,
    pub(super) ladder: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub(super) ladders: Vec<Spanned<LadderFile>>,
    #[serde(default)]
    pub(super) limits: Vec<Spanned<LimitFile>>,
    pub(super) default_output_tokens: Option<Spanned<Whole>>,
    pub(super) max_output_tokens: Option<Spanned<Whole>>,
    #[serde(default)]
    pub(super) output_cap: OutputCapName,
    #[serde(default)]
    pub(super) reserve_output: ReserveOutputName,
    pub(super) opaque_input: Option<OpaqueInputName>,
    pub(super) max_n: Option<Spanned<Whole>>,
    pub(super) on_provider_limit: Option<Spanned<Reply>>,
    pub(super) budget: Option<Spanned<BudgetFile>>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a ladder such as `{ models = [ … ], rungs = [ … ] }`"
)]
pub(super) struct LadderFile {
    pub(super) models: Option<Vec<String>>,
    pub(super) rungs: Vec<Spanned<String>>,
}

/// What becomes of calls for a model that the tier does not have.
#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum NotAllowed {
    #[default]
    Refuse,
    Downgrade,
}

impl NotAllowed {
    pub(super) fn downgrades(&self) -> bool {
        matches!(self, Self::Downgrade)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum OutputCapName {
    #[default]
    Reserve,
    Enforce,
}

impl From<OutputCapName> for OutputCap {
    fn from(name: OutputCapName) -> Self {
        match name {
            OutputCapName::Reserve => Self::Reserve,
            OutputCapName::Enforce => Self::Enforce,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReserveOutputName {
    #[default]
    Cap,
    Typical,
}

impl From<ReserveOutputName> for ReserveOutput {
    fn from(name: ReserveOutputName) -> Self {
        match name {
            ReserveOutputName::Cap => Self::Cap,
            ReserveOutputName::Typical => Self::Typical,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OpaqueInputName {
    ReserveContext,
    Learned,
    Reject,
}

impl From<OpaqueInputName> for OpaqueInput {
    fn from(name: OpaqueInputName) -> Self {
        match name {
            OpaqueInputName::ReserveContext => Self::ReserveContext,
            OpaqueInputName::Learned => Self::Learned,
            OpaqueInputName::Reject => Self::Reject,
        }
    }
}

/// The tier of service that our accounts give to requests that name none.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ServiceTierName {
    Default,
    Flex,
    Priority,
}

impl From<ServiceTierName> for ServiceTier {
    fn from(name: ServiceTierName) -> Self {
        match name {
            ServiceTierName::Default => Self::Default,
            ServiceTierName::Flex => Self::Flex,
            ServiceTierName::Priority => Self::Priority,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum UnpricedName {
    Reject,
    Count,
}

impl From<UnpricedName> for Unpriced {
    fn from(name: UnpricedName) -> Self {
        match name {
            UnpricedName::Reject => Self::Reject,
            UnpricedName::Count => Self::Count,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum UnknownCallsName {
    Pass,
    Count,
    Reject,
}

impl From<UnknownCallsName> for UnknownCalls {
    fn from(name: UnknownCallsName) -> Self {
        match name {
            UnknownCallsName::Pass => Self::Pass,
            UnknownCallsName::Count => Self::Count,
            UnknownCallsName::Reject => Self::Reject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_refuses_what_is_not_its_own_however_it_is_read() {
        let read = |text| ::toml::from_str::<File>(text).map(|_| ());
        assert_eq!(read("timezone = 'UTC'\n[tiers.a]"), Ok(()));
        let error = read("[teirs.a]").map_err(|error| error.message().to_owned());
        assert!(error.is_err_and(|error| {
            error.starts_with("unknown field `teirs`, expected one of `timezone`")
        }));
    }
}
