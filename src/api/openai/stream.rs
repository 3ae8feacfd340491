//! Whether the answer is streamed, and whether its usage comes along.

use crate::api::json::{Value, position};
use crate::api::read::keys::Seen;
use crate::api::read::value::{flag, not_null};
use crate::api::{Call, Delivery, Invalid};

const OPTIONS: &str = "stream_options";

/// The one key of `stream_options` that matters to us.
const INCLUDE_USAGE: [&str; 1] = ["include_usage"];

/// Reads `stream` and `stream_options` into the call.
pub(in crate::api) fn read(
    body: &str,
    stream: Option<Value<'_>>,
    options: Option<Value<'_>>,
    call: &mut Call,
) -> Result<(), Invalid> {
    if flag("stream", stream)? {
        call.delivery = Delivery::Events;
    }
    let Some(options) = options else {
        return Ok(());
    };
    call.sites.stream_options = Some(position(body, options.get()));
    if !not_null(&options) {
        return Ok(());
    }
    let mut seen = Seen::of(&INCLUDE_USAGE);
    options
        .members(|key, value| {
            seen.note(&key)?;
            if key == "include_usage" {
                call.asks_usage = flag("stream_options.include_usage", Some(value))?;
                call.sites.include_usage = Some(position(body, value.get()));
            }
            Ok(())
        })
        .map_err(|stop| stop.at(OPTIONS))
}
