//! The clients: connections that are kept open, each with the next request as soon as the last is answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::prose::Prose;

/// The size of a request's body.
const BODY: usize = 2 << 10;

/// What requests say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Each connection the same again and again.
    Known,
    /// Each request what none has said before.
    Fresh,
}

impl Texts {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Known => "2 KB, known",
            Self::Fresh => "2 KB, fresh",
        }
    }
}

/// What was answered, in what time.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    elapsed: Duration,
}

impl Load {
    /// Loads a server for so long, by so many connections. The same round has the same texts for every server.
    pub(crate) async fn of(
        server: SocketAddr,
        connections: usize,
        texts: Texts,
        round: usize,
        window: Duration,
    ) -> Self {
        let connections =
            (0..connections).map(|number| Connection::open(server, texts, round, number));
        let connections = join_all(connections).await;
        let begin = Instant::now();
        let calls = connections
            .into_iter()
            .map(|connection| connection.call_until(begin + window));
        Self {
            requests: join_all(calls).await.iter().sum(),
            elapsed: begin.elapsed(),
        }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

/// The API key of a connection.
pub(crate) fn key(connection: usize) -> String {
    format!("sk-bench-{connection}")
}

/// A policy's callers, one for each connection, and what else is said of each.
pub(crate) fn callers(connections: usize, more: &str) -> String {
    let caller = |connection| {
        let key = key(connection);
        format!("\"{key}\" = {{ user = \"user-{connection}\", {more} }}\n")
    };
    (0..connections).map(caller).collect()
}

struct Connection {
    server: SendRequest<Full<Bytes>>,
    authority: String,
    authorization: String,
    texts: Texts,
    prose: Prose,
    body: Bytes,
}

impl Connection {
    async fn open(server: SocketAddr, texts: Texts, round: usize, number: usize) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, driver) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        let seed = match texts {
            Texts::Known => number,
            Texts::Fresh => (1 + round) << 32 | number,
        };
        let mut prose = Prose::new(u64::try_from(seed).unwrap());
        Self {
            server: sender,
            authority: server.to_string(),
            authorization: format!("Bearer {}", key(number)),
            texts,
            body: prose.chat(BODY).into(),
            prose,
        }
    }

    async fn call_until(mut self, end: Instant) -> u64 {
        let mut answered = 0;
        while Instant::now() < end {
            if self.texts == Texts::Fresh {
                self.body = self.prose.chat(BODY).into();
            }
            self.call().await;
            answered += 1;
        }
        answered
    }

    async fn call(&mut self) {
        let request = Request::post("/v1/chat/completions")
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(self.body.clone()));
        let answer = self.server.send_request(request.unwrap()).await.unwrap();
        // A refusal would be cheaper than what is measured.
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body().collect().await.unwrap();
    }
}
