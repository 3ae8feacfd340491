//! The master of a name, as sentinels know it: asked for anew whenever the connection to it is lost.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{
    AsyncConnectionConfig, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value,
};
use tokio::sync::Mutex;

use super::connection::tcp;

/// A connection to the master. Clones share it.
#[derive(Clone)]
pub(super) struct SentinelConnection {
    shared: Arc<Mutex<Master>>,
    database: i64,
    timeout: Duration,
}

struct Master {
    sentinels: SentinelClient,
    /// The connection, and which one it is.
    connection: Option<(u64, MultiplexedConnection)>,
    made: u64,
}

impl SentinelConnection {
    pub(super) fn to(
        sentinels: &[String],
        master: &str,
        database: Option<&str>,
        timeout: Duration,
    ) -> RedisResult<Self> {
        if master.is_empty() {
            let missing = "the master's name is missing: redis+sentinel://host,host/name";
            return Err((ErrorKind::InvalidClientConfig, missing).into());
        }
        let infos: RedisResult<Vec<ConnectionInfo>> = sentinels
            .iter()
            .map(|sentinel| sentinel.as_str().into_connection_info())
            .collect();
        let infos = infos?;
        let database = match database.map(str::parse) {
            None => 0,
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                let wrong = "the database after the master's name is no number";
                return Err((ErrorKind::InvalidClientConfig, wrong).into());
            }
        };
        let settings = infos.first().map(|info| info.redis_settings().clone());
        let node = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(settings.unwrap_or_default().set_db(database))
            .set_tcp_settings(tcp());
        // User and password are the master's.
        let sentinels = infos
            .into_iter()
            .map(|info| {
                info.set_redis_settings(RedisConnectionInfo::default())
                    .set_tcp_settings(tcp())
            })
            .collect();
        // Without TLS the library takes the name as a `String` and nothing else.
        let (name, server): (String, _) = (master.into(), SentinelServerType::Master);
        let sentinels = SentinelClient::build(sentinels, name, Some(node), server)?;
        let master = Master {
            sentinels,
            connection: None,
            made: 0,
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(master)),
            database,
            timeout,
        })
    }

    async fn connection(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut master = self.shared.lock().await;
        if let Some(made) = &master.connection {
            return Ok(made.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout));
        let connecting = master.sentinels.get_async_connection_with_config(&config);
        let connection = connecting.await?;
        master.made += 1;
        let made = (master.made, connection);
        master.connection = Some(made.clone());
        Ok(made)
    }

    /// Forgets a connection that is lost, or leads to a server that is no master any more.
    async fn judge<T>(&self, which: u64, answer: RedisResult<T>) -> RedisResult<T> {
        if let Err(error) = &answer
            && is_over(error)
        {
            let mut master = self.shared.lock().await;
            if master.made == which {
                master.connection = None;
            }
        }
        answer
    }
}

fn is_over(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_timeout()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

impl ConnectionLike for SentinelConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (which, mut connection) = self.connection().await?;
            let answer = connection.req_packed_command(command).await;
            self.judge(which, answer).await
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let (which, mut connection) = self.connection().await?;
            let answer = connection
                .req_packed_commands(pipeline, offset, count)
                .await;
            self.judge(which, answer).await
        })
    }

    fn get_db(&self) -> i64 {
        self.database
    }
}
