//! A call through the layer, by the size of its body.

use std::convert::Infallible;
use std::hint::black_box;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_token_quota::model::Encoding;
use tower_token_quota::{Limit, Policy, Quota, Subject, Tier, TokenQuotaLayer, count, identify};

use crate::chat::{answer, request};
use crate::measure::time_of_call;
use crate::prose::Prose;
use crate::{Curve, Panel};

const SIZES: [u64; 12] = [
    2 << 10,
    4 << 10,
    8 << 10,
    16 << 10,
    32 << 10,
    64 << 10,
    128 << 10,
    256 << 10,
    512 << 10,
    1 << 20,
    2 << 20,
    4 << 20,
];

pub(crate) async fn measure() -> Panel {
    let mut prose = Prose::new(1);
    let tier = Tier::new("pro")
        .limit(Limit::tokens(1 << 50).per_minute())
        .limit(Limit::tokens(1 << 50).per_day());
    let quota = Quota::new(Policy::new().tier(tier).build().unwrap());
    let layer = TokenQuotaLayer::new(quota, identify::extension::<Subject>());
    let mut service = layer.layer(service_fn(answer));
    let (mut fresh, mut known, mut tokenizer) = (Vec::new(), Vec::new(), Vec::new());
    for bytes in SIZES {
        let size = usize::try_from(bytes).unwrap();
        // A few milliseconds a sample, and at least one call.
        let calls = u32::try_from((64 << 10) / size).unwrap().max(1);
        let samples = if size > 256 << 10 { 9 } else { 31 };

        let time = time_of_call(
            samples,
            calls,
            || prose.chat(size).into(),
            async |body| {
                call(&mut service, body).await;
            },
        );
        fresh.push((bytes, time.await));

        let body = Bytes::from(prose.chat(size));
        let time = time_of_call(
            samples,
            calls,
            || body.clone(),
            async |body| {
                call(&mut service, body).await;
            },
        );
        known.push((bytes, time.await));

        let time = time_of_call(
            samples,
            calls,
            || prose.text(size),
            async |text| {
                black_box(count::count_text(Encoding::O200k, &text));
            },
        );
        tokenizer.push((bytes, time.await));
    }
    Panel {
        title: "a call, by its body",
        amount: size,
        base: 8.0,
        curves: vec![
            curve("the layer, fresh text", fresh),
            curve("the layer, known text", known),
            curve("the tokenizer alone", tokenizer),
        ],
    }
}

fn curve(name: &'static str, points: Vec<(u64, std::time::Duration)>) -> Curve {
    Curve { name, points }
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes < 1 << 20 => format!("{} KB", bytes >> 10),
        bytes => format!("{} MB", bytes >> 20),
    }
}

/// One call, its answer read to the end.
async fn call<S, R>(service: &mut S, body: Bytes)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible>,
    R: http_body::Body,
{
    let Ok(response) = service.ready().await.unwrap().call(request(body)).await;
    assert!(response.status().is_success());
    black_box(response.into_body().collect().await.is_ok());
}
