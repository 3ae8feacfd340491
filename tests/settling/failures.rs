//! Calls that fail: some prove that nothing ran, of others nobody can know.

use std::io;

use crate::support::body::{Script, Step};
use crate::support::provider::{answer, completion, json_answer};
use crate::support::watch::Events;
use crate::support::{self, Provider, generous, hello_call, metered, quota};
use crate::table::{NOTHING, Row, WHOLE, check, error, html};

#[tokio::test]
async fn p4_what_proves_that_nothing_ran_books_nothing() {
    let table: &[Row] = &[
        ("304", || html(304), NOTHING),
        ("400", || error(400), NOTHING),
        ("401", || error(401), NOTHING),
        ("402", || error(402), NOTHING),
        ("403", || html(403), NOTHING),
        ("404", || html(404), NOTHING),
        ("409", || error(409), NOTHING),
        ("413", || html(413), NOTHING),
        ("422", || error(422), NOTHING),
        ("429", || error(429), NOTHING),
        ("499", || error(499), NOTHING),
        ("500 with an error's body", || error(500), NOTHING),
        ("502 with an error's body", || error(502), NOTHING),
        ("503 with an error's body", || error(503), NOTHING),
        ("529 with an error's body", || error(529), NOTHING),
        (
            "a connection that was refused",
            || Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
            NOTHING,
        ),
        (
            "the same, deep within another error",
            || {
                let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
                Err(io::Error::other(io::Error::other(refused)).into())
            },
            NOTHING,
        ),
    ];
    check("gpt-4o-mini", false, table).await;
    check("gpt-4o-mini", true, table).await;
    check("o3", false, table).await;
}

#[tokio::test]
async fn p4_what_nobody_can_know_books_the_whole_reservation() {
    let table: &[Row] = &[
        ("408", || error(408), WHOLE),
        ("501", || error(501), WHOLE),
        ("504", || error(504), WHOLE),
        ("520", || html(520), WHOLE),
        ("524", || html(524), WHOLE),
        ("500 of a proxy", || html(500), WHOLE),
        ("502 of a proxy", || html(502), WHOLE),
        (
            "503 with an answer in it",
            || Ok(json_answer(503, &completion(11, 7))),
            WHOLE,
        ),
        (
            "500 without a body",
            || Ok(answer(500, "application/json", Script::default().sized())),
            WHOLE,
        ),
        (
            "an error's body that breaks off",
            || {
                let script = Script::pieces([r#"{"error":{"message":"#]);
                Ok(answer(
                    500,
                    "application/json",
                    script.then(Step::Break("reset")),
                ))
            },
            WHOLE,
        ),
        (
            "a connection that was reset",
            || Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
            WHOLE,
        ),
        ("any other error", || Err("something".into()), WHOLE),
    ];
    check("gpt-4o-mini", false, table).await;
    check("gpt-4o-mini", true, table).await;
}

#[tokio::test]
async fn p4_a_providers_own_limit_is_told_of() {
    for status in [402, 429] {
        let (events, provider) = (Events::default(), Provider::new(move |_| error(status)));
        let quota = quota(generous()).observer(events.clone());
        let answer = support::call(&metered(&quota, &provider), hello_call()).await;
        assert_eq!(answer.status, status, "it passes as it is");
        assert_eq!(
            events.words(),
            [
                "admitted gpt-4o-mini",
                "settled 0+0 nothing_ran",
                &format!("provider limited {status}"),
            ]
        );
    }
}
