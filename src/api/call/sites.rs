//! Where in a request stands what may be changed.

use std::ops::Range;

/// Where the values of members stand in a body, for [`Api::splices`](crate::api::Api::splices) to change them.
///
/// A member that is `null` stands there too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sites {
    /// The body's opening brace.
    pub opening: usize,
    /// The output cap.
    pub cap: Option<Range<usize>>,
    /// The output cap by its older name.
    pub legacy_cap: Option<Range<usize>>,
    /// The object that the output cap belongs in, where that is not the body itself.
    pub config: Option<Range<usize>>,
    /// The options of the stream.
    pub stream_options: Option<Range<usize>>,
    /// In the options of the stream: whether usage is asked for.
    pub include_usage: Option<Range<usize>>,
}

impl Sites {
    /// Those of a body of which no more is known than that it is an object.
    pub(in crate::api) fn of(body: &str) -> Self {
        // Seldom anything but the first byte, so no search that is made for longer texts.
        let opening = body.bytes().position(|byte| byte == b'{');
        Self {
            opening: opening.unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// Whether something other than `null` stands at a site of a body.
pub(crate) fn is_set(site: &Option<Range<usize>>, body: &str) -> bool {
    let value = site.clone().and_then(|site| body.get(site));
    value.is_some_and(|value| value != "null")
}

/// Where a request names its model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelSite {
    /// In the body: the JSON value, quotes included.
    Body(Range<usize>),
    /// In the path: the segment after this one, as in `…/deployments/{model}/…`.
    PathAfter(&'static str),
    /// In the path: what stands before the last colon of the last segment, as in `…/models/{model}:generateContent`.
    PathVerb,
    /// Nowhere: the API has but this one, and a ladder means nothing to it.
    Nowhere,
}

impl ModelSite {
    /// Whether the model stands in the path.
    pub(crate) fn is_in_path(&self) -> bool {
        matches!(self, Self::PathAfter(_) | Self::PathVerb)
    }
}
