//! A quota, its store, its provider, and all that happens to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tower_token_quota::clock::{Clock as _, FakeClock};
use tower_token_quota::store::LONGEST_RETRY;
use tower_token_quota::watch::{UsageRecord, UsageRecords};
use tower_token_quota::{Demand, Hold, Outcome, Quota, Usage};

use crate::limits::policy;
use crate::ops::{How, MODELS, Op, USERS, subject};
use crate::spied::Spied;
use crate::support::{self, Provider, call, metered, post};

const START: &str = "2026-11-29T20:00:00Z";

pub(crate) struct World {
    pub(crate) quota: Quota,
    pub(crate) clock: FakeClock,
    pub(crate) spied: Spied,
    pub(crate) provider: Provider,
    /// What the provider says next, of an answer's usage.
    pub(crate) next: Arc<Mutex<Value>>,
    pub(crate) holds: Vec<(u64, Hold)>,
    pub(crate) background: Vec<(String, usize)>,
    pub(crate) asked: usize,
    pub(crate) receiver: Receiver<Arc<UsageRecord>>,
    pub(crate) records: Vec<Arc<UsageRecord>>,
}

impl World {
    pub(crate) fn new(hold_life: Duration) -> Self {
        let clock = FakeClock::at(START);
        let spied = Spied {
            store: Arc::default(),
            charges: Arc::default(),
            hold_life,
        };
        let records = UsageRecords::new(10_000);
        let receiver = records.subscribe();
        let next = Arc::new(Mutex::new(Value::Null));
        let told = next.clone();
        let provider = Provider::new(move |seen| {
            let mut body = told.lock().unwrap().clone();
            body["status"] = match seen.method {
                Method::POST => "queued".into(),
                _ => "completed".into(),
            };
            Ok(support::provider::json_answer(200, &body))
        });
        let quota = Quota::new(policy(3))
            .store(spied.clone())
            .clock(clock.clone())
            .observer(records);
        Self {
            quota,
            clock,
            spied,
            provider,
            next,
            holds: Vec::new(),
            background: Vec::new(),
            asked: 0,
            receiver,
            records: Vec::new(),
        }
    }

    pub(crate) async fn apply(&mut self, op: Op) {
        match op {
            Op::Reserve {
                who,
                model,
                input,
                output,
            } => {
                let demand = Demand::new(MODELS[model])
                    .input_tokens(input)
                    .output_tokens(output);
                if let Ok(hold) = self.quota.reserve(&subject(who), demand).await {
                    self.holds.push((self.clock.now().steady, hold));
                }
            }
            Op::Settle(which, how) if !self.holds.is_empty() => {
                let (_, hold) = self.holds.swap_remove(which % self.holds.len());
                settle(hold, how);
            }
            Op::Background { user, cap } => self.begin(user, cap).await,
            Op::Follow(which, input, output) if !self.background.is_empty() => {
                let which = which % self.background.len();
                let (id, user) = self.background.swap_remove(which);
                *self.next.lock().unwrap() = answer(&id, Some((input, output)));
                self.get(&id, user).await;
            }
            Op::Pass(minutes) => self.pass(Duration::from_secs(60 * minutes)),
            Op::Reprice(per_million) => drop(self.quota.set_policy(policy(per_million))),
            Op::Settle(..) | Op::Follow(..) => {}
        }
        while let Ok(record) = self.receiver.try_recv() {
            self.records.push(record);
        }
    }

    /// Lets time pass. A store forgets an expired hold some time, and then cannot tell what it has kept of it: who settles so
    /// late is booked twice, and never came in time to renew. So holds are given up before.
    fn pass(&mut self, time: Duration) {
        let then = self.clock.now().steady + u64::try_from(time.as_micros()).unwrap();
        let life = (self.spied.hold_life + LONGEST_RETRY).as_micros();
        self.holds
            .retain(|(since, _)| u128::from(then - since) < life);
        self.clock.advance(time);
    }

    async fn begin(&mut self, user: usize, cap: u64) {
        self.asked += 1;
        let id = format!("resp_{}", self.asked);
        *self.next.lock().unwrap() = answer(&id, None);
        let body =
            json!({"model": "gpt-5", "input": "Hi", "background": true, "max_output_tokens": cap});
        let mut request = post("/v1/responses", body.to_string());
        request
            .headers_mut()
            .insert("x-user", USERS[user].parse().unwrap());
        let answer = call(&metered(&self.quota, &self.provider), request).await;
        if answer.status == StatusCode::OK {
            self.background.push((id, user));
        }
    }

    async fn get(&self, id: &str, user: usize) {
        let request = Request::get(format!("/v1/responses/{id}"))
            .header("x-user", USERS[user])
            .body(Full::<Bytes>::default())
            .unwrap();
        call(&metered(&self.quota, &self.provider), request).await;
    }
}

fn settle(hold: Hold, how: How) {
    match how {
        How::Reported {
            input,
            output,
            cached,
            reasoning,
        } => {
            let mut usage = Usage::new(input, output);
            usage.cached_input_tokens = cached;
            usage.reasoning_tokens = reasoning;
            hold.settle(usage);
        }
        How::Counted(input, output) => hold.settle_as(Outcome::Counted(Usage::new(input, output))),
        How::NothingRan => hold.release(),
        How::Dropped => drop(hold),
    }
}

fn answer(id: &str, usage: Option<(u64, u64)>) -> Value {
    let usage = usage.map(|(input, output)| {
        json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output})
    });
    json!({
        "id": id, "object": "response", "background": true, "model": "gpt-5", "output": [], "usage": usage,
    })
}
