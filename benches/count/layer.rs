//! What the layer adds to a call, beside the tokenizer and the parser that it cannot do without.

use std::collections::HashSet;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_token_quota::count::count_text;
use tower_token_quota::model::Encoding;
use tower_token_quota::{Quota, ResponseBody, Subject, TokenQuotaLayer, identify};

use crate::chat::{answer, four_limits, request};
use crate::texts;
use crate::turns::{done, medians, ratio};

/// A text, and a request with it.
struct Chat {
    text: String,
    body: Bytes,
}

impl Chat {
    fn new(bytes: usize, seed: u64) -> Self {
        let text = texts::prose(bytes, seed);
        let body = serde_json::json!({
            "model": "gpt-4o", "max_tokens": 256,
            "messages": [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": text}],
        });
        let body = Bytes::from(body.to_string());
        Self { text, body }
    }
}

/// Four limits in memory, and a cache for counts of that many bytes.
pub(crate) fn quota(cache: usize) -> Quota {
    Quota::new(four_limits().build().unwrap()).count_cache(cache)
}

/// One call, its answer read to the end. Nothing in it waits.
fn call<S, R>(service: &mut S, body: &Bytes)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    S::Error: std::fmt::Debug,
    R: http_body::Body,
    R::Error: std::fmt::Debug,
{
    let answered = async {
        let response = service
            .ready()
            .await
            .unwrap()
            .call(request(body.clone()))
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap().to_bytes()
    };
    done(answered.now_or_never().expect("nothing waits"));
}

pub(crate) fn service(
    quota: Quota,
) -> impl Service<
    Request<Full<Bytes>>,
    Response = Response<ResponseBody<Full<Bytes>>>,
    Error: std::fmt::Debug,
    Future: Send,
> {
    TokenQuotaLayer::new(quota, identify::extension::<Subject>()).layer(service_fn(answer))
}

/// Calls services with and without the layer, without a runtime.
pub(crate) struct Calls {
    pub(crate) known: Box<dyn FnMut()>,
    pub(crate) bare: Box<dyn FnMut()>,
}

impl Calls {
    /// The same call again and again.
    pub(crate) fn same(bytes: usize) -> Self {
        let chat = Chat::new(bytes, 0);
        let body = chat.body.clone();
        let (mut layered, mut bare) = (service(quota(1 << 20)), service_fn(answer));
        Self {
            known: Box::new(move || call(&mut layered, &chat.body)),
            bare: Box::new(move || call(&mut bare, &body)),
        }
    }
}

pub(crate) fn table() {
    println!("| 2 KB of text | time | times as long as | |");
    println!("| --- | --- | --- | --- |");
    fresh();
    known();
}

fn fresh() {
    // More texts than the cache remembers by far.
    let chats: Vec<Chat> = (0..4096).map(|seed| Chat::new(2 << 10, seed)).collect();
    let (mut layered, mut bare) = (service(quota(4 << 10)), service_fn(answer));
    let (oracle, none) = (tiktoken_rs::o200k_base_singleton(), HashSet::new());
    let next = |at: &mut usize| {
        *at = (*at + 1) % chats.len();
        &chats[*at]
    };
    let [mut a, mut b, mut c, mut d] = [0; 4];
    let [with_layer, without, theirs, ours] = medians([
        &mut || call(&mut layered, &next(&mut a).body),
        &mut || call(&mut bare, &next(&mut b).body),
        &mut || done(oracle.count(&next(&mut c).text, &none)),
        &mut || done(count_text(Encoding::O200k, &next(&mut d).text)),
    ]);
    let layer = with_layer.saturating_sub(without);
    println!(
        "| the layer, fresh text | {layer:.2?} | {:.2} | tiktoken-rs alone on the same text ({theirs:.2?}) |",
        ratio(layer, theirs)
    );
    println!(
        "| | | {:.2} | this crate's counter alone on the same text ({ours:.2?}) |",
        ratio(layer, ours)
    );
}

fn known() {
    let body = Chat::new(2 << 10, 0).body;
    let mut calls = Calls::same(2 << 10);
    let [with_layer, without, parse, copy] = medians([
        &mut calls.known,
        &mut calls.bare,
        &mut || done(serde_json::from_slice::<serde_json::Value>(&body)),
        &mut || done(body.to_vec()),
    ]);
    let layer = with_layer.saturating_sub(without);
    println!(
        "| the layer, known text | {layer:.2?} | {:.2} | one parse of the body by serde_json ({parse:.2?}; a copy takes {copy:.2?}) |",
        ratio(layer, parse)
    );
}
