//! Values that have to be of one kind, and the complaint where they are not.

use std::borrow::Cow;

use crate::api::Invalid;
use crate::api::json::{Kind, Value};

/// A model's name that is longer is nobody's model; it would only fill counters and logs.
const LONGEST_MODEL: usize = 512;

/// Whether a value is there, for [`Option::filter`].
pub(in crate::api) fn not_null(value: &Value<'_>) -> bool {
    value.kind() != Kind::Null
}

/// A whole number from 1 on, written as digits and nothing else: `1e3` and `3.0` are read differently by different servers.
pub(in crate::api) fn positive(
    param: &'static str,
    value: Option<Value<'_>>,
) -> Result<Option<u64>, Invalid> {
    let Some(value) = value.filter(not_null) else {
        return Ok(None);
    };
    match value.get().parse() {
        Ok(number) if number >= 1 => Ok(Some(number)),
        _ => {
            let message = format!("{param} must be a whole number from 1 to {}", u64::MAX);
            Err(Invalid::param(param, message))
        }
    }
}

/// `true` or `false`; left out is `false`.
pub(in crate::api) fn flag(param: &'static str, value: Option<Value<'_>>) -> Result<bool, Invalid> {
    match value.map(Value::kind) {
        None | Some(Kind::Null) => Ok(false),
        Some(Kind::Bool(flag)) => Ok(flag),
        Some(_) => Err(Invalid::param(
            param,
            format!("{param} must be true or false"),
        )),
    }
}

/// A model's name, if it can be one.
pub(in crate::api) fn model_name(model: Cow<'_, str>) -> Result<Cow<'_, str>, Invalid> {
    if model.trim().is_empty() {
        return Err(Invalid::param("model", "you must provide a model"));
    }
    if model.len() > LONGEST_MODEL {
        let message = format!("model must not be longer than {LONGEST_MODEL} bytes");
        return Err(Invalid::param("model", message));
    }
    Ok(model)
}

/// Routers, and some APIs themselves, run the models of these lists when the first one fails, or instead of it.
pub(in crate::api) fn no_other_models(
    param: &'static str,
    value: Value<'_>,
) -> Result<(), Invalid> {
    if matches!(value.get(), "null" | "\"\"") || is_empty_list(value) {
        return Ok(());
    }
    let message = format!(
        "each call may name one model, so that it can be metered: leave {param} out, and name it in model"
    );
    Err(Invalid::param(param, message))
}

pub(in crate::api) fn is_empty_list(value: Value<'_>) -> bool {
    let inside = value
        .get()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|items| items.trim_ascii().is_empty())
}
