//! Tokens of a text.

use std::collections::HashSet;
use std::sync::{LazyLock, Once};
use std::thread;

use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

use crate::model::Encoding;

/// Longer texts are counted piece by piece: what a tokenizer does with a long run of one kind of characters takes more
/// than linear time, or ends in an error.
const PIECE: usize = 64 * 1024;

/// A piece that the tokenizer gives up on is halved; one this small is counted as its bytes, which are never less.
const SMALLEST: usize = 1024;

/// Counts the tokens of a text. Text that spells a special token, like `<|endoftext|>`, is text.
///
/// Texts of up to 64 KiB are exact. Longer ones are cut before white space, which makes no difference; only where 64 KiB
/// have none does a cut cost a token or two.
#[must_use]
pub fn count_text(encoding: Encoding, text: &str) -> u64 {
    let tokenizer = tokenizer(encoding);
    let mut tokens = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(cut(rest));
        tokens += count_piece(tokenizer, piece);
        rest = after;
    }
    tokens
}

/// Builds the tables of the tokenizers, so that no call has to wait for them: it takes a good part of a second.
pub fn warm_up() {
    for encoding in [Encoding::O200k, Encoding::Cl100k] {
        let _ = count_text(encoding, "warm");
    }
}

/// Has a thread of its own [warm up](warm_up), once a process.
pub(crate) fn warm_up_aside() {
    static BEGUN: Once = Once::new();
    // Where no thread is to be had, the first call builds the tables.
    BEGUN.call_once(|| {
        drop(
            thread::Builder::new()
                .name("token-quota-warm-up".into())
                .spawn(warm_up),
        )
    });
}

fn tokenizer(encoding: Encoding) -> &'static CoreBPE {
    match encoding {
        Encoding::O200k => o200k_base_singleton(),
        Encoding::Cl100k => cl100k_base_singleton(),
    }
}

/// Where to end the next piece. No token reaches from a character that is no white space to a blank, and none looks
/// across, so a cut there changes nothing. (A line's end is no blank here: punctuation takes it along.)
fn cut(text: &str) -> usize {
    if text.len() <= PIECE {
        return text.len();
    }
    let end = char_boundary(text, PIECE);
    let mut after = text[..end].char_indices().rev().peekable();
    while let Some((at, c)) = after.next() {
        let blank = matches!(c, ' ' | '\t');
        if blank
            && after
                .peek()
                .is_some_and(|(_, before)| !before.is_whitespace())
        {
            return at;
        }
    }
    end
}

/// The last place up to `at` where a character begins.
fn char_boundary(text: &str, at: usize) -> usize {
    let begins = |at: &usize| text.is_char_boundary(*at);
    (0..=at).rev().find(begins).unwrap_or(0)
}

fn count_piece(tokenizer: &CoreBPE, piece: &str) -> u64 {
    static NO_SPECIALS: LazyLock<HashSet<&str>> = LazyLock::new(HashSet::new);
    match tokenizer.count(piece, &NO_SPECIALS) {
        Ok(tokens) => tokens as u64,
        Err(_) if piece.len() <= SMALLEST => piece.len() as u64,
        Err(_) => {
            let (head, tail) = piece.split_at(char_boundary(piece, piece.len() / 2));
            count_piece(tokenizer, head) + count_piece(tokenizer, tail)
        }
    }
}
