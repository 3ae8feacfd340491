//! Walking over the messages of a request. What is in them is counted, known or not.

use crate::api::json::{Kind, Scanner, Stop, Value, position};
use crate::api::{Input, Invalid, Text};

/// The longest id, kind, role or mark that is passed over, quotes included: it is not shown to the model. In what is
/// longer somebody hides a text.
const LONGEST_MARK: usize = 66;

/// Whether a value is so short that it is what its key says.
pub(in crate::api) fn is_mark(value: Value<'_>) -> bool {
    value.get().len() <= LONGEST_MARK
}

/// A reader of messages, which knows what their fields mean.
pub(in crate::api) trait Walk: Sized {
    /// The parameter that is blamed for what cannot be read.
    const PARAM: &'static str;

    /// The whole body, which the values are slices of.
    fn body(&self) -> &str;

    /// Where what is found goes.
    fn counted(&mut self) -> &mut Input;

    /// Calls `each` for every member of an object.
    fn fields<'a>(
        &mut self,
        object: Value<'a>,
        mut each: impl FnMut(&mut Self, &str, Value<'a>) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        object
            .members(|key, value| each(self, &key, value))
            .map_err(|stop| stop.at(Self::PARAM))
    }

    /// The same for an object that comes next, which it goes on behind.
    fn next_fields<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        mut each: impl FnMut(&mut Self, &str, Value<'a>) -> Result<(), Invalid>,
    ) -> Result<(), Stop<'a>> {
        scanner.members(|key, value| each(self, &key, value))
    }

    /// Calls `each` for every item of a list.
    fn list(
        &mut self,
        list: Value<'_>,
        mut each: impl FnMut(&mut Self, Value<'_>) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        list.items(|item| each(self, item))
            .map_err(|stop| stop.at(Self::PARAM))
    }

    /// Counts any value: a string's text, or the JSON of what is no string.
    fn any(&mut self, value: Value<'_>) -> Result<(), Invalid> {
        let text = match value.kind() {
            Kind::Null => return Ok(()),
            Kind::String => self.text(value)?,
            _ => Text::Span(position(self.body(), value.get())),
        };
        self.counted().add(text);
        Ok(())
    }

    /// The text of a string.
    fn text(&self, value: Value<'_>) -> Result<Text, Invalid> {
        value.text(self.body()).map_err(Self::broken)
    }

    /// A complaint about a text.
    fn broken(error: serde_json::Error) -> Invalid {
        Invalid::param(Self::PARAM, format!("a text is broken: {error}"))
    }
}
