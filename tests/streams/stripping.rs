//! Only the usage that the caller did not ask for is kept back.

use tower_token_quota::clock::FakeClock;

use crate::passing::asking_for_usage;
use crate::support::body::Script;
use crate::support::provider::{DONE, EVENTS, answer, says, streams, usual_stream};
use crate::support::{
    self, Provider, call, chat, generous, hello_call, hello_stream, metered, policy, quota,
    quota_of, stream_call,
};

#[tokio::test]
async fn p7_usage_is_asked_for_and_kept_back_only_where_the_caller_did_not_ask() {
    let quota = quota(generous());
    let provider = streams(usual_stream(11, 7));
    let service = metered(&quota, &provider);
    let read = call(&service, asking_for_usage()).await;
    assert!(read.text().contains("prompt_tokens"));
    let read = call(&service, stream_call()).await;
    assert_eq!(
        provider.last().json()["stream_options"]["include_usage"],
        true
    );
    assert_eq!(read.text(), says("Hello") + &says(", you!") + DONE);
    let _whole = call(&service, hello_call()).await;
    assert!(provider.last().json().get("stream_options").is_none());
}

#[tokio::test]
async fn p7_a_policy_may_leave_streams_alone() {
    let policy = policy(generous()).ask_stream_usage(false);
    let quota = quota_of(policy, &FakeClock::at(support::NOON));
    let provider = streams(usual_stream(11, 7));
    let service = metered(&quota, &provider);
    let asked = hello_stream("gpt-4o-mini").to_string();
    let read = call(&service, chat(asked.clone())).await;
    assert_eq!(provider.last().body, asked);
    assert!(read.text().contains("prompt_tokens"));
}

#[tokio::test]
async fn p7_a_stripped_stream_has_no_content_length_and_others_keep_theirs() {
    let pieces = usual_stream(11, 7);
    let length = pieces.concat().len();
    let provider = Provider::new(move |_| {
        let mut answer = answer(200, EVENTS, Script::pieces(pieces.clone()).sized());
        answer.headers_mut().insert("content-length", length.into());
        Ok(answer)
    });
    let service = metered(&quota(generous()), &provider);
    let kept = call(&service, asking_for_usage()).await;
    assert_eq!(kept.header("content-length"), length.to_string());
    let stripped = call(&service, stream_call()).await;
    assert_eq!(stripped.header("content-length"), "");
}
