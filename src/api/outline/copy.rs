//! What is kept of an object.

use crate::api::text_of;

/// How many bytes are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Of a member: a larger one is left out.
    pub(crate) member: usize,
    /// Of an object in all.
    pub(crate) object: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            member: 1024 * 1024,
            object: 4 * 1024 * 1024,
        }
    }
}

/// A buffer that has grown larger is not kept for the next object.
const MOST_IDLE: usize = 64 * 1024;

/// For more bytes room is made as they come: of a large piece little may be kept.
const MOST_EXPECTED: usize = 4 * 1024;

/// The comma or brace before a member, its own brace where it is an object, and the two that close that and the whole.
const AROUND_MEMBER: usize = 4;

/// An object without its large members.
#[derive(Debug, Default)]
pub(super) struct BoundedCopy {
    bounds: Bounds,
    /// The object, as far as it is kept.
    kept: Vec<u8>,
    /// The current member, as far as it has come.
    member: Vec<u8>,
    /// The current member is too large and not kept.
    too_large: bool,
    cut: bool,
}

impl BoundedCopy {
    pub(super) fn within(bounds: Bounds) -> Self {
        Self {
            bounds,
            ..Self::default()
        }
    }

    /// Whether something was left out, of this object or one before.
    pub(super) fn cut(&self) -> bool {
        self.cut
    }

    /// Whether nothing is left out of an object of so many bytes.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        bytes + AROUND_MEMBER <= self.bounds.member.min(self.bounds.object)
    }

    /// Makes room for what is kept of so many bytes, which are small as a rule: at once, not with each member.
    pub(super) fn expect(&mut self, bytes: usize) {
        for buffer in [&mut self.kept, &mut self.member] {
            buffer.reserve(bytes.min(MOST_EXPECTED));
        }
    }

    /// Begins an object.
    pub(super) fn open(&mut self) {
        self.kept.push(b'{');
    }

    /// Adds to the current member.
    pub(super) fn extend_member(&mut self, bytes: &[u8]) {
        if self.too_large || self.member.len() + bytes.len() > self.bounds.member {
            self.too_large = true;
            self.cut = true;
            self.member = Vec::new();
        } else {
            self.member.extend_from_slice(bytes);
        }
    }

    /// Begins an object that is the value of the current member, and says whether there is room for it.
    pub(super) fn nest(&mut self) -> bool {
        let fits = self.fits();
        if fits {
            self.keep_member();
            self.open();
        }
        fits
    }

    pub(super) fn end_member(&mut self) {
        if self.fits() {
            self.keep_member();
        } else {
            self.cut = true;
        }
        self.too_large = false;
        self.member.clear();
    }

    /// Ends an object.
    pub(super) fn close(&mut self) {
        self.kept.push(b'}');
    }

    /// Shows what is kept, and forgets it.
    pub(super) fn hand_out(&mut self, each: &mut impl FnMut(&str)) {
        each(&text_of(&self.kept));
        for buffer in [&mut self.kept, &mut self.member] {
            buffer.clear();
            buffer.shrink_to(MOST_IDLE);
        }
    }

    fn fits(&self) -> bool {
        let size = self.kept.len() + self.member.len() + AROUND_MEMBER;
        !self.too_large && size <= self.bounds.object
    }

    fn keep_member(&mut self) {
        if !self.kept.ends_with(b"{") {
            self.kept.push(b',');
        }
        self.kept.append(&mut self.member);
    }

    /// How much memory is taken.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.kept.capacity() + self.member.capacity()
    }
}
