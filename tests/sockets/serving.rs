//! A server on loopback with the layer in it.

use std::net::SocketAddr;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::Layer;
use tower_token_quota::{Quota, TokenQuota, TokenQuotaLayer};

use crate::support::{Provider, by_header};

pub(crate) type Metered = TokenQuota<Provider>;

pub(crate) fn layered(quota: &Quota, provider: &Provider) -> Metered {
    let layer = TokenQuotaLayer::new(quota.clone(), by_header()).max_body(1_000);
    layer.layer(provider.clone())
}

/// Serves on loopback, HTTP/1 and HTTP/2.
pub(crate) async fn serve(service: Metered) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let connection = server.serve_connection(TokioIo::new(stream), service);
                let _broken_off = connection.await;
            });
        }
    });
    address
}
