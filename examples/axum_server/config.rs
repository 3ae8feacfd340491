//! What the gateway is configured by: the policy and the gateway's own `[alerts]`, from a file or for a first try from
//! `demo.toml`; and a price list.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use http::Uri;
use http::uri::Scheme;
use serde::Deserialize;
use toml::Spanned;
use tower_token_quota::policy::{PolicyBuilder, UnknownCalls, UnknownModel};
use tower_token_quota::prices::{PriceError, Prices, Skipped};
use tower_token_quota::{Policy, Quota};

pub(crate) const FREE_KEY: &str = "sk-demo-free";
pub(crate) const PRO_KEY: &str = "sk-demo-pro";

const DEMO: &str = include_str!("demo.toml");

/// The sections of the file that are the gateway's and not the policy's.
const OWN: [&str; 1] = ["alerts"];

/// Where the configuration stands.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    file: Option<PathBuf>,
    prices: Option<PathBuf>,
}

/// What it says.
#[derive(Debug)]
pub(crate) struct Configured {
    pub(crate) policy: Policy,
    /// Where alerts are posted.
    pub(crate) webhook: Option<Uri>,
    /// What is not wrong, but should be known.
    pub(crate) notes: Vec<String>,
}

impl Config {
    pub(crate) fn new(file: Option<PathBuf>, prices: Option<PathBuf>) -> Self {
        Self { file, prices }
    }

    pub(crate) fn is_demo(&self) -> bool {
        self.file.is_none()
    }

    /// Reads it all as it stands now. What is wrong is told as `FILE: line N: reason`.
    pub(crate) fn read(&self) -> Result<Configured, String> {
        let file = self.path();
        let text = match &self.file {
            Some(file) => text(file)?,
            None => DEMO.to_owned(),
        };
        let policy = PolicyBuilder::from_toml_beside(&text, &OWN);
        let policy = policy.map_err(|error| named(file, error))?;
        let webhook = webhook(&text).map_err(|error| named(file, error))?;
        let (policy, note) = match &self.prices {
            Some(file) => {
                let listed = prices(&self::text(file)?).map_err(|error| named(file, error))?;
                let note = skipped(&listed).map(|note| named(file, note));
                let all = Prices::built_in().replaced_by(listed);
                (policy.prices(all), note)
            }
            None => (policy, None),
        };
        // Behind a gateway there is nothing but the provider: a call that we cannot meter is refused unless the file says
        // otherwise.
        let policy = policy.default_unknown_calls(UnknownCalls::Reject);
        let policy = policy.build().map_err(|error| named(file, error))?;
        let unknown = self.unknown(&policy);
        let unknown = unknown.map(|model| named(file, model));
        Ok(Configured {
            webhook,
            notes: note.into_iter().chain(unknown).collect(),
            policy,
        })
    }

    /// Whether the store of a quota can count what a policy of the file allows; told in the same form.
    pub(crate) fn check(&self, policy: &Policy, quota: &Quota) -> Result<(), String> {
        let checked = quota.check_policy(policy);
        checked.map_err(|error| named(self.path(), error))
    }

    /// The models in rules that nobody knows. The built-in tables have few, and a policy may name any other: as long as there is no
    /// price list beside them, only what looks like a mistake is told.
    fn unknown(&self, policy: &Policy) -> impl Iterator<Item = UnknownModel> + use<> {
        let lists_all = self.prices.is_some();
        let unknown = policy.unknown_models().into_iter();
        unknown.filter(move |model| lists_all || model.like.is_some())
    }

    fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new("demo.toml"))
    }
}

fn text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| named(file, error))
}

fn named(file: &Path, what: impl Display) -> String {
    format!("{}: {what}", file.display())
}

/// The gateway's sections; the others are the policy's.
#[derive(Deserialize)]
struct Own {
    #[serde(default)]
    alerts: Alerts,
}

#[derive(Deserialize, Default)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as `{ webhook = \"https://…\" }`"
)]
struct Alerts {
    webhook: Option<Spanned<String>>,
}

fn webhook(text: &str) -> Result<Option<Uri>, String> {
    let line = |byte: usize| 1 + text[..byte].matches('\n').count();
    let own: Own = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line(span.start));
        // What stands there may be a caller's key that belongs elsewhere: it is not repeated.
        let message = match error.message() {
            unknown if unknown.starts_with("unknown field") => {
                "`[alerts]` has `webhook` and nothing else"
            }
            other => other,
        };
        format!("line {line}: {message}")
    })?;
    let Some(webhook) = own.alerts.webhook else {
        return Ok(None);
    };
    let line = line(webhook.span().start);
    // It may hold a secret, and is not repeated.
    let wrong =
        || format!("line {line}: `webhook` is an address such as https://example.org/alerts");
    let address: Uri = webhook.get_ref().parse().map_err(|_| wrong())?;
    let is_http = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&address.scheme());
    let has_user = address
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    (is_http && !has_user)
        .then_some(Some(address))
        .ok_or_else(wrong)
}

/// A price list in litellm's format. One without any price is no price list.
fn prices(text: &str) -> Result<Prices, String> {
    let prices = Prices::from_litellm(text).map_err(|error| error.to_string())?;
    match prices.is_empty() {
        true => Err("there is no model with a price in it".to_owned()),
        false => Ok(prices),
    }
}

/// How many of the rows that give no price are named.
const NAMED: usize = 3;

/// The rows that give no price, in one line, whatever stands in them: their models have the built-in one, or none. Mistakes
/// are named first: whole lists have many rows of models that are not billed by tokens, and one's own should not hide there.
fn skipped(prices: &Prices) -> Option<String> {
    let mut skipped: Vec<&Skipped> = prices.skipped().iter().collect();
    skipped.sort_by_key(|row| !is_mistake(&row.reason));
    let rows = match skipped.len() {
        0 => return None,
        1 => "1 row gives".to_owned(),
        rows => format!("{rows} rows give"),
    };
    let reason = |row: &&Skipped| format!("`{}` ({})", row.model.escape_debug(), row.reason);
    let first: Vec<String> = skipped.iter().take(NAMED).map(reason).collect();
    let rest = if skipped.len() > NAMED { ", …" } else { "" };
    Some(format!("{rows} no price: {}{rest}", first.join(", ")))
}

/// Whether somebody wrote what was not meant, rather than that a model is billed otherwise or by nobody.
fn is_mistake(reason: &PriceError) -> bool {
    !matches!(
        reason,
        PriceError::NoTokenPrice | PriceError::BilledOtherwise { .. }
    )
}
