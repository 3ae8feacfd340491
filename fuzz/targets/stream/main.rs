//! Any bytes as an answer, in pieces of any sizes: nothing panics, and the pieces make no difference.
#![no_main]

mod naive;

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use tower_token_quota::api::{Api, Tally};
use tower_token_quota::fuzzing::{Form, Memory, Reader, families};
use tower_token_quota_fuzz::mutate;

/// What says how the answer behind it is read: family, form, memory, and the sizes of the pieces, over and over.
const HEAD: usize = 8;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, HEAD)
});

fuzz_target!(|input: &[u8]| {
    let Some((head, answer)) = input.split_at_checked(HEAD) else {
        return;
    };
    let families = families();
    let api = families[usize::from(head[0]) % families.len()];
    let form = [Form::Document, Form::Events, Form::StrippedEvents][usize::from(head[1]) % 3];
    let memory = [Memory::Usual, Memory::Little, Memory::Tiny][usize::from(head[2]) % 3];
    let sizes = &head[3..];

    let read = |pieces: &[&[u8]], strip| Read::of((form, memory), api, pieces, strip);
    let pieces = pieces(answer, sizes);
    for strip in [false, true] {
        let whole = read(&[answer], strip);
        if whole.stripped == 0 {
            assert_eq!(whole.passed, answer, "what is passed on is not what came");
        }
        if memory == Memory::Usual {
            naive::check(
                form,
                answer,
                &whole.documents,
                whole.unseen || whole.broken_off,
            );
        }
        let (cut, whole) = (read(&pieces, strip).compact(), whole.compact());
        assert_eq!(cut, whole, "the pieces make a difference");
    }
});

/// What is made of an answer.
#[derive(Debug, Default, PartialEq)]
struct Read {
    documents: Vec<String>,
    tally: Tally,
    stripped: usize,
    passed: BytesMut,
    unseen: bool,
    broken_off: bool,
}

impl Read {
    fn of((form, memory): (Form, Memory), api: &dyn Api, pieces: &[&[u8]], strip: bool) -> Self {
        let mut read = Self::default();
        let mut reader = Reader::new(form, memory);
        let mut see = |document: &str| {
            read.documents.push(document.to_owned());
            api.tally(document, &mut read.tally);
            let strips = strip && api.is_usage_only(document);
            read.stripped += usize::from(strips);
            !strips
        };
        for piece in pieces {
            let piece = Bytes::copy_from_slice(piece);
            read.passed
                .extend_from_slice(&reader.feed(&piece, &mut see));
        }
        let rest = reader.finish(&mut see);
        read.passed.extend_from_slice(&rest);
        read.unseen = reader.unseen();
        read.broken_off = reader.broken_off();
        read
    }

    /// Without the white space between the parts of documents: what is read in place keeps it, and a copy does not.
    fn compact(mut self) -> Self {
        for document in &mut self.documents {
            let (mut in_string, mut is_escaped) = (false, false);
            document.retain(|c| {
                in_string ^= c == '"' && !is_escaped;
                is_escaped = in_string && c == '\\' && !is_escaped;
                in_string || !matches!(c, ' ' | '\t' | '\n' | '\r')
            });
        }
        self
    }
}

fn pieces<'a>(answer: &'a [u8], sizes: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = answer;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*size) + 1));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
