//! Stand-ins for prices that no list has.

use super::first::First;
use super::part::Part;
use super::rate::Rate;
use super::tariff::{Full, Known, Row, Tariff};
use crate::usage::ServiceTier;

/// All tariffs of a model, from the prices that are known of it: every service tier, the default one first, over every
/// range of input.
///
/// Within the default tier's first range, a part without a price costs what the plain tokens around it cost. What a
/// further range or tier does not say is changed in proportion to what it does say of plain input or output: if input
/// costs twice as much in it, so do cache writes. That is how providers make such prices; it is marked as a guess.
pub(super) fn tariffs(first: &First, rows: &[Row]) -> Vec<Tariff> {
    let mut starts: Vec<u64> = rows.iter().map(|row| row.above).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut tariffs: Vec<Tariff> = Vec::with_capacity(starts.len());
    for tier in tiers(rows) {
        for (position, &above) in starts.iter().enumerate() {
            let known = rows
                .iter()
                .find(|row| (row.tier, row.above) == (tier, above))
                .map_or([None; Part::PRICED], |row| row.known);
            let full = match (tier, position) {
                (ServiceTier::Default, 0) => full(first),
                (ServiceTier::Default, _) | (_, 0) => {
                    let before = position.saturating_sub(1);
                    changed(&known, &tariffs[before].full, None)
                }
                _ => {
                    let usual = (&tariffs[position - 1].full, &tariffs[position].full);
                    let before = &tariffs[tariffs.len() - 1].full;
                    changed(&known, before, Some(usual))
                }
            };
            tariffs.push(Tariff {
                tier,
                above,
                up_to: starts.get(position + 1).copied().unwrap_or(u64::MAX),
                full,
            });
        }
    }
    tariffs
}

fn tiers(rows: &[Row]) -> Vec<ServiceTier> {
    let mut tiers = vec![ServiceTier::Default];
    for row in rows {
        if !tiers.contains(&row.tier) {
            tiers.push(row.tier);
        }
    }
    tiers
}

/// The first range of the default tier. A cached token never costs more than a plain one, and a list without a price
/// for reasoning bills it as output: these are no guesses.
fn full(first: &First) -> Full {
    let known = first.known();
    Full::build(|so_far, part| {
        let (stand_in, is_guess) = match part {
            Part::Input => (first.input(), false),
            Part::CachedInput => (so_far.rate(Part::Input), false),
            Part::Reasoning => (so_far.rate(Part::Output), so_far.is_guess(Part::Output)),
            Part::CacheWrite1h => (so_far.rate(Part::CacheWrite), true),
            Part::CacheWrite | Part::AudioInput | Part::Output => (so_far.rate(Part::Input), true),
            Part::AudioOutput => (so_far.rate(Part::Output), true),
            Part::WebSearches | Part::ServiceTier | Part::Model => (Rate::FREE, true),
        };
        or_stand_in(&known, part, stand_in, is_guess)
    })
}

/// A further range or tier, which changes the prices of the one before it. For plain input and output that it says
/// nothing of, `usual` has the change that the default tier makes there.
fn changed(known: &Known, before: &Full, usual: Option<(&Full, &Full)>) -> Full {
    Full::build(|so_far, part| {
        let Some(plain) = plain(part) else {
            let stand_in = usual.map_or(before.rate(part), |(from, to)| {
                before
                    .rate(part)
                    .in_proportion(from.rate(part), to.rate(part))
            });
            let is_guess = before.is_guess(part) || stand_in != before.rate(part);
            return or_stand_in(known, part, stand_in, is_guess);
        };
        let (from, to) = (before.rate(plain), so_far.rate(plain));
        let stand_in = before.rate(part).in_proportion(from, to);
        let follows = before.rate(part) == from || from == to;
        let is_guess = before.is_guess(part) || !follows;
        or_stand_in(known, part, stand_in, is_guess)
    })
}

fn or_stand_in(known: &Known, part: Part, stand_in: Rate, is_guess: bool) -> (Rate, bool) {
    match known[part.index()] {
        Some(rate) => (rate, false),
        None => (stand_in, is_guess),
    }
}

/// The plain tokens that a special kind goes with.
fn plain(part: Part) -> Option<Part> {
    match part {
        Part::CachedInput | Part::CacheWrite | Part::CacheWrite1h | Part::AudioInput => {
            Some(Part::Input)
        }
        Part::Reasoning | Part::AudioOutput => Some(Part::Output),
        _ => None,
    }
}
