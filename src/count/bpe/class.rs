//! Classes of characters, as the patterns of the encodings tell them apart.

use regex_syntax::hir::{Class as HirClass, HirKind};

/// What a character is: some of these bits, or none for punctuation, symbols, and what is not assigned.
pub(super) type Class = u8;

/// Letters in lower case (`Ll`).
pub(super) const LOWER: Class = 1;
/// Letters in upper and title case (`Lu`, `Lt`).
pub(super) const UPPER: Class = 2;
/// Letters without a case (`Lm`, `Lo`).
pub(super) const CASELESS: Class = 4;
/// Marks, which combine with the character before them (`M`).
pub(super) const MARK: Class = 8;
/// Numbers (`N`).
pub(super) const NUMBER: Class = 16;
/// White space.
pub(super) const SPACE: Class = 32;
/// Line feeds and carriage returns, which are white space too.
pub(super) const NEWLINE: Class = 64;

/// All letters.
pub(super) const LETTER: Class = LOWER | UPPER | CASELESS;

/// By the tables of the regex engine that tiktoken asks, so that both always speak of the same version of Unicode.
const PATTERNS: [(&str, Class); 7] = [
    (r"\p{Ll}", LOWER),
    (r"[\p{Lu}\p{Lt}]", UPPER),
    (r"[\p{Lm}\p{Lo}]", CASELESS),
    (r"\p{M}", MARK),
    (r"\p{N}", NUMBER),
    (r"\s", SPACE),
    (r"[\r\n]", NEWLINE),
];

/// How many characters share a block of the table.
const BLOCK: usize = 256;

/// The class of each character: that of ASCII, and blocks of the others, of which most are alike.
pub(super) struct Classes {
    ascii: [Class; 128],
    blocks: Vec<[Class; BLOCK]>,
    /// Which block a character's is.
    block_of: Vec<u16>,
}

impl Classes {
    /// # Panics
    /// When the regex engine does not know Unicode's general categories.
    pub(super) fn new() -> Self {
        let mut all = vec![0; char::MAX as usize + 1];
        for (pattern, class) in PATTERNS {
            for (first, last) in ranges(pattern) {
                for of in &mut all[first as usize..=last as usize] {
                    *of |= class;
                }
            }
        }
        let mut ascii = [0; 128];
        ascii.copy_from_slice(&all[..128]);
        let (blocks, block_of) = shared(&all);
        Self {
            ascii,
            blocks,
            block_of,
        }
    }

    /// The class of the character that begins there, and where it ends; at the text's end, nothing that goes on.
    #[inline]
    pub(super) fn at(&self, text: &str, at: usize) -> Option<(Class, usize)> {
        let byte = *text.as_bytes().get(at)?;
        match self.ascii.get(usize::from(byte)) {
            Some(class) => Some((*class, at + 1)),
            None => self.beyond_ascii(text, at),
        }
    }

    fn beyond_ascii(&self, text: &str, at: usize) -> Option<(Class, usize)> {
        let c = text.get(at..)?.chars().next()?;
        let block = self.block_of[c as usize / BLOCK];
        let class = self.blocks[usize::from(block)][c as usize % BLOCK];
        Some((class, at + c.len_utf8()))
    }
}

/// Blocks of the table, each once, and which one stands at each place.
fn shared(all: &[Class]) -> (Vec<[Class; BLOCK]>, Vec<u16>) {
    let mut blocks: Vec<[Class; BLOCK]> = Vec::new();
    let mut block_of = Vec::with_capacity(all.len() / BLOCK);
    for block in all.chunks_exact(BLOCK) {
        let known = blocks.iter().rposition(|known| known == block);
        let known = known.unwrap_or_else(|| {
            let mut new = [0; BLOCK];
            new.copy_from_slice(block);
            blocks.push(new);
            blocks.len() - 1
        });
        block_of.push(u16::try_from(known).unwrap_or(u16::MAX));
    }
    (blocks, block_of)
}

/// The characters that a pattern of one class matches.
fn ranges(pattern: &str) -> Vec<(char, char)> {
    let class = regex_syntax::parse(pattern).expect("a class of characters");
    match class.kind() {
        HirKind::Class(HirClass::Unicode(class)) => class
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        // A class within ASCII is one of bytes.
        HirKind::Class(HirClass::Bytes(class)) => {
            let char = |byte: u8| char::from(byte);
            class
                .iter()
                .map(|range| (char(range.start()), char(range.end())))
                .collect()
        }
        other => panic!("{pattern} is no class of characters: {other:?}"),
    }
}
