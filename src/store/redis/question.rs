//! One question to Redis: a script, the keys that it names, and its arguments.

use std::time::Duration;

use ::redis::RedisError;
use ::redis::aio::ConnectionLike;

use super::RedisStore;
use super::names::Names;
use super::reply::Reply;
use super::script::Script;
use crate::clock::Moment;
use crate::store::StoreError;

/// How often it is asked again where more holds are due than one script gives up. Then it decides with the rest still held.
const ROUNDS: usize = 8;

/// What a script is asked, beside what every script is.
#[derive(Debug)]
pub(super) struct Question {
    script: &'static Script,
    names: Names,
    keys: Vec<String>,
    arguments: Vec<String>,
}

impl Question {
    pub(super) fn new(script: &'static Script, names: Names) -> Self {
        Self {
            script,
            keys: vec![names.epoch(), names.due()],
            arguments: Vec::new(),
            names,
        }
    }

    pub(super) fn key(mut self, key: String) -> Self {
        self.keys.push(key);
        self
    }

    pub(super) fn argument(mut self, argument: impl ToString) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    pub(super) fn names(&self, organization: &str) -> Names {
        Names::new(&self.settings.prefix, organization)
    }

    /// Asks, and takes note of what every answer tells.
    pub(super) async fn ask(&self, question: &Question, now: Moment) -> Result<Reply, StoreError> {
        self.shared.note_runtime();
        within(self.settings.timeout, self.ask_rounds(question, now)).await
    }

    async fn ask_rounds(&self, question: &Question, now: Moment) -> Result<Reply, StoreError> {
        let mut round = 0;
        loop {
            round += 1;
            let reply = self.ask_once(question, now, round < ROUNDS).await?;
            if !reply.is_to_come_again() {
                return Ok(reply);
            }
        }
    }

    async fn ask_once(
        &self,
        question: &Question,
        now: Moment,
        comes_again: bool,
    ) -> Result<Reply, StoreError> {
        let names = &question.names;
        let time = if self.settings.has_callers_time {
            now.steady.to_string()
        } else {
            String::new()
        };
        let mut arguments = vec![
            time,
            names.root.clone(),
            self.shared.unique(),
            self.shared.keep().to_string(),
            u8::from(comes_again).to_string(),
        ];
        arguments.extend_from_slice(&question.arguments);
        let mut connection = self.connection.clone();
        let answer = question
            .script
            .run(&mut connection, &question.keys, &arguments)
            .await;
        let reply = Reply::read(answer.map_err(unavailable)?, names)?;
        self.shared.heard(&names.organization(), &reply);
        Ok(reply)
    }
}

/// Waits so long for an answer.
pub(super) async fn within<T>(
    time: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let too_long = |_| StoreError(format!("Redis did not answer within {time:?}"));
    tokio::time::timeout(time, answer).await.map_err(too_long)?
}

pub(super) fn unavailable(error: RedisError) -> StoreError {
    StoreError(error.to_string())
}
