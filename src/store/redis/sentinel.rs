//! The master of a name, as sentinels know it: asked for anew whenever the connection to it is lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{
    AsyncConnectionConfig, Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisConnectionInfo,
    RedisError, RedisFuture, RedisResult, ServerErrorKind, Value,
};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::connection::tcp;
use super::silence::{LASTING, Silence};

/// A connection to the master. Clones share it.
#[derive(Clone)]
pub(super) struct SentinelConnection {
    shared: Arc<Mutex<Master>>,
    database: i64,
}

struct Master {
    /// Each is asked by a client of its own: the library waits for those before the first that answers.
    sentinels: Vec<Arc<Mutex<SentinelClient>>>,
    timeout: Duration,
    silence: Arc<Silence>,
    /// The connection, and which one it is.
    connection: Option<(u64, MultiplexedConnection)>,
    made: u64,
}

impl SentinelConnection {
    pub(super) fn to(
        infos: &[ConnectionInfo],
        master: &str,
        database: i64,
        timeout: Duration,
        silence: Arc<Silence>,
    ) -> RedisResult<Self> {
        let settings = infos.first().map(|info| info.redis_settings().clone());
        let node = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(settings.unwrap_or_default().set_db(database))
            .set_tcp_settings(tcp());
        let client = |info: ConnectionInfo| {
            // User and password are the master's.
            let info = info
                .set_redis_settings(RedisConnectionInfo::default())
                .set_tcp_settings(tcp());
            // Without TLS the library takes the name as a `String` and nothing else.
            let (name, server): (String, _) = (master.into(), SentinelServerType::Master);
            let client = SentinelClient::build(vec![info], name, Some(node.clone()), server)?;
            Ok(Arc::new(Mutex::new(client)))
        };
        let sentinels: RedisResult<Vec<_>> = infos.iter().cloned().map(client).collect();
        let master = Master {
            sentinels: sentinels?,
            timeout,
            silence,
            connection: None,
            made: 0,
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(master)),
            database,
        })
    }

    async fn connection(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut master = self.shared.clone().lock_owned().await;
        if let Some(made) = &master.connection {
            return Ok(made.clone());
        }
        // In a task of its own, which goes on when whoever asks waits no longer: the next one finds what has come of it.
        let connecting = tokio::spawn(async move { master.connect().await });
        let ended = |_| Err((ErrorKind::Client, "its runtime has ended").into());
        connecting.await.unwrap_or_else(ended)
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

impl Master {
    /// Connects, for as long as a connection may be silent. Connecting is no silence.
    async fn connect(&mut self) -> RedisResult<(u64, MultiplexedConnection)> {
        self.silence.broken();
        let patience = self.timeout.max(LASTING);
        let connecting = tokio::time::timeout(patience, self.first_known());
        let too_long = |_| RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
        let connection = connecting.await.map_err(too_long)??;
        self.silence.broken();
        self.made += 1;
        let made = (self.made, connection);
        self.connection = Some(made.clone());
        Ok(made)
    }

    /// Asks all sentinels at once, and takes the first master that can be connected to.
    async fn first_known(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout));
        let mut asked = JoinSet::new();
        for sentinel in &self.sentinels {
            let (sentinel, config) = (sentinel.clone(), config.clone());
            asked.spawn(async move {
                let mut sentinel = sentinel.lock().await;
                sentinel.get_async_connection_with_config(&config).await
            });
        }
        let mut failed = (ErrorKind::Client, "there is no sentinel to ask").into();
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => failed = error,
                Err(error) => failed = io::Error::from(error).into(),
            }
        }
        Err(failed)
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
