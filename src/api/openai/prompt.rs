//! A text, several, or what a caller has made of them himself: their tokens' numbers. So come `prompt` and `input`.

use crate::api::json::{Kind, Value};
use crate::api::{Input, Invalid};

/// How an item of a list may be written. All of them are written in one way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Token,
    Tokens,
}

/// Reads a prompt, and returns how many there are.
pub(in crate::api) fn read(
    body: &str,
    value: Value<'_>,
    param: &'static str,
    input: &mut Input,
) -> Result<u64, Invalid> {
    match value.kind() {
        Kind::String => {
            one_text(body, value, param, input)?;
            Ok(1)
        }
        Kind::Array => list(body, value, param, input),
        _ => Err(wrong(param)),
    }
}

fn list(
    body: &str,
    list: Value<'_>,
    param: &'static str,
    input: &mut Input,
) -> Result<u64, Invalid> {
    let mut form = None;
    let mut count: u64 = 0;
    list.items(|item| {
        let found = form_of(item).ok_or_else(|| wrong(param))?;
        if *form.get_or_insert(found) != found {
            return Err(wrong(param));
        }
        count += 1;
        match found {
            Form::Text => one_text(body, item, param, input),
            Form::Token => token(item, param, input),
            Form::Tokens => tokens(item, param, input),
        }
    })
    .map_err(|stop| stop.at(param))?;
    match form {
        None => Err(Invalid::param(param, format!("{param} must not be empty"))),
        // They make one prompt together.
        Some(Form::Token) => Ok(1),
        Some(Form::Text | Form::Tokens) => Ok(count),
    }
}

fn form_of(item: Value<'_>) -> Option<Form> {
    match item.kind() {
        Kind::String => Some(Form::Text),
        Kind::Number => Some(Form::Token),
        Kind::Array => Some(Form::Tokens),
        _ => None,
    }
}

fn one_text(
    body: &str,
    value: Value<'_>,
    param: &'static str,
    input: &mut Input,
) -> Result<(), Invalid> {
    let broken = |error| Invalid::param(param, format!("a text is broken: {error}"));
    input.add(value.text(body).map_err(broken)?);
    Ok(())
}

fn tokens(list: Value<'_>, param: &'static str, input: &mut Input) -> Result<(), Invalid> {
    list.items(|item| token(item, param, input))
        .map_err(|stop| stop.at(param))
}

/// A number of a token: whole, and no larger than any vocabulary.
fn token(number: Value<'_>, param: &'static str, input: &mut Input) -> Result<(), Invalid> {
    if number.get().parse::<u32>().is_err() {
        let message = format!(
            "a token in {param} must be a whole number from 0 to {}",
            u32::MAX
        );
        return Err(Invalid::param(param, message));
    }
    input.token_ids += 1;
    Ok(())
}

fn wrong(param: &'static str) -> Invalid {
    let message = format!(
        "{param} must be a string, a list of strings, a list of tokens, or a list of lists of tokens"
    );
    Invalid::param(param, message)
}
