//! What the layer adds to a call, beside the tokenizer and the parser that it cannot do without.

use std::collections::HashSet;

use bytes::Bytes;
use tower::service_fn;
use tower_token_quota::count::count_text;
use tower_token_quota::model::Encoding;

use crate::calls::{Calls, call, quota, service};
use crate::chat::answer;
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
    let mut calls = Calls::same(&body);
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
