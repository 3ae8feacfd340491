//! The layer, and what its services share.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, response};
use tower::Layer;

use crate::api::{self, Api, SharedApi};
use crate::identify::Identify;
use crate::quota::Quota;
use crate::reject::Rejection;
use crate::service::TokenQuota;
use crate::settle::Outcome;

const MAX_BODY: usize = 32 << 20;
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// Layer that puts a [`TokenQuota`] before a service.
///
/// See the [crate's overview](crate) for examples.
#[derive(Clone)]
pub struct TokenQuotaLayer {
    shared: Arc<Shared>,
}

/// What all services of a layer share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) quota: Quota,
    pub(crate) identify: Arc<dyn Identify>,
    pub(crate) apis: Vec<SharedApi>,
    pub(crate) max_body: usize,
    pub(crate) body_deadline: Duration,
    pub(crate) legacy_cap: bool,
    render: Option<Render>,
    classify: Option<Classify>,
    classify_error: Vec<ClassifyError>,
}

type Render = Arc<dyn Fn(&Rejection, Response<Bytes>) -> Response<Bytes> + Send + Sync>;
type Classify = Arc<dyn Fn(&response::Parts) -> Option<Outcome> + Send + Sync>;
type ClassifyError = Arc<dyn Fn(&dyn Any) -> Option<Outcome> + Send + Sync>;

impl TokenQuotaLayer {
    /// Meters the calls of those whom `identify` knows.
    ///
    /// Metered are OpenAI's [chat completions](crate::api::openai_chat), [responses](crate::api::openai_responses),
    /// [completions](crate::api::openai_completions) and [embeddings](crate::api::openai_embeddings), [Anthropic's
    /// messages](crate::api::anthropic_messages), [Gemini's contents](crate::api::gemini), and what [`api`](Self::api) adds. What becomes of other calls is the policy's to say: they pass, unidentified, unless it says
    /// [`unknown_calls(…)`](crate::policy::PolicyBuilder::unknown_calls).
    ///
    /// A thread begins to build the tokenizers' tables, so that the first call need not wait for them.
    pub fn new(quota: Quota, identify: impl Identify) -> Self {
        crate::count::warm_up_aside();
        let shared = Shared {
            quota,
            identify: Arc::new(identify),
            apis: api::families().map(SharedApi::Family).into(),
            max_body: MAX_BODY,
            body_deadline: BODY_DEADLINE,
            legacy_cap: false,
            render: None,
            classify: None,
            classify_error: vec![Arc::new(crate::settle::connect_error)],
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The most bytes that a metered request's body may have; 32 MiB unless set. A larger one gets a 413.
    ///
    /// `axum`'s `DefaultBodyLimit` does not bind a middleware, so this does.
    #[must_use]
    pub fn max_body(self, bytes: usize) -> Self {
        self.with(|shared| shared.max_body = bytes)
    }

    /// In which time a metered request's body must have come; 30 seconds unless set. A slower one gets a 408.
    #[must_use]
    pub fn body_deadline(self, deadline: Duration) -> Self {
        self.with(|shared| shared.body_deadline = deadline)
    }

    /// Meters calls of an API of your own too, before the built-in families are asked.
    #[must_use]
    pub fn api(self, api: impl Api) -> Self {
        self.with(|shared| shared.apis.insert(0, SharedApi::Added(Arc::new(api))))
    }

    /// Enforced output caps are also written by their older name, for servers that know no other (`max_tokens`: vLLM
    /// and older servers of OpenAI's API).
    #[must_use]
    pub fn legacy_output_cap(self) -> Self {
        self.with(|shared| shared.legacy_cap = true)
    }

    /// Renders rejections in your own way: gets the response as we would send it, and returns what is sent. A limit's
    /// canned reply is an answer and no rejection; it does not come here.
    #[must_use]
    pub fn render<F>(self, render: F) -> Self
    where
        F: Fn(&Rejection, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        self.with(|shared| shared.render = Some(Arc::new(render)))
    }

    /// Decides by an answer's head what to book, before our own table is asked. `None` leaves it to the table.
    ///
    /// An inner service can also say it itself, by an [`Outcome`] in the answer's extensions.
    #[must_use]
    pub fn classify<F>(self, classify: F) -> Self
    where
        F: Fn(&response::Parts) -> Option<Outcome> + Send + Sync + 'static,
    {
        self.with(|shared| shared.classify = Some(Arc::new(classify)))
    }

    /// Decides by an inner service's error of type `E` what to book. Without it, an error that shows that no connection was made
    /// books nothing, where its type is [`std::io::Error`] or a boxed error; any other books the whole reservation.
    #[must_use]
    pub fn classify_error<E, F>(self, classify: F) -> Self
    where
        E: 'static,
        F: Fn(&E) -> Option<Outcome> + Send + Sync + 'static,
    {
        let classify = move |error: &dyn Any| error.downcast_ref::<E>().and_then(&classify);
        self.with(|shared| shared.classify_error.insert(0, Arc::new(classify)))
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }
}

impl Shared {
    /// The response that is sent for a rejection.
    pub(crate) fn rendered(
        &self,
        rejection: &Rejection,
        response: Response<Bytes>,
    ) -> Response<Bytes> {
        match &self.render {
            Some(render) => render(rejection, response),
            None => response,
        }
    }

    /// What somebody who knows better says of an answer.
    pub(crate) fn outcome(&self, head: &response::Parts) -> Option<Outcome> {
        let said = head.extensions.get::<Outcome>().copied();
        said.or_else(|| self.classify.as_ref()?(head))
    }

    /// What is booked when the inner service fails.
    pub(crate) fn outcome_of_error(&self, error: &dyn Any) -> Outcome {
        let known = self
            .classify_error
            .iter()
            .find_map(|classify| classify(error));
        known.unwrap_or(Outcome::Unreconciled)
    }
}

impl<S> Layer<S> for TokenQuotaLayer {
    type Service = TokenQuota<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TokenQuota::new(inner, self.shared.clone())
    }
}

impl fmt::Debug for TokenQuotaLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenQuotaLayer")
            .field("quota", &self.shared.quota)
            .finish_non_exhaustive()
    }
}
