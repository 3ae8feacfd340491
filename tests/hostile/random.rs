//! Any bytes, and requests that were damaged.

use proptest::prelude::*;

use crate::sending::{send, with};
use crate::support::provider::completion;
use crate::support::{self, Booked, booked, generous, quota};

proptest! {
    #![proptest_config(support::cases(400))]

    #[test]
    fn p8_any_bytes_are_answered_in_json(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let quota = quota(generous());
        let answer = support::run(send(&quota, body));
        prop_assert_eq!(answer.status, 400);
        answer.json();
        prop_assert_eq!(booked(&quota), Booked::default());
    }

    /// Valid requests of which some bytes are changed, lost or doubled.
    #[test]
    fn p8_damaged_requests_are_answered_in_json(
        at in any::<proptest::sample::Index>(),
        length in 0usize..8,
        with in "[\\x00-\\x7f\"{}\\[\\]:,]{0,4}",
    ) {
        let whole = with_everything();
        let start = at.index(whole.len());
        let end = (start + length).min(whole.len());
        let damaged = format!("{}{with}{}", &whole[..start], &whole[end..]);
        let quota = quota(generous());
        let answer = support::run(send(&quota, damaged));
        prop_assert!([200, 400, 429].contains(&answer.status.as_u16()), "{}", answer.status);
        answer.json();
        let _nothing_is_held = booked(&quota);
    }
}

fn with_everything() -> String {
    with(
        r#""max_tokens":5,"n":2,"stream":false,"stream_options":null,"temperature":0.5,
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string","enum":["b"]}}}}}],
        "response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{}}}"#,
    )
}

#[tokio::test]
async fn p8_the_requests_that_are_damaged_above_are_whole() {
    let answer = send(&quota(generous()), with_everything()).await;
    assert_eq!(answer.json(), completion(8, 2));
}
