//! Sending what no client should, and seeing that nothing panics.

use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tower_token_quota::Quota;

use crate::support::{Booked, Provider, Read, booked, call, chat, generous, hello, metered, quota};

pub(crate) static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts every panic of this process, those that somebody catches too.
pub(crate) fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A failed assertion of a test is no panic of ours.
            if info
                .location()
                .is_none_or(|location| !location.file().starts_with("tests"))
            {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            usual(info);
        }));
    });
}

pub(crate) async fn send(quota: &Quota, body: impl Into<Bytes>) -> Read {
    count_panics();
    let answer = call(&metered(quota, &Provider::using(8, 2)), chat(body)).await;
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    answer
}

/// Refused, in JSON, and nothing is booked.
pub(crate) async fn is_refused(body: impl Into<Bytes>, why: &str) {
    let body = body.into();
    let quota = quota(generous());
    let answer = send(&quota, body.clone()).await;
    let start = &body[..body.len().min(80)];
    let start = String::from_utf8_lossy(start);
    assert!(
        answer.status.is_client_error(),
        "{start}: {}",
        answer.status
    );
    let error = &answer.json()["error"];
    assert!(error["message"].as_str().unwrap().len() < 4_000, "{start}");
    assert!(
        error["message"].as_str().unwrap().contains(why),
        "{start}: {error}"
    );
    assert!(
        error["type"].is_string() && error.get("code").is_some(),
        "{start}: {error}"
    );
    assert_eq!(booked(&quota), Booked::default(), "{start}");
}

pub(crate) fn with(members: &str) -> String {
    hello("gpt-4o-mini")
        .to_string()
        .replacen('{', &format!("{{{members},"), 1)
}
