//! Which model is asked, and where it stands.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::api::json::{Value, position};
use crate::api::path::{ends_with, segments_after};
use crate::api::read::value::model_name;
use crate::api::{Invalid, ModelSite};

/// The model and where it stands. Azure and LiteLLM believe the path and ignore the body, whose `model` SDK users fill
/// with whatever they like; so a path that names a deployment or an engine decides, and the two may differ.
///
/// `suffix` is the API's own end of the path, such as `chat/completions`.
pub(in crate::api) fn model<'a>(
    path: &'a str,
    suffix: &[&str],
    body: &str,
    value: Option<Value<'a>>,
) -> Result<(Cow<'a, str>, ModelSite), Invalid> {
    if let Some((model, name)) = model_in_path(path, suffix)? {
        return Ok((model_name(model.into())?, ModelSite::PathAfter(name)));
    }
    let value = value.ok_or_else(|| Invalid::param("model", "you must provide a model"))?;
    let model = value
        .string()
        .map_err(|_| Invalid::param("model", "model must be a string"))?;
    let site = ModelSite::Body(position(body, value.get()));
    Ok((model_name(model)?, site))
}

/// The model in `…/deployments/{model}/{suffix}` or `…/engines/{model}/{suffix}`, and the segment before it.
fn model_in_path<'p>(
    path: &'p str,
    suffix: &[&str],
) -> Result<Option<(&'p str, &'static str)>, Invalid> {
    const DEPLOYMENTS: &str = "deployments";
    const ENGINES: &str = "engines";
    let several = || Invalid::param("model", "the path must name the model in one segment");
    let [deployment, engine] = segments_after(path, [DEPLOYMENTS, ENGINES]);
    if deployment.is_none() && engine.is_none() {
        return Ok(None);
    }
    // Whose path goes on so has engines that are no models, and reads the body: Docker's model runner, for one.
    let versioned: Vec<&str> = std::iter::once("v1")
        .chain(suffix.iter().copied())
        .collect();
    let is_versioned = ends_with(path, &versioned);
    let engine = engine.filter(|_| !is_versioned);
    let is_azure = path.to_ascii_lowercase().contains("/openai/deployments/");
    match (deployment, engine) {
        // Only the API's own suffix follows.
        (Some((model, following)), _) if following == suffix.len() => {
            Ok(Some((model, DEPLOYMENTS)))
        }
        (_, Some((model, following))) if !is_azure && following == suffix.len() => {
            Ok(Some((model, ENGINES)))
        }
        // A server could take several segments for the model.
        (Some(_), _) if is_azure => Err(several()),
        (_, Some(_)) => Err(several()),
        (_, None) => Ok(None),
    }
}

/// LiteLLM believes a model that the query names before the one in the body.
pub(in crate::api) fn no_model_in_query(query: Option<&str>) -> Result<(), Invalid> {
    let pairs = query.unwrap_or_default().split(['&', ';']);
    let mut keys = pairs.map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key));
    let names_model = |key: &str| {
        percent_decode_str(key)
            .map(|byte| byte.to_ascii_lowercase())
            .eq(*b"model")
    };
    if keys.any(names_model) {
        let message = "leave model out of the query, and name it in the body";
        return Err(Invalid::param("model", message));
    }
    Ok(())
}

/// Servers take the members of this one for members of the body, which were metered as they stand there.
pub(in crate::api) fn no_extra_body(value: Value<'_>) -> Result<(), Invalid> {
    let inside = value.get().trim_matches(['{', '}', '[', ']', '"']);
    if matches!(inside.trim_ascii(), "" | "null") {
        return Ok(());
    }
    let message = "leave extra_body out, and put its members into the body itself";
    Err(Invalid::param("extra_body", message))
}
