//! Bodies: what the inner service receives, what the caller receives, and the buffer between.

mod budget;
mod buffer;
mod meter;
mod metered;
mod replaced;
mod request;
mod response;

pub use request::RequestBody;
pub use response::ResponseBody;

pub(crate) use budget::BufferBudget;
pub(crate) use buffer::{Buffer, BufferError, Buffered};
pub(crate) use meter::{Meter, MeterPlan};
