//! Which price is whose.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::{self, Glob, Names, Standing};
use super::price::Price;

/// The rows of a price list, found by a model's names.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    by_name: BTreeMap<String, Row>,
    /// The row that speaks best for each canonical name.
    by_canonical: BTreeMap<String, (Standing, Arc<Price>)>,
}

#[derive(Debug, Clone)]
struct Row {
    canonical: String,
    price: Arc<Price>,
}

impl Rows {
    pub(super) fn insert(&mut self, name: &str, price: Arc<Price>) {
        let name = names::folded(name);
        let canonical = names::canonical(&name);
        if let Some(standing) = Standing::of(&name, &canonical, &price) {
            let known = self.by_canonical.get(&canonical);
            if known.is_none_or(|(known, _)| standing.replaces(known)) {
                let speaker = (standing, Arc::clone(&price));
                self.by_canonical.insert(canonical.clone(), speaker);
            }
        }
        self.by_name.insert(name, Row { canonical, price });
    }

    /// Takes the rows of another list, which replace those of the same names.
    pub(super) fn replace_by(&mut self, other: Self) {
        for (name, row) in other.by_name {
            self.insert(&name, row.price);
        }
    }

    pub(super) fn find(&self, names: &Names<'_>) -> Option<&Arc<Price>> {
        // A deployment may be called like a model that it is not: an alias says which one it is.
        let is_meant = |row: &&Row| row.canonical == names.canonical;
        let row = |name| self.by_name.get(name).filter(is_meant);
        let by_name = names.iter().find_map(row).map(|row| &row.price);
        by_name.or_else(|| Some(&self.by_canonical.get(&*names.canonical)?.1))
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }
}

/// A price that was given for a name or a glob.
#[derive(Debug, Clone)]
struct Override {
    name: String,
    glob: Option<Glob>,
    price: Arc<Price>,
}

/// Prices that were given for names and globs, the most specific first.
#[derive(Debug, Clone, Default)]
pub(super) struct Overrides {
    sorted: Vec<Override>,
}

impl Overrides {
    /// Adds a price; it replaces one that was given for the same name.
    pub(super) fn insert(&mut self, name: &str, price: Arc<Price>) {
        let name = names::folded(name);
        self.sorted.retain(|known| known.name != name);
        let glob = Glob::new(&name);
        self.sorted.push(Override { name, glob, price });
        self.sorted
            .sort_by(|one, other| other.specificity().cmp(&one.specificity()));
    }

    /// Takes other overrides, which replace those of the same names.
    pub(super) fn replace_by(&mut self, other: Self) {
        for given in other.sorted {
            self.insert(&given.name, given.price);
        }
    }

    pub(super) fn find(&self, names: &Names<'_>) -> Option<&Arc<Price>> {
        let given = self.sorted.iter().find(|given| given.is_for(names));
        given.map(|given| &given.price)
    }

    /// Whether one was given for a name, and not only for a glob.
    pub(super) fn name(&self, names: &Names<'_>) -> bool {
        let mut names_given = self.sorted.iter().filter(|given| given.glob.is_none());
        names_given.any(|given| given.is_for(names))
    }
}

impl Override {
    /// Names are more specific than globs, then what has more letters that are fixed, then what has fewer stars. The
    /// rest is by name, so that the order in which prices are given does not matter.
    fn specificity(&self) -> (bool, usize, Reverse<usize>, &str) {
        let stars = self.name.matches('*').count();
        let fixed = self.name.chars().filter(|c| !matches!(c, '*' | '?'));
        (
            self.glob.is_none(),
            fixed.count(),
            Reverse(stars),
            &self.name,
        )
    }

    fn is_for(&self, names: &Names<'_>) -> bool {
        match &self.glob {
            Some(glob) => names.match_glob(glob),
            None => names.iter().any(|name| name == self.name),
        }
    }
}
