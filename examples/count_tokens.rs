//! What requests would reserve: reads lines `{"path": …, "request": {…}}` and writes one for each.
//!
//! ```sh
//! echo '{"path": "/v1/chat/completions", "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}}' |
//!     cargo run --release --example count_tokens
//! ```
//!
//! writes `{"model":"gpt-4o","input_tokens":8,"output_bound":1024}`. A line that is no such request gets `{"error": …}`, and the
//! next one its turn.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tower_token_quota::Estimate;

#[derive(Deserialize)]
struct Line<'a> {
    path: String,
    // As it is written: a request that repeats a key is refused, and would no longer be seen to.
    #[serde(borrow)]
    request: &'a RawValue,
}

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match count(&line) {
            Ok(counted) => serde_json::to_writer(&mut output, &counted)?,
            Err(error) => write!(output, "{}", json!({ "error": error }))?,
        }
        writeln!(output)?;
    }
    output.flush()
}

#[derive(Serialize)]
struct Counted {
    model: String,
    input_tokens: u64,
    output_bound: u64,
}

fn count(line: &[u8]) -> Result<Counted, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let path = line.path.split('?').next().unwrap_or_default();
    let read = Estimate::of_request(path, line.request.get());
    let (model, estimate) = read.map_err(|invalid| invalid.message)?;
    Ok(Counted {
        model: model.raw().to_owned(),
        input_tokens: estimate.input_tokens,
        output_bound: estimate.output_tokens,
    })
}
