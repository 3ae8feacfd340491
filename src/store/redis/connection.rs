//! Connections that are made when they are needed, and made again when they are lost.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use ::redis::cluster::{ClusterClient, ClusterConfig};
use ::redis::cluster_async::ClusterConnection;
use ::redis::io::tcp::TcpSettings;
use ::redis::{Client, Cmd, ConnectionInfo, Pipeline, RedisFuture, RedisResult, Value};

use super::address::{Address, ConnectError, Form};
use super::sentinel::SentinelConnection;
use super::silence::Silence;

/// For how long what was sent may go unacknowledged by the peer's kernel, before the connection is given up. Linux' own patience is a
/// quarter of an hour.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(2);

/// How often a cluster's node is asked again that says a slot has moved, or is away.
const CLUSTER_RETRIES: u32 = 4;

/// A connection to Redis as an [address](super::RedisStore::connect) says. It is made when the first command is sent, and again
/// when it is lost or lets nothing be heard of it. Cheap to clone: all clones send on the same connection.
#[derive(Clone)]
pub struct Connection(Arc<Shared>);

struct Shared {
    address: Address,
    timeout: Duration,
    current: Mutex<Current>,
}

/// The connection that commands are sent on.
#[derive(Clone)]
struct Current {
    kind: Kind,
    silence: Arc<Silence>,
}

#[derive(Clone)]
enum Kind {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
    Sentinel(SentinelConnection),
}

impl Connection {
    /// A connection to an address, as [`RedisStore::connect`](super::RedisStore::connect) has them. Connecting takes so long at most, and so
    /// does each answer.
    ///
    /// # Errors
    /// When the address makes no sense, or when it is called outside of a Tokio runtime.
    pub fn to(address: &str, timeout: Duration) -> Result<Self, ConnectError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(ConnectError::NoRuntime);
        }
        let form = Form::of(address);
        let address = Address::read(address)?;
        let current = Current::to(&address, timeout);
        let current = current.map_err(|error| ConnectError::of(&error, form))?;
        Ok(Self(Arc::new(Shared {
            current: Mutex::new(current),
            address,
            timeout,
        })))
    }

    /// The connection to send on: another one, where nothing comes through the last any more.
    fn current(&self) -> RedisResult<Current> {
        let shared = &self.0;
        let mut current = shared.lock();
        if current.silence.is_lasting() {
            *current = Current::to(&shared.address, shared.timeout)?;
        }
        Ok(current.clone())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn to(address: &Address, timeout: Duration) -> RedisResult<Self> {
        let silence = Arc::new(Silence::new());
        let kind = match address {
            Address::Server(info) => Kind::Server(server(info, timeout)?),
            Address::Cluster(nodes) => Kind::Cluster(cluster(nodes, timeout)?),
            Address::Sentinel {
                sentinels,
                master,
                database,
            } => {
                let silence = silence.clone();
                Kind::Sentinel(SentinelConnection::to(
                    sentinels, master, *database, timeout, silence,
                )?)
            }
        };
        Ok(Self { kind, silence })
    }
}

impl Kind {
    fn inner(&mut self) -> &mut (dyn ConnectionLike + Send) {
        match self {
            Self::Server(connection) => connection,
            Self::Cluster(connection) => connection,
            Self::Sentinel(connection) => connection,
        }
    }
}

/// One attempt to connect for each command that finds no connection: whoever waits for an answer does not wait for more.
fn config(timeout: Duration) -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(Some(timeout))
        .set_number_of_retries(0)
}

/// Commands go out at once, and a peer that has vanished without a word is noticed.
pub(super) fn tcp() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(UNACKNOWLEDGED);
    settings
}

fn server(info: &ConnectionInfo, timeout: Duration) -> RedisResult<ConnectionManager> {
    let info = info.clone().set_tcp_settings(tcp());
    let client = Client::open(info)?;
    ConnectionManager::new_lazy_with_config(client, config(timeout))
}

fn cluster(nodes: &[ConnectionInfo], timeout: Duration) -> RedisResult<ClusterConnection> {
    let client = ClusterClient::builder(nodes.iter().cloned())
        .tcp_settings(tcp())
        .retries(CLUSTER_RETRIES)
        .max_retry_wait(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
        .build()?;
    let config = ClusterConfig::new()
        .set_connection_timeout(timeout)
        .set_response_timeout(timeout);
    Ok(client.get_pending_async_connection_with_config(config))
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let Current { mut kind, silence } = self.current()?;
            let asked = silence.ask();
            let answer = kind.inner().req_packed_command(command).await;
            asked.heard(&answer);
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let Current { mut kind, silence } = self.current()?;
            let asked = silence.ask();
            let sending = kind.inner().req_packed_commands(pipeline, offset, count);
            let answer = sending.await;
            asked.heard(&answer);
            answer
        })
    }

    fn get_db(&self) -> i64 {
        self.0.lock().kind.inner().get_db()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0.lock().kind {
            Kind::Server(_) => "server",
            Kind::Cluster(_) => "cluster",
            Kind::Sentinel(_) => "sentinel",
        };
        write!(f, "Connection({kind})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_a_runtime_nothing_is_connected_and_nothing_panics() {
        let error = Connection::to("redis://localhost", Duration::ZERO).expect_err("a connection");
        assert_eq!(error, ConnectError::NoRuntime);
    }
}
