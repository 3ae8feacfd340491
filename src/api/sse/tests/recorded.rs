//! Streams as providers sent them: see `tests/fixtures/README.md`.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

use super::*;
use crate::api::{Api, Tally, families};

#[derive(Deserialize)]
struct Exchange {
    sse: Option<String>,
}

/// The streams of all recorded exchanges, of whichever provider.
static STREAMS: LazyLock<Vec<String>> = LazyLock::new(read_streams);

fn read_streams() -> Vec<String> {
    let mut streams = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
            {
                let recorded = std::fs::read_to_string(path).unwrap();
                let exchanges = recorded.lines().map(serde_json::from_str);
                streams.extend(exchanges.filter_map(|line: Result<Exchange, _>| line.unwrap().sse));
            }
        }
    }
    assert!(streams.len() > 5);
    streams
}

/// What each family takes of a stream, and the bytes that are passed on.
type Taken = Vec<(Tally, Vec<u8>)>;

fn taken(frames: &[&[u8]], bounds: Option<Bounds>) -> Taken {
    let take = |api: &dyn Api| {
        let mut events = Events::stripped();
        if let Some(bounds) = bounds {
            events = events.within(64, 128, bounds);
        }
        let mut tally = Tally::default();
        let mut keep = |data: &str| {
            api.tally(data, &mut tally);
            !api.is_usage_only(data)
        };
        let mut out = Vec::new();
        for frame in frames {
            out.extend_from_slice(&events.strip(&Bytes::copy_from_slice(frame), &mut keep));
        }
        out.extend_from_slice(&events.finish(&mut keep));
        (tally, out)
    };
    families().map(take).into()
}

/// Bounds that most recorded events reach, and their usage does not.
const SMALL: Option<Bounds> = Some(Bounds {
    member: 1024,
    object: 2048,
});

#[test]
fn a_stream_split_at_every_byte_gives_the_same_usage_and_the_same_bytes() {
    for stream in &*STREAMS {
        for bounds in [None, SMALL] {
            let whole = taken(&[stream.as_bytes()], bounds);
            let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            assert_eq!(taken(&bytes, bounds), whole);
        }
        let passed = stripped(&[stream.as_bytes()], "no such event");
        assert_eq!(passed.1, stream.as_bytes());
    }
}

proptest! {
    #[test]
    fn a_stream_cut_anywhere_gives_the_same_usage_and_the_same_bytes(
        which in any::<proptest::sample::Index>(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 1..6),
        end in any::<proptest::sample::Index>(),
    ) {
        let stream = which.get(&STREAMS[..]).as_bytes();
        // Some break off.
        let stream = &stream[..stream.len().min(2 * end.index(stream.len()))];
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let frames: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        for bounds in [None, SMALL] {
            prop_assert_eq!(taken(&frames, bounds), taken(&[stream], bounds));
        }
        let (seen, out) = stripped(&frames, "no such event");
        prop_assert_eq!(&out, stream);
        prop_assert_eq!(seen, observed(&[stream]));
    }
}
