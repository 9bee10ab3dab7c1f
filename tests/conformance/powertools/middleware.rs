//! `middleware_factory`: a decorator around a handler is a layer of tower.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pilaster::{BoxError, Event, Incoming, Outgoing};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{Layer, Service};

use super::{only_these, read, variables};
use crate::case::Case;
use crate::exchange::{Notes, Sent, send};
use crate::{Compared, Replay, unsupported};

/// Notes that it is entered and left: `a`, or `b(tag=x)`, which notes its tag when it is entered.
#[derive(Clone)]
struct Noting {
    name: String,
    tag: Option<String>,
    notes: Notes,
}

impl Noting {
    fn read(text: &str, notes: &Notes) -> Self {
        let (name, tag) = text.split_once("(tag=").unwrap_or((text, ""));
        let tag = tag.strip_suffix(')').map(str::to_owned);
        Self { name: name.to_owned(), tag, notes: notes.clone() }
    }
}

impl<S> Layer<S> for Noting {
    type Service = Noted<S>;

    fn layer(&self, inner: S) -> Noted<S> {
        Noted { inner, noting: self.clone() }
    }
}

#[derive(Clone)]
struct Noted<S> {
    inner: S,
    noting: Noting,
}

impl<S> Service<Incoming> for Noted<S>
where
    S: Service<Incoming, Response = Outgoing, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = Outgoing;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Noting { name, tag, notes } = self.noting.clone();
        notes.add(json!(match tag {
            Some(tag) => format!("{name}-before-{tag}"),
            None => format!("{name}-before"),
        }));
        let called = self.inner.call(incoming);
        Box::pin(async move {
            let answer = called.await;
            notes.add(json!(format!("{name}-after")));
            answer
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoOptions {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    stack: Vec<String>,
    #[serde(default)]
    event: Value,
}

pub(super) fn replay(case: &Case) -> Replay {
    variables(case, &[])?;
    let NoOptions {} = read("decorators", &case.json["config"])?;
    let input: Input = read("an input", &case.json["input"])?;
    let expected = &case.json["expected"];
    only_these(expected, &["order", "result"])?;
    let notes = Notes::default();
    let stack = input.stack.iter().map(String::as_str);
    let [outer, inner] = &stack.map(|text| Noting::read(text, &notes)).collect::<Vec<_>>()[..] else {
        return unsupported("decorators that are not two");
    };
    let (noted, result) = (notes.clone(), expected["result"].clone());
    let function = move |_: Event<Value>| {
        noted.add(json!("handler"));
        std::future::ready(Ok::<_, BoxError>(result.clone()))
    };
    let layers = tower::ServiceBuilder::new().layer(outer.clone()).layer(inner.clone());
    let result = match send(pilaster::handler(function).layer(layers), &input.event) {
        Sent::Answer(answer) => answer,
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    Ok(Compared { expected: expected.clone(), observed: json!({ "order": notes.all(), "result": result }) })
}
