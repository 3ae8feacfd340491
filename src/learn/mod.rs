//! What comes back teaches what to expect: how much more input is billed than was estimated, how long answers are, and
//! how much input is hidden in opaque calls. For each API and model; arithmetic in whole numbers, with bounds.

mod entry;
mod factor;
mod lesson;
mod quantile;
mod table;
mod typical;

pub(crate) use factor::Factor;
pub(crate) use lesson::{Learnt, Lesson};
pub(crate) use table::Learned;
