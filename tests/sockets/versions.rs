//! hyper's clients, of HTTP/1 and of HTTP/2.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt, Channel, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::serving::{layered, serve};
use crate::support::body::{Script, Step};
use crate::support::provider::{DONE, EVENTS, answer, completion, says, streams, usual_stream};
use crate::support::{
    self, Booked, PATH, Provider, Read, booked, generous, hello, hello_stream, quota, read,
};

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
