use std::task::{Context, Poll};

use pilaster::tools::{Input, Tool, Tools};
use pilaster::{FunctionError, Incoming, Outgoing};
use tower::{Layer, Service};

#[derive(Clone)]
struct PassLayer;

#[derive(Clone)]
struct Pass<S>(S);

impl<S> Layer<S> for PassLayer {
    type Service = Pass<S>;

    fn layer(&self, inner: S) -> Pass<S> {
        Pass(inner)
    }
}

impl<S: Service<Incoming, Response = Outgoing, Error = FunctionError>> Service<Incoming> for Pass<S> {
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, event: Incoming) -> S::Future {
        self.0.call(event)
    }
}

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

async fn ask(Input(ask): Input<Ask>) -> String {
    ask.city
}

fn main() {
    let _ = Tools::new().add(ask).layer(PassLayer);
}
