//! Between a hyper server and a hyper client.

use bytes::Bytes;
use http::Response;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder};
use tower_token_quota::{Outcome, Quota, RequestBody};

use crate::app::layer;
use crate::support::provider::{BoxError, completion};
use crate::support::{
    Booked, PATH, Provider, Read, booked, generous, hello, hello_call, quota, read,
};

/// Serves one service on loopback and returns its authority.
async fn serve<S, B>(service: S) -> String
where
    S: Service<hyper::Request<hyper::body::Incoming>, Response = Response<B>>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    S::Error: Into<BoxError> + Send + Sync,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let io = TokioIo::new(listener.accept().await.unwrap().0);
            let service = TowerToHyperService::new(service.clone());
            let http1 = hyper::server::conn::http1::Builder::new();
            tokio::spawn(async move {
                let _closed = http1.serve_connection(io, service).await;
            });
        }
    });
    authority
}

/// The body that a proxy sends on: ours, around what hyper received.
type Forwarded = RequestBody<hyper::body::Incoming>;
type Proxy = Client<legacy::connect::HttpConnector, Forwarded>;

/// A hyper client behind the layer, sending all calls to one place.
fn proxy(
    quota: &Quota,
    upstream: String,
) -> impl Service<
    hyper::Request<hyper::body::Incoming>,
    Response = Response<tower_token_quota::ResponseBody<hyper::body::Incoming>>,
    Error = legacy::Error,
    Future: Send,
> + Clone
+ use<> {
    let client: Proxy = Client::builder(TokioExecutor::new()).build_http();
    let connect = |error: &legacy::Error| error.is_connect().then_some(Outcome::NothingRan);
    ServiceBuilder::new()
        .layer(layer(quota).classify_error(connect))
        .map_request(move |mut request: hyper::Request<Forwarded>| {
            let path = request.uri().path_and_query().unwrap();
            *request.uri_mut() = format!("http://{upstream}{path}").parse().unwrap();
            request
        })
        .service(client)
}

async fn ask_over_http(authority: &str) -> Result<Read, legacy::Error> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request = hello_call();
    *request.uri_mut() = format!("http://{authority}{PATH}").parse().unwrap();
    Ok(read(client.request(request).await?).await)
}

#[tokio::test]
async fn a_hyper_server_outside_and_a_hyper_client_inside() {
    let quota = quota(generous());
    let provider = Provider::using(11, 7);
    let upstream = serve(provider.clone()).await;
    let gateway = serve(proxy(&quota, upstream)).await;
    let answer = ask_over_http(&gateway).await.unwrap();
    assert_eq!(answer.json(), completion(11, 7));
    assert_eq!(provider.last().json(), hello("gpt-4o-mini"));
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn p4_a_proxy_whose_upstream_cannot_be_reached_books_nothing() {
    let quota = quota(generous());
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let gateway = serve(proxy(&quota, upstream)).await;
    assert!(ask_over_http(&gateway).await.is_err());
    quota.drain().await;
    assert_eq!(booked(&quota), Booked::new(1, 0, 0));
}
