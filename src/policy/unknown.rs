//! Models that a policy names and nobody knows: new ones, those of one's own, and mistakes.

use std::fmt;

use super::Policy;
use super::glob::{Globs, has_wildcard};
use crate::model::most_like;

/// A model that a rule names, and of which nothing is known: no alias, no sizes and no price, not even a row of a list that gives
/// none. It may be new, or one's own; or a mistake, and then the rule is about no call.
///
/// It is told in one line, as "tier `free`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownModel {
    /// The name, in lower case.
    pub name: String,
    /// The rule that names it: a tier with its ladders, or a limit.
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
    /// The models that rules name without wildcards, and of which nothing is known: in the order of tiers, then of limits. That is no
    /// error: what there is to know comes from this crate's tables and the policy's prices, and a model may be in neither.
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
        let mut found: Vec<UnknownModel> = Vec::new();
        for (rule, name) in self.names_in_rules() {
            let is_told = |known: &UnknownModel| (&known.rule, &known.name) == (&rule, &name);
            if has_wildcard(&name) || self.models.is_known(&name) || found.iter().any(is_told) {
                continue;
            }
            let like = most_like(&name);
            found.push(UnknownModel { name, rule, like });
        }
        found
    }

    /// What stands for models in tiers and limits, each with its rule.
    fn names_in_rules(&self) -> Vec<(String, String)> {
        let mut names = Vec::new();
        let mut add = |rule: &str, globs: Option<&Globs>| {
            let globs = globs.into_iter().flat_map(Globs::iter);
            names.extend(globs.map(|name| (rule.to_owned(), name)));
        };
        for (tier, rules) in &self.tiers {
            let rule = format!("tier `{tier}`");
            add(&rule, rules.models.as_ref());
            for ladder in &rules.ladders {
                add(&rule, ladder.models.as_ref());
                add(
                    &rule,
                    Some(&Globs::new(
                        ladder.rungs.iter().map(|rung| rung.raw().trim()),
                    )),
                );
            }
        }
        for limit in self.limits_of_all() {
            add(&format!("limit `{}`", limit.id), limit.models.as_ref());
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
                    .ladder_for(["gpt-4o"], ["gpt-4o-mni"])
                    .limit(
                        Limit::requests(9)
                            .per_day()
                            .id("nine")
                            .for_models(["gpt-4o-mni"]),
                    ),
            )
            .build()
            .unwrap();
        assert_eq!(
            told(&policy),
            [
                "tier `free`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?",
                "tier `free`: model `ours-70b` is unknown",
                "limit `nine`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?",
            ]
        );
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
