//! Layers that are not ready, or not yet.

use super::*;

#[tokio::test]
async fn a_service_that_is_never_ready_to_work_is_a_500_each_time() {
    #[derive(Clone)]
    struct Broken;
    impl Service<http::Request<Body>> for Broken {
        type Response = Response;
        type Error = Box<dyn StdError + Send + Sync>;
        type Future = std::future::Ready<Result<Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err("the pool is closed".into()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            panic!("it was not ready")
        }
    }
    // One for each, since the inner services have two types.
    let in_stack = tower::layer::layer_fn(|_| Broken);
    let in_stack = Caller::new(pilaster::handler(hello).layer(Stack::new().layer(in_stack)));
    let alone = Caller::new(pilaster::handler(hello).without_stack().layer(tower::layer::layer_fn(|_| Broken)));
    for _ in 0..2 {
        for answer in [answered(&in_stack).await, answered(&alone).await] {
            assert_eq!(answer["statusCode"], 500);
            assert!(!answer.to_string().contains("pool"), "{answer}");
        }
    }
}

/// A service that is ready after this time, or never.
#[derive(Clone)]
struct Busy<S> {
    inner: S,
    after: Option<Duration>,
    waits: std::sync::Arc<std::sync::Mutex<Option<std::pin::Pin<Box<tokio::time::Sleep>>>>>,
}

fn busy<S>(after: Option<Duration>) -> impl Layer<S, Service = Busy<S>> + Clone {
    tower::layer::layer_fn(move |inner| Busy { inner, after, waits: Default::default() })
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for Busy<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let Some(after) = self.after else { return Poll::Pending };
        let mut waits = self.waits.lock().unwrap();
        let wait = waits.get_or_insert_with(|| Box::pin(tokio::time::sleep(after)));
        std::task::ready!(wait.as_mut().poll(cx));
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_is_never_ready_is_answered_in_time() {
    let start = tokio::time::Instant::now();
    let time = Duration::from_secs(3);
    let stack = Caller::new(pilaster::handler(hello).layer(with_headers().layer(busy(None)))).with_time_left(time);
    let answer = answered(&stack).await;
    assert_eq!((&answer["statusCode"], start.elapsed() < time), (&json!(504), true));
    has_headers(&answer);

    // No layer watches over the time here.
    let start = tokio::time::Instant::now();
    let alone = Caller::new(pilaster::handler(hello).without_stack().layer(busy(None))).with_time_left(time);
    assert_eq!((&answered(&alone).await["statusCode"], start.elapsed() < time), (&json!(504), true));
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_gets_ready_is_waited_for() {
    let stack = with_headers().layer(busy(Some(Duration::from_secs(2))));
    let caller = Caller::new(pilaster::handler(hello).layer(stack)).with_time_left(Duration::from_secs(3));
    assert_eq!(answered(&caller).await["body"], "hello");
}

#[tokio::test]
async fn a_panic_of_readiness_keeps_the_headers_of_the_stack() {
    let caller = Caller::new(pilaster::handler(hello).layer(with_headers().layer(tower::layer::layer_fn(|_| Panics))));
    let answer = answered(&caller).await;
    assert_eq!(answer["statusCode"], 500);
    has_headers(&answer);
}
