//! [`Cors`]: the service of [`CorsLayer`](super::CorsLayer).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::Service;

use super::rules::Rules;

/// Service that responds to preflights and adds the CORS headers to every other response. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct Cors<S> {
    pub(super) inner: S,
    pub(super) rules: Arc<Rules>,
}

impl<S, B, R> Service<Request<B>> for Cors<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let rules = Arc::clone(&self.rules);
        let after = if rules.is_preflight(&parts) {
            let headers = rules.preflight(&parts);
            if rules.responds() {
                let mut response = Response::new(R::default());
                *response.status_mut() = StatusCode::NO_CONTENT;
                rules.complete_preflight(&headers, response.headers_mut());
                return ResponseFuture { step: Step::Answered { response: Some(response) } };
            }
            After::Preflight(Box::new(headers))
        } else {
            After::Actual(rules.allow(&parts))
        };
        let future = self.inner.call(Request::from_parts(parts, body));
        ResponseFuture { step: Step::Inner { future, rules, after: Some(after) } }
    }
}

/// The headers that the response still lacks.
#[derive(Debug)]
enum After {
    Actual(Option<HeaderValue>),
    Preflight(Box<HeaderMap>),
}

pin_project! {
    /// The response future of [`Cors`].
    #[derive(Debug)]
    pub struct ResponseFuture<F, R> {
        #[pin]
        step: Step<F, R>,
    }
}

pin_project! {
    #[project = StepProj]
    #[derive(Debug)]
    enum Step<F, R> {
        Answered { response: Option<Response<R>> },
        Inner {
            #[pin]
            future: F,
            rules: Arc<Rules>,
            after: Option<After>,
        },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().step.project() {
            StepProj::Answered { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => panic!("`ResponseFuture` polled after it was ready"),
            },
            StepProj::Inner { future, rules, after } => {
                let mut response = ready!(future.poll(cx))?;
                match after.take() {
                    Some(After::Actual(origin)) => rules.complete_actual(origin, response.headers_mut()),
                    Some(After::Preflight(own)) => rules.complete_preflight(&own, response.headers_mut()),
                    None => {}
                }
                Poll::Ready(Ok(response))
            }
        }
    }
}
