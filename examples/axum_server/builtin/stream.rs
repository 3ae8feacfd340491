//! A reply as a stream of events: one for each token, made when it is sent.

use serde_json::{Value, json};

use super::reply::Reply;

pub(super) fn events(reply: Reply) -> impl Iterator<Item = String> + Send {
    // Who speaks, each piece of what he says, that he is done.
    let steps = reply.said.pieces.len() + 2;
    let (answers, last) = (0..reply.answers, reply.with_usage);
    let places =
        answers.flat_map(move |answer| (0..steps).map(move |step| Place::Choice { answer, step }));
    let places = places
        .chain(last.then_some(Place::Usage))
        .chain([Place::Done]);
    places.map(move |place| place.event(&reply))
}

/// A place in the stream.
enum Place {
    Choice { answer: u64, step: usize },
    Usage,
    Done,
}

impl Place {
    fn event(&self, reply: &Reply) -> String {
        let (choices, usage) = match self {
            Self::Choice { answer, step } => (json!([choice(reply, *answer, *step)]), Value::Null),
            Self::Usage => (json!([]), reply.usage()),
            Self::Done => return "data: [DONE]\n\n".to_owned(),
        };
        let mut chunk = json!({
            "id": reply.id,
            "object": "chat.completion.chunk",
            "created": reply.created,
            "model": reply.model,
            "choices": choices,
        });
        if reply.with_usage {
            chunk["usage"] = usage;
        }
        format!("data: {chunk}\n\n")
    }
}

fn choice(reply: &Reply, answer: u64, step: usize) -> Value {
    let (delta, finish_reason) = match (
        step,
        step.checked_sub(1).and_then(|at| reply.said.pieces.get(at)),
    ) {
        (0, _) => (json!({"role": "assistant", "content": ""}), None),
        (_, Some(piece)) => (json!({"content": piece}), None),
        (_, None) => (json!({}), Some(reply.finish_reason())),
    };
    json!({"index": answer, "delta": delta, "logprobs": null, "finish_reason": finish_reason})
}
