//! The layer in front of real HTTP/1 and HTTP/2 connections, with clients that write bytes of their own.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt, Channel, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use support::body::{Script, Step};
use support::provider::{DONE, EVENTS, answer, completion, says, streams, usual_stream};
use support::{
    Booked, PATH, Provider, Read, booked, by_header, generous, hello, hello_stream, quota, read,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::Layer;
use tower_token_quota::{Quota, TokenQuota, TokenQuotaLayer};

type Metered = TokenQuota<Provider>;

fn layered(quota: &Quota, provider: &Provider) -> Metered {
    let layer = TokenQuotaLayer::new(quota.clone(), by_header()).max_body(1_000);
    layer.layer(provider.clone())
}

/// Serves on loopback, HTTP/1 and HTTP/2.
async fn serve(service: Metered) -> SocketAddr {
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

/// What a client reads that writes these bytes, as far as they are taken, and then reads to the end.
async fn raw(address: SocketAddr, pieces: &[&[u8]]) -> String {
    let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
    let writing = async {
        for piece in pieces {
            // A server that has answered need not take the rest.
            if to.write_all(piece).await.is_err() {
                break;
            }
        }
        to
    };
    let reading = async {
        let mut read = Vec::new();
        let _reset = from.read_to_end(&mut read).await;
        String::from_utf8(read).unwrap()
    };
    tokio::join!(writing, reading).1
}

fn head(more: &str) -> String {
    format!("POST {PATH} HTTP/1.1\r\nhost: x\r\nx-user: alice\r\nconnection: close\r\n{more}\r\n")
}

/// The status and the JSON body of a response as it was read.
#[track_caller]
fn parse(response: &str) -> (u16, &str, Value) {
    let (head, body) = response
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{response:?}"));
    let status = head[9..12].parse().unwrap();
    let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {response}"));
    (status, head, body)
}

#[tokio::test]
async fn http1_a_body_over_its_limit_is_a_clean_413() {
    let (quota, provider) = (quota(generous()), Provider::using(11, 7));
    let address = serve(layered(&quota, &provider)).await;
    let blanks = vec![b' '; 2_000];
    let promised = raw(
        address,
        &[head("content-length: 2000\r\n").as_bytes(), &blanks],
    )
    .await;
    let chunk = [b"7d0\r\n", &blanks[..], b"\r\n"].concat();
    let chunked_head = head("transfer-encoding: chunked\r\n");
    let chunked = raw(address, &[chunked_head.as_bytes(), &chunk, b"0\r\n\r\n"]).await;
    let endless: Vec<&[u8]> = std::iter::once(chunked_head.as_bytes())
        .chain(std::iter::repeat_n(&chunk[..], 64))
        .collect();
    let endless = raw(address, &endless).await;
    for response in [promised, chunked, endless] {
        let (status, _, body) = parse(&response);
        assert_eq!(
            (status, &body["error"]["code"]),
            (413, &"body_too_large".into())
        );
    }
    assert!(provider.seen().is_empty());
    assert_eq!(booked(&quota), Booked::default());
}

#[tokio::test]
async fn http1_more_than_may_be_buffered_is_a_503_that_says_when_to_retry() {
    let quota = quota(generous()).max_buffered(100);
    let address = serve(layered(&quota, &Provider::using(11, 7))).await;
    let body = vec![b' '; 101];
    let response = raw(
        address,
        &[head("content-length: 101\r\n").as_bytes(), &body],
    )
    .await;
    let (status, head, _) = parse(&response);
    assert_eq!(status, 503);
    assert!(head.contains("\r\nretry-after: 1\r\n"), "{head}");
}

#[tokio::test]
async fn http1_a_body_that_is_no_body_is_a_400() {
    let address = serve(layered(&quota(generous()), &Provider::using(11, 7))).await;
    let head_of_chunks = head("transfer-encoding: chunked\r\n");
    let no_chunk = raw(address, &[head_of_chunks.as_bytes(), b"zz\r\n"]).await;
    let (status, _, body) = parse(&no_chunk);
    assert_eq!(
        (status, &body["error"]["type"]),
        (400, &"invalid_request_error".into())
    );
    let empty = raw(address, &[head("content-length: 0\r\n").as_bytes()]).await;
    assert_eq!(parse(&empty).0, 400);
    let absent = raw(address, &[head("").as_bytes()]).await;
    assert_eq!(parse(&absent).0, 400);
}

#[tokio::test]
async fn http1_expect_100_continue_is_answered_before_the_body_comes() {
    let provider = Provider::using(11, 7);
    let address = serve(layered(&quota(generous()), &provider)).await;
    let body = hello("gpt-4o-mini").to_string();
    let more = format!("expect: 100-continue\r\ncontent-length: {}\r\n", body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head(&more).as_bytes()).await.unwrap();
    let mut go_ahead = [0; 25];
    stream.read_exact(&mut go_ahead).await.unwrap();
    assert_eq!(&go_ahead, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert_eq!(parse(&response).0, 200);
    assert!(!provider.last().headers.contains_key("expect"));
}

#[tokio::test]
async fn http1_a_refusal_comes_instead_of_the_go_ahead() {
    let address = serve(layered(&quota(generous()), &Provider::using(11, 7))).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head("expect: 100-continue\r\ncontent-length: 2000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert_eq!(parse(&response).0, 413);
}

#[tokio::test]
async fn http1_chunked_trailers_pass_both_ways() {
    let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "abc".parse().unwrap())]);
    let answered = trailers.clone();
    let provider = Provider::new(move |_| {
        let body = Script::pieces([completion(11, 7).to_string()]);
        let body = body.then(Step::Trailers(answered.clone()));
        let mut answer = answer(200, "application/json", body);
        answer
            .headers_mut()
            .insert("trailer", "x-sum".parse().unwrap());
        Ok(answer)
    });
    let quota = quota(generous());
    let address = serve(layered(&quota, &provider)).await;
    let body = hello("gpt-4o-mini").to_string();
    let chunks = format!("{:x}\r\n{body}\r\n0\r\nx-sum: abc\r\n\r\n", body.len());
    let head = head("transfer-encoding: chunked\r\nte: trailers\r\ntrailer: x-sum\r\n");
    let response = raw(address, &[head.as_bytes(), chunks.as_bytes()]).await;
    assert!(response.ends_with("0\r\nx-sum: abc\r\n\r\n"), "{response}");
    assert_eq!(provider.last().trailers, Some(trailers));
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn http1_pipelined_calls_are_answered_one_by_one_and_garbage_is_not() {
    let quota = quota(generous());
    let address = serve(layered(&quota, &Provider::using(11, 7))).await;
    let body = hello("gpt-4o-mini").to_string();
    let length = format!("content-length: {}\r\n", body.len());
    let one = head(&length).replace("connection: close\r\n", "") + &body;
    let all = [&one, &one, "\0\u{1}garbage garbage\r\n\r\n"].concat();
    let responses = raw(address, &[all.as_bytes()]).await;
    assert_eq!(
        responses.matches("HTTP/1.1 200 OK").count(),
        2,
        "{responses}"
    );
    assert_eq!(
        responses.matches("HTTP/1.1 400 Bad Request").count(),
        1,
        "{responses}"
    );
    assert_eq!(booked(&quota), Booked::new(2, 22, 14));
}

/// A client of HTTP/1 or HTTP/2.
enum Client<B> {
    One(hyper::client::conn::http1::SendRequest<B>),
    Two(hyper::client::conn::http2::SendRequest<B>),
}

impl<B> Client<B>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<support::provider::BoxError>,
{
    async fn connect(address: SocketAddr, version: Version) -> Self {
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        if version == Version::HTTP_2 {
            let client = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
            let (sender, connection) = client.await.unwrap();
            tokio::spawn(connection);
            Self::Two(sender)
        } else {
            let (sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            Self::One(sender)
        }
    }

    async fn send(&mut self, body: B) -> hyper::Result<Response<Incoming>> {
        let request = Request::post(format!("http://localhost{PATH}"))
            .header("host", "localhost")
            .header("x-user", "alice")
            .body(body)
            .unwrap();
        match self {
            Self::One(sender) => sender.send_request(request).await,
            Self::Two(sender) => sender.send_request(request).await,
        }
    }
}

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

async fn send(address: SocketAddr, version: Version, body: impl Into<Bytes>) -> Read {
    let mut client = Client::connect(address, version).await;
    read(client.send(Full::new(body.into())).await.unwrap()).await
}

#[tokio::test]
async fn both_versions_admit_and_refuse() {
    for version in VERSIONS {
        let quota = quota(generous());
        let address = serve(layered(&quota, &Provider::using(11, 7))).await;
        let admitted = send(address, version, hello("gpt-4o-mini").to_string()).await;
        assert_eq!(admitted.json(), completion(11, 7));
        let length = admitted.body.len().to_string();
        assert_eq!(
            admitted.header("content-length"),
            length,
            "the length is known"
        );
        send(address, version, vec![b' '; 2_000])
            .await
            .is_refused(413, "body_too_large");
        let invalid = send(address, version, "{").await;
        assert_eq!(invalid.status, 400);
        assert_eq!(booked(&quota), Booked::new(1, 11, 7));
    }
}

#[tokio::test]
async fn both_versions_refuse_a_body_of_unknown_length_over_its_limit() {
    for version in VERSIONS {
        let address = serve(layered(&quota(generous()), &Provider::using(11, 7))).await;
        let mut client = Client::connect(address, version).await;
        let pieces = Script::pieces([" ".repeat(600), " ".repeat(600)]);
        let refused = client.send(pieces).await.unwrap();
        read(refused).await.is_refused(413, "body_too_large");
    }
}

#[tokio::test]
async fn both_versions_stream_and_strip() {
    for version in VERSIONS {
        let quota = quota(generous());
        let address = serve(layered(&quota, &streams(usual_stream(11, 7)))).await;
        let streamed = send(address, version, hello_stream("gpt-4o-mini").to_string()).await;
        assert_eq!(streamed.text(), says("Hello") + &says(", you!") + DONE);
        assert_eq!(booked(&quota), Booked::new(1, 11, 7));
    }
}

#[tokio::test]
async fn both_versions_pass_an_event_on_before_the_next_arrives() {
    for version in VERSIONS {
        let (mut sender, receiver) = Channel::<Bytes>::new(1);
        let receiver = std::sync::Mutex::new(Some(receiver));
        let provider = Provider::new(move |_| {
            let body = receiver.lock().unwrap().take().unwrap();
            Ok(answer(200, EVENTS, body))
        });
        let address = serve(layered(&quota(generous()), &provider)).await;
        let mut client = Client::connect(address, version).await;
        let asked = Full::new(hello_stream("gpt-4o-mini").to_string().into());
        let mut body = client.send(asked).await.unwrap().into_body();
        for text in ["one", "two"] {
            sender.send_data(says(text).into()).await.unwrap();
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(frame, says(text), "nothing else has been sent yet");
        }
    }
}

#[tokio::test]
async fn http2_trailers_pass_both_ways_with_a_known_length() {
    let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "abc".parse().unwrap())]);
    let answered = trailers.clone();
    let provider = Provider::new(move |_| {
        let whole = completion(11, 7).to_string();
        let length = whole.len();
        let body = Script::pieces([whole])
            .then(Step::Trailers(answered.clone()))
            .sized();
        let mut answer = answer(200, "application/json", body);
        answer.headers_mut().insert("content-length", length.into());
        Ok(answer)
    });
    let quota = quota(generous());
    let address = serve(layered(&quota, &provider)).await;
    let mut client = Client::connect(address, Version::HTTP_2).await;
    let asked = Script::pieces([hello("gpt-4o-mini").to_string()]);
    let asked = asked.then(Step::Trailers(trailers.clone()));
    let answer = read(client.send(asked).await.unwrap()).await;
    assert_eq!(answer.trailers, Some(trailers.clone()));
    assert_eq!(provider.last().trailers, Some(trailers));
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn both_versions_settle_for_a_client_that_goes_away_while_it_sends_or_reads() {
    for version in VERSIONS {
        let quota = quota(generous());
        let provider = support::provider::streams_then(vec![says("Hello, you!")], Step::Hang);
        let address = serve(layered(&quota, &provider)).await;
        let mut sending = Client::connect(address, version).await;
        let half = Script::pieces(["{"]).then(Step::Break("gone"));
        assert!(sending.send(half).await.is_err());
        quota.drain().await;
        assert_eq!(booked(&quota), Booked::default());

        let mut reading = Client::connect(address, version).await;
        let asked = Full::new(hello_stream("gpt-4o-mini").to_string().into());
        let mut body = reading.send(asked).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        drop((body, reading));
        // Over when the server has noticed, whenever that is.
        quota.drain().await;
        assert_eq!(booked(&quota), Booked::new(1, 8, 4));
    }
}

/// In memory, so that no real time passes while the clock is paused.
#[tokio::test(start_paused = true)]
async fn http1_a_slow_body_is_a_408() {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let layer = TokenQuotaLayer::new(quota(generous()), by_header());
    let layer = layer.body_deadline(Duration::from_secs(3));
    let service = TowerToHyperService::new(layer.layer(Provider::using(11, 7)));
    tokio::spawn(async move {
        let server = TokioIo::new(server);
        let http1 = hyper::server::conn::http1::Builder::new();
        let _closed = http1.serve_connection(server, service).await;
    });
    let head = head("content-length: 500\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(b"{\"model\":").await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    let (status, _, body) = parse(&response);
    assert_eq!(
        (status, &body["error"]["code"]),
        (408, &"body_too_slow".into())
    );
}
