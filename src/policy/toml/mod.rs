//! A policy as TOML.
//!
//! The text becomes a [`PolicyBuilder`] whose parts know their lines; what makes sense is checked there,
//! as for policies in code.

mod budget;
mod file;
mod limit;
mod lines;
mod others;
mod price;
mod stray;
mod subject;
mod value;

use super::builder::Section;
use super::error::At;
use super::glob::Globs;
use super::tier::Ladder;
use super::{Limit, PolicyBuilder, PolicyError, Tier};
use crate::Subject;
use crate::identify::KeyHash;
use crate::prices::Price;
use file::{File, LadderFile, Named, SectionFile, TierFile};
use limit::LimitFile;
use lines::Lines;
use price::PriceFile;
use subject::SubjectFile;

use ::toml::Spanned;

pub(super) fn policy(text: &str, others: &[&str]) -> Result<PolicyBuilder, PolicyError> {
    let lines = Lines::of(text);
    let file: File = others::without(text, others).map_err(|error| {
        let at = error.span().map(|span| span.start);
        let message = stray::without_keys(one_line(error.message()), text, at);
        PolicyError::new(at.map(|at| lines.at(at)), message)
    })?;
    let mut policy = PolicyBuilder::default();
    if let Some(timezone) = file.timezone {
        policy.timezone = lines.place(timezone);
    }
    policy.unknown_calls = file.unknown_calls.map(Into::into);
    policy.ask_stream_usage = file.ask_stream_usage.unwrap_or(policy.ask_stream_usage);
    for (name, model) in in_order(file.aliases) {
        policy
            .aliases
            .push(lines.place(name).map(|name| (name, model)));
    }
    policy.unpriced = file.unpriced.map(Into::into).unwrap_or_default();
    policy.service_tier = file.service_tier.map(Into::into);
    policy.overcommit = file.overcommit.unwrap_or_default();
    if let Some(instances) = file.instances {
        policy.instances = lines.number(instances);
    }
    if let Some(days) = file.record_days {
        policy.record_days = lines.number(days);
    }
    for (name, price) in in_order(file.prices) {
        policy.given_prices.push(given_price(name, price, &lines)?);
    }
    policy.organization = section("organization", file.organization, &lines)?;
    policy.organizations = sections(|_| "organization".into(), file.organizations, &lines)?;
    policy.projects = sections(|name| format!("projects.{name}"), file.projects, &lines)?;
    for (name, file) in in_order(file.tiers) {
        policy.tiers.push(tier(name, file, &lines)?);
    }
    for (key, subject) in in_order(file.keys) {
        policy.keys.push(api_key(key, subject, &lines)?);
    }
    Ok(policy)
}

/// Tables come sorted by name; whoever reads a message works from the top of the file.
fn in_order<T>(named: Named<T>) -> Vec<(Spanned<String>, T)> {
    let mut all: Vec<_> = named.into_iter().collect();
    all.sort_by_key(|(name, _)| name.span().start);
    all
}

fn one_line(message: &str) -> String {
    message
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("; ")
}

fn limits(files: Vec<Spanned<LimitFile>>, lines: &Lines) -> Result<Vec<At<Limit>>, PolicyError> {
    let limit = |file| limit::read(file, lines);
    files.into_iter().map(limit).collect()
}

/// A section's budget, and its limits.
fn section(name: &str, file: SectionFile, lines: &Lines) -> Result<Vec<At<Limit>>, PolicyError> {
    let mut all = budget::limits(name, file.budget, lines)?;
    all.extend(limits(file.limits, lines)?);
    Ok(all)
}

fn given_price(
    name: Spanned<String>,
    price: Spanned<PriceFile>,
    lines: &Lines,
) -> Result<At<(String, Price)>, PolicyError> {
    let price = lines.place(price);
    let read = price.it.price();
    let read = read.map_err(|error| price.error(format!("a price is dollars as text: {error}")))?;
    Ok(lines.place(name).map(|name| (name, read)))
}

fn sections(
    title: impl Fn(&str) -> String,
    files: Named<SectionFile>,
    lines: &Lines,
) -> Result<Vec<At<Section>>, PolicyError> {
    let section = |(name, file): (Spanned<String>, SectionFile)| {
        let limits = section(&title(name.get_ref()), file, lines)?;
        let name = lines.place(name);
        Ok(name.map(|name| Section {
            name: name.into(),
            limits,
        }))
    };
    in_order(files).into_iter().map(section).collect()
}

fn tier(name: Spanned<String>, file: TierFile, lines: &Lines) -> Result<At<Tier>, PolicyError> {
    let name = lines.place(name);
    let mut tier = Tier::new(name.it);
    tier.models = file
        .models
        .map(|models| lines.place(models).map(Globs::new));
    tier.downgrade_when_not_allowed = file.not_allowed.downgrades();
    let ladders = file.ladders.into_iter();
    tier.ladders.extend(ladders.map(|file| ladder(file, lines)));
    if let Some(rungs) = file.ladder {
        tier.ladders.push(lines.place(rungs).map(|rungs| Ladder {
            models: None,
            rungs: places(rungs, lines),
        }));
    }
    tier.limits = budget::limits(&tier.name, file.budget, lines)?;
    tier.limits.extend(limits(file.limits, lines)?);
    tier.default_output_tokens = file
        .default_output_tokens
        .map(|tokens| lines.number(tokens));
    tier.max_output_tokens = file.max_output_tokens.map(|tokens| lines.number(tokens));
    tier.output_cap = file.output_cap.into();
    tier.reserve_output = file.reserve_output.into();
    tier.opaque_input = file.opaque_input.map(Into::into);
    if let Some(answers) = file.max_n {
        tier.max_n = lines.number(answers);
    }
    tier.on_provider_limit = file
        .on_provider_limit
        .map(|reply| lines.place(reply).map(|reply| reply.reply.into()));
    Ok(At {
        line: name.line,
        it: tier,
    })
}

fn ladder(file: Spanned<LadderFile>, lines: &Lines) -> At<Ladder> {
    lines.place(file).map(|file| Ladder {
        models: file.models.map(Globs::new),
        rungs: places(file.rungs, lines),
    })
}

fn places<T: From<String>>(names: Vec<Spanned<String>>, lines: &Lines) -> Vec<At<T>> {
    let place = |name| lines.place(name).map(T::from);
    names.into_iter().map(place).collect()
}

/// `"sk-alice"` or `"sha256:…"`. Messages do not repeat what stands there.
fn api_key(
    key: Spanned<String>,
    subject: SubjectFile,
    lines: &Lines,
) -> Result<At<(KeyHash, Subject)>, PolicyError> {
    let key = lines.place(key);
    let hash = match key.it.strip_prefix("sha256:") {
        Some(hex) => KeyHash::from_hex(hex)
            .ok_or_else(|| key.error("`sha256:` is followed by 64 hexadecimal digits")),
        None => Ok(KeyHash::of(&key.it)),
    };
    let hash = hash?;
    Ok(key.map(|_| (hash, subject.into())))
}
