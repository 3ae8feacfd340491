//! Models that a policy names and nobody knows: new ones, those of one's own, and mistakes.

use std::collections::{HashMap, HashSet};
use std::{fmt, iter};

use super::Policy;
use super::glob::{Globs, has_wildcard};
use super::models::Known;

/// A model that a rule names, and of which nothing is known: no alias, no sizes and no price, not even a row of a list that gives
/// none. It may be new, or one's own; or a mistake, and then the rule is about no call. One that is written nearly as a known one is not
/// known by an alias that leads to it, nor by a price that is given for a glob.
///
/// It is told in one line, as "tier `free`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownModel {
    /// The name, in lower case.
    pub name: String,
    /// The rule that names it: an alias, a tier with its ladders, or a limit.
    pub rule: String,
    /// A known model that is written nearly so, and with the same numbers.
    pub like: Option<&'static str>,
}

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, rule, like } = self;
        write!(f, "{rule}: model `{}` is unknown", name.escape_debug())?;
        match like {
            Some(like) => write!(f, "; did you mean `{like}`?"),
            None => Ok(()),
        }
    }
}

impl Policy {
    /// The models that rules name without wildcards, and of which nothing is known: in the order of aliases, of tiers, and
    /// of limits; of what aliases stand for, only what may be misspelt. That is no error: what there is to know comes from
    /// this crate's tables and the policy's prices, and a model may be in neither.
    ///
    /// ```
    /// use tower_token_quota::{Policy, Tier};
    ///
    /// let policy = Policy::new().tier(Tier::new("free").models(["gpt-4o-mni", "gpt-4o", "o*"])).build()?;
    /// let unknown = policy.unknown_models();
    /// assert_eq!(unknown.len(), 1);
    /// assert_eq!(unknown[0].to_string(), "tier `free`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?");
    /// # Ok::<(), tower_token_quota::policy::PolicyError>(())
    /// ```
    #[must_use]
    pub fn unknown_models(&self) -> Vec<UnknownModel> {
        let skipped = self.models.skipped();
        let (mut looked_up, mut told) = (HashMap::new(), HashSet::new());
        let mut found = Vec::new();
        for (rule, name) in self.names_in_rules() {
            if has_wildcard(&name) || !told.insert((rule.clone(), name.clone())) {
                continue;
            }
            let look_up = || self.models.look_up(&name, &skipped);
            let known = looked_up.entry(name.clone()).or_insert_with(look_up);
            if let Known::No { like } = *known {
                found.push(UnknownModel { name, rule, like });
            }
        }
        found
    }

    /// What stands for models in aliases, tiers and limits, each with its rule.
    fn names_in_rules(&self) -> Vec<(String, String)> {
        let mut names = Vec::new();
        for (alias, target) in self.models.aliases() {
            names.push((
                format!("alias `{}`", alias.escape_debug()),
                target.to_owned(),
            ));
        }
        for (tier, rules) in &self.tiers {
            let ladders = rules.ladders.iter().map(|ladder| ladder.models.as_ref());
            let globs = iter::once(rules.models.as_ref()).chain(ladders).flatten();
            let rungs = rules.ladders.iter().flat_map(|ladder| &ladder.rungs);
            let rungs = rungs.map(|rung| rung.raw().trim().to_ascii_lowercase());
            let all = globs.flat_map(Globs::iter).chain(rungs);
            names.extend(all.map(|name| (format!("tier `{tier}`"), name)));
        }
        for limit in self.limits_of_all() {
            let all = limit.models.iter().flat_map(Globs::iter);
            names.extend(all.map(|name| (format!("limit `{}`", limit.id), name)));
        }
        names
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::prices::{Price, Prices};
    use crate::{Limit, Tier};

    fn told(policy: &Policy) -> Vec<String> {
        policy
            .unknown_models()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_name_that_nobody_knows_is_told_once_for_each_rule_that_has_it() {
        let policy = Policy::new()
            .tier(
                Tier::new("free")
                    .models(["GPT-4o-mni", "gpt-4o", "ours-70b"])
                    .ladder_for(["gpt-4o", "azure/gpt-4o-mni-2024-07-18"], ["gpt-4o-mni"])
                    .limit(
                        Limit::requests(9)
                            .per_day()
                            .id("nine")
                            .for_models(["gpt-4o-mni"]),
                    ),
            )
            .organization_limit(
                Limit::tokens(9)
                    .per_day()
                    .id("all")
                    .for_models(["gpt-5-naon"]),
            )
            .alias("fast", "gemini-2.5-flsh")
            .price("*", Price::per_million("1", "2").unwrap())
            .build()
            .unwrap();
        assert_eq!(
            told(&policy),
            [
                "alias `fast`: model `gemini-2.5-flsh` is unknown; did you mean `gemini-2.5-flash`?",
                "tier `free`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?",
                "tier `free`: model `azure/gpt-4o-mni-2024-07-18` is unknown; did you mean `gpt-4o-mini`?",
                "limit `all`: model `gpt-5-naon` is unknown; did you mean `gpt-5-nano`?",
                "limit `nine`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?",
            ]
        );
        let policy = Policy::new().tier(Tier::new("free").models(["ours-70b", "gpt-4o"]));
        let policy = policy.build().unwrap();
        assert_eq!(told(&policy), ["tier `free`: model `ours-70b` is unknown"]);
    }

    #[test]
    fn what_anything_is_known_of_is_not_told() {
        let prices = Prices::from_litellm(
            r#"{"listed": {"input_cost_per_token": 1, "output_cost_per_token": 2}, "half": {"input_cost_per_token": 1}}"#,
        );
        let price = Price::per_million("1", "2").unwrap();
        let policy = Policy::new()
            .alias("fast", "llama-3.3-70b")
            .prices(Prices::built_in().replaced_by(prices.unwrap()))
            .price("given-*", price)
            .tier(Tier::new("free").models([
                "o*",
                "nobody-?",
                "gpt-4o",
                "OpenAI/GPT-4o-mini-2024-07-18",
                "ft:gpt-4o:acme::1",
                "fast",
                "llama-3.3-70b",
                "listed",
                "half",
                "given-to-it",
            ]))
            .build()
            .unwrap();
        assert!(told(&policy).is_empty(), "{:?}", told(&policy));
    }
}
