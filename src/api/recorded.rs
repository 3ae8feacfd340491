//! Recorded exchanges with the providers, for the families' tests: see `tests/fixtures/README.md`.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Api, Events, Invalid, NormalPath, Outline, Tally, Target, families};
use crate::count::InputCount;
use crate::model::{Aliases, Model};
use crate::usage::Usage;

/// One exchange. What it does not have is left out.
#[derive(Deserialize)]
pub(crate) struct Exchange {
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) model: Option<String>,
    #[serde(default)]
    pub(crate) stream: bool,
    pub(crate) request: Box<RawValue>,
    pub(crate) response: Option<Box<RawValue>>,
    pub(crate) sse: Option<String>,
    /// In the provider's words.
    pub(crate) usage: Option<serde_json::Value>,
}

const FILES: [&str; 3] = ["openai", "anthropic", "gemini"];

/// All exchanges.
pub(crate) fn all() -> Vec<Exchange> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/recorded");
    let mut exchanges = Vec::new();
    for file in FILES {
        let recorded = std::fs::read_to_string(format!("{folder}/{file}.jsonl")).unwrap();
        let lines = recorded.lines();
        exchanges.extend(lines.map(|line| -> Exchange { serde_json::from_str(line).unwrap() }));
    }
    exchanges
}

/// The exchanges with one API.
pub(crate) fn of(api: &dyn Api) -> Vec<Exchange> {
    let mut exchanges = all();
    exchanges.retain(|exchange| {
        let path = exchange.path();
        let recognises =
            |api: &dyn Api| api.recognises(&http::Method::POST, NormalPath::of(path).as_str());
        // Families are asked in order.
        let first = families().into_iter().find(|api| recognises(*api));
        first.map_or(recognises(api), |first| first.name() == api.name())
    });
    exchanges
}

impl Exchange {
    /// The path without its query.
    pub(crate) fn path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    pub(crate) fn call(&self, api: &dyn Api) -> Result<super::Call, Invalid> {
        let query = self.path.split_once('?').map(|(_, query)| query);
        let path = NormalPath::of(self.path());
        api.read(&Target::new(path.as_str(), query), self.request.get())
    }

    /// The input as it is estimated before anything was learned.
    pub(crate) fn estimate(&self, api: &dyn Api) -> u64 {
        let call = self.call(api).unwrap();
        let model = Model::resolve(&call.model, &Aliases::default());
        let count = InputCount::new(api, &call.input, self.request.get());
        count.tokens(model.canonical(), model.encoding()).total()
    }

    /// What is read of the answer, as it was recorded.
    pub(crate) fn tally(&self, api: &dyn Api) -> Tally {
        let mut tally = Tally::default();
        if let Some(stream) = &self.sse {
            let mut events = Events::observed();
            events.observe(stream.as_bytes(), |event| api.tally(event, &mut tally));
            let _rest = events.finish(|event| {
                api.tally(event, &mut tally);
                true
            });
        } else if let Some(answer) = &self.response {
            let mut outline = Outline::default();
            outline.feed(answer.get().as_bytes(), |document| {
                api.tally(document, &mut tally);
            });
        }
        tally
    }

    /// What is read of a whole answer that comes in two frames, wherever it is cut; nothing of a stream.
    pub(crate) fn tallies_of_cuts(&self, api: &dyn Api) -> Vec<Tally> {
        let Some(answer) = &self.response else {
            return Vec::new();
        };
        let answer = answer.get().as_bytes();
        let cuts = (0..answer.len()).step_by(1 + answer.len() / 100);
        let tally = |cut| {
            let (head, tail) = answer.split_at(cut);
            let mut outline = Outline::default();
            let mut tally = Tally::default();
            for piece in [head, tail] {
                outline.feed(piece, |document| api.tally(document, &mut tally));
            }
            assert!(!outline.cut() && !outline.broken_off());
            tally
        };
        cuts.map(tally).collect()
    }

    /// A figure of the usage as it was billed; 0 where it is left out.
    pub(crate) fn billed(&self, pointer: &str) -> u64 {
        let figure = self.usage.as_ref().and_then(|usage| usage.pointer(pointer));
        figure.and_then(serde_json::Value::as_u64).unwrap_or(0)
    }

    /// The usage that the tally has, asserted to be there.
    pub(crate) fn usage_read(&self, api: &dyn Api) -> Usage {
        self.tally(api).usage.unwrap()
    }
}
