use std::task::{Context, Poll};

use pilaster::appsync::{FieldInfo, Resolvers};
use pilaster::{BoxError, FunctionError, Incoming, Outgoing};
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

async fn name(field: FieldInfo) -> Result<String, BoxError> {
    Ok(field.field_name().to_owned())
}

fn main() -> Result<(), pilaster::StartError> {
    let resolvers = Resolvers::new().field("Query", "name", name);
    pilaster::run(pilaster::handler(resolvers).layer(PassLayer))
}
