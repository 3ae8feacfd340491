//! Clients of HTTP/1 that write bytes of their own.

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderMap;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::Layer;
use tower_token_quota::TokenQuotaLayer;

use crate::serving::{layered, serve};
use crate::support::body::{Script, Step};
use crate::support::provider::{answer, completion};
use crate::support::{Booked, PATH, Provider, booked, by_header, generous, hello, quota};

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
