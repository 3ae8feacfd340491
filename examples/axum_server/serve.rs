//! Connections, and how they end: what is under way is finished and settled before the process goes.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_token_quota::Quota;

/// How long calls under way may take when the gateway stops.
const GRACE: Duration = Duration::from_secs(30);

/// How long a client may take to send a request's head.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);

/// Serves until told to stop.
pub(crate) async fn until(
    stop: impl Future<Output = ()>,
    listener: TcpListener,
    app: Router,
    quota: &Quota,
) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, app.clone(), graceful.watcher()));
                }
                // Too many open files, most likely: the next attempt would fail at once as well.
                Err(error) => {
                    tracing::error!(%error, "no connection could be accepted");
                    sleep(Duration::from_secs(1)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    tracing::info!("stopping: calls under way are finished");
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some calls took too long and were cut off");
    }
    // A call that is cut off settles as one whose client has left.
    connections.shutdown().await;
    if timeout(GRACE, quota.drain()).await.is_err() {
        let waiting = quota.waiting_settlements();
        tracing::error!(waiting, "some calls could not be settled");
    }
    tracing::info!("stopped");
}

async fn connection(stream: TcpStream, app: Router, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    // Which version of HTTP it speaks is told by its first bytes: one that sends none is not waited for.
    let spoken = timeout(HEAD_DEADLINE, stream.readable()).await;
    if !matches!(spoken, Ok(Ok(()))) {
        return;
    }
    let mut server = Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_DEADLINE);
    let served = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    if let Err(error) = watcher.watch(served.into_owned()).await {
        tracing::debug!(error, "connection broke off");
    }
}
