use std::task::{Context, Poll};

use pilaster::http::{Path, Stack};
use pilaster::lambda_handler;
use tower::{Layer, Service};

#[derive(Clone)]
struct CountLayer;

struct Count<S> {
    inner: S,
    count: u64,
}

impl<S> Layer<S> for CountLayer {
    type Service = Count<S>;

    fn layer(&self, inner: S) -> Count<S> {
        Count { inner, count: 0 }
    }
}

impl<S: Service<R>, R> Service<R> for Count<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.count += 1;
        self.inner.call(request)
    }
}

#[lambda_handler(layer = Stack::new().layer(CountLayer))]
async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}
