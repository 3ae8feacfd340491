//! A reply as one JSON document.

use serde_json::{Value, json};

use super::reply::Reply;

pub(super) fn whole(reply: &Reply) -> Value {
    let text = reply.said.pieces.concat();
    let choice = |index| {
        json!({
            "index": index,
            "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": null,
            "finish_reason": reply.finish_reason(),
        })
    };
    json!({
        "id": reply.id,
        "object": "chat.completion",
        "created": reply.created,
        "model": reply.model,
        "choices": (0..reply.answers).map(choice).collect::<Vec<_>>(),
        "usage": reply.usage(),
    })
}
