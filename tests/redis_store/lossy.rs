//! A line to a server on which answers get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tower_token_quota::redis::aio::ConnectionLike;
use tower_token_quota::redis::{Cmd, Pipeline, RedisError, RedisFuture, Value};
use tower_token_quota::store::redis::Connection;

use crate::redis_support::server::{DEADLINE, Server};

/// A connection that loses answers, when it is told to.
#[derive(Clone)]
pub(crate) struct Lossy {
    pub(crate) connection: Connection,
    pub(crate) loses: Arc<AtomicBool>,
    /// How many commands were sent.
    pub(crate) sent: Arc<AtomicUsize>,
}

impl Lossy {
    pub(crate) fn to(server: &Server) -> Self {
        Self {
            connection: Connection::to(&server.url(), DEADLINE).unwrap(),
            loses: Arc::default(),
            sent: Arc::default(),
        }
    }

    /// The next answer is lost.
    pub(crate) fn lose_one(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }
}

impl ConnectionLike for Lossy {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.sent.fetch_add(1, Ordering::SeqCst);
            let answer = self.connection.req_packed_command(command).await;
            // Where the script is unknown nothing was done that could be lost.
            let was_done = matches!(&answer, Ok(value) if !matches!(value, Value::ServerError(_)));
            if was_done && self.loses.swap(false, Ordering::SeqCst) {
                return Err(RedisError::from(std::io::Error::other(
                    "the answer was lost",
                )));
            }
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        0
    }
}
