//! `function()` of a handler returns what `main` runs: each option of `#[lambda_handler]` is in it. A test fails without
//! the option that its module is named after.
#![allow(dead_code, clippy::unwrap_used)]

mod names;

use pilaster::testing::Caller;
use pilaster::{BoxError, Clients, FromClients, IntoService, RawService};

/// Two types of clients, which nothing but a warm-up creates.
#[derive(Clone)]
struct Users;

#[derive(Clone)]
struct Orders;

impl FromClients for Users {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Ok(Users)
    }
}

impl FromClients for Orders {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Ok(Orders)
    }
}

mod layer {
    use pilaster::http::{ErrorLayer, HttpError, Method, Stack};
    use pilaster::testing::{Caller, http};

    #[pilaster::lambda_handler(layer = Stack::new().errors(ErrorLayer::new().on::<std::io::Error>(503)))]
    async fn get(_: Method) -> Result<(), HttpError> {
        Err(std::io::Error::other("the table is gone").into())
    }

    #[tokio::test]
    async fn the_layer_answers_the_error() {
        assert_eq!(Caller::new(get::function()).send(http::get("/")).await.unwrap().status(), 503);
    }
}

mod outer {
    use pilaster::{BoxError, Event, Incoming, Outgoing, RawService};
    use serde_json::{Value, json};
    use tower::{Layer, Service};

    /// Appends a name to each event.
    struct Named(&'static str);

    #[derive(Clone)]
    struct Naming<S>(S, &'static str);

    impl<S> Layer<S> for Named {
        type Service = Naming<S>;

        fn layer(&self, inner: S) -> Naming<S> {
            Naming(inner, self.0)
        }
    }

    impl<S: RawService> Service<Incoming> for Naming<S> {
        type Response = Outgoing;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, mut incoming: Incoming) -> S::Future {
            let mut names: Vec<String> = serde_json::from_str(incoming.event.get()).unwrap();
            names.push(self.1.to_owned());
            incoming.event = serde_json::value::to_raw_value(&names).unwrap().into();
            self.0.call(incoming)
        }
    }

    #[pilaster::lambda_handler(outer = Named("first"), outer = Named("second"))]
    async fn names(Event(names): Event<Value>) -> Result<Value, BoxError> {
        Ok(names)
    }

    #[tokio::test]
    async fn both_layers_get_the_event_the_first_one_first() {
        let caller = pilaster::testing::Caller::new(names::function());
        assert_eq!(caller.call(json!([])).await.unwrap(), json!(["first", "second"]));
    }
}

mod warm {
    use super::*;
    use pilaster::{Client, Event};

    #[pilaster::lambda_handler(warm(Client<Users>, Client<Orders>))]
    async fn count(_: Event<()>) -> Result<u32, BoxError> {
        Ok(7)
    }

    #[tokio::test]
    async fn each_value_is_created_in_the_registry_of_the_caller_before_the_first_call() {
        let clients = Clients::new();
        let caller = Caller::new(count::function()).with_clients(clients.clone());
        assert!(!clients.contains::<Users>() && !clients.contains::<Orders>());
        caller.warm_up().await;
        assert!(clients.contains::<Users>() && clients.contains::<Orders>());
        assert!(!Clients::global().contains::<Users>());
    }
}

mod warm_that_fails {
    use super::*;
    use pilaster::observe::logging::CapturedLogs;
    use pilaster::{Client, Event};

    #[derive(Clone)]
    struct Gone;

    impl FromClients for Gone {
        async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
            Err("the table is gone".into())
        }
    }

    #[derive(Clone)]
    struct Broken;

    impl FromClients for Broken {
        async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
            panic!("boom")
        }
    }

    #[derive(Clone)]
    struct Slow;

    impl FromClients for Slow {
        async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
            std::future::pending().await
        }
    }

    #[pilaster::lambda_handler(warm(Client<Gone>, Client<Broken>, Client<Slow>, Client<Users>))]
    async fn count(_: Event<()>) -> Result<u32, BoxError> {
        Ok(7)
    }

    #[tokio::test(start_paused = true)]
    async fn the_others_are_created_and_the_log_names_each_that_was_not() {
        let (clients, logs) = (Clients::new(), CapturedLogs::default());
        let caller = Caller::new(count::function()).with_clients(clients.clone()).with_logs(&logs);
        caller.warm_up().await;
        assert!(clients.contains::<Users>());
        assert!(!clients.contains::<Gone>() && !clients.contains::<Broken>() && !clients.contains::<Slow>());
        let lines = logs.lines().iter().map(|line| line.to_string()).collect::<Vec<_>>();
        for reason in ["the table is gone", "it panicked", "it took longer than 8s"] {
            assert_eq!(lines.iter().filter(|line| line.contains(reason)).count(), 1, "{reason}: {lines:?}");
        }
        assert_eq!(caller.call(serde_json::Value::Null).await.unwrap(), 7, "the function starts all the same");
    }
}

mod route {
    use pilaster::http::Path;
    use pilaster::testing::{Caller, http};

    #[pilaster::lambda_handler(route = "GET /users/{id}")]
    async fn get(Path(id): Path<String>) -> String {
        id
    }

    #[tokio::test]
    async fn the_path_parameters_are_those_of_the_route() {
        let caller = Caller::new(get::function());
        assert_eq!(caller.routes(), ["GET /users/{id}"]);
        assert_eq!(caller.send(http::get("/users/a%20b")).await.unwrap().text(), "a b");
        let other = caller.send(http::get("/users/a").path_parameter("id", "b")).await.unwrap();
        assert_eq!(other.text(), "b");
        assert_eq!(caller.send(http::post("/users/a")).await.unwrap().status(), 500);
    }
}

mod streaming {
    use pilaster::http::Method;
    use pilaster::testing::{Caller, http};

    #[pilaster::lambda_handler(streaming)]
    async fn large(_: Method) -> Vec<u8> {
        vec![b'a'; 7 << 20]
    }

    #[tokio::test]
    async fn a_response_may_be_larger_than_a_whole_one() {
        let response = Caller::new(large::function()).send(http::get("/")).await.unwrap();
        assert_eq!((response.status(), response.bytes().len()), (200, 7 << 20));
    }
}

mod concurrency {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pilaster::Sqs;
    use pilaster::testing::{Caller, sqs};

    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    #[pilaster::lambda_handler(concurrency = 3)]
    async fn ship(_: Sqs<u32>) {
        MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_records_are_processed_at_the_same_time() {
        Caller::new(ship::function()).call(sqs(0..20)).await.unwrap();
        assert_eq!(MOST.load(Ordering::SeqCst), 3);
    }
}

mod batch {
    use pilaster::records::Batch;
    use pilaster::testing::{Caller, sqs};
    use pilaster::{BoxError, Sqs};

    #[pilaster::lambda_handler(batch = Batch::new().fail_if_all_fail())]
    async fn ship(_: Sqs<u32>) -> Result<(), BoxError> {
        Err("no".into())
    }

    #[tokio::test]
    async fn the_invocation_fails_if_all_records_fail() {
        assert!(Caller::new(ship::function()).call(sqs([1, 2])).await.is_err());
    }
}

mod margin {
    use std::time::Duration;

    use pilaster::testing::Caller;
    use pilaster::{BoxError, Event};
    use tokio::time::Instant;

    #[pilaster::lambda_handler(margin = Duration::from_secs(4))]
    async fn reserve(_: Event<u32>) -> Result<u32, BoxError> {
        std::future::pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn the_work_is_cancelled_before_the_deadline() {
        let start = Instant::now();
        let caller = Caller::new(reserve::function()).with_time_left(Duration::from_secs(10));
        assert!(caller.call(1).await.is_err());
        assert_eq!(start.elapsed().as_secs(), 6);
    }
}

mod error_type {
    use pilaster::Event;
    use pilaster::testing::Caller;

    #[derive(Debug, pilaster::ErrorType)]
    struct OutOfStock;

    impl std::fmt::Display for OutOfStock {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("nothing is left")
        }
    }

    impl std::error::Error for OutOfStock {}

    #[pilaster::lambda_handler]
    async fn reserve(_: Event<u32>) -> Result<u32, OutOfStock> {
        Err(OutOfStock)
    }

    #[tokio::test]
    async fn the_error_of_the_function_names_the_type() {
        let error = Caller::new(reserve::function()).call(1).await.unwrap_err();
        assert_eq!(error.error_type(), "OutOfStock");
    }
}

/// A mistake in a layer is found when the layer is applied, one in the route when the function is made.
mod mistakes {
    mod of_a_layer {
        use pilaster::http::{CorsLayer, Method, Stack};

        #[pilaster::lambda_handler(layer = Stack::new().cors(CorsLayer::new().allow_origins(["no origin"])))]
        pub(super) async fn get(_: Method) {}
    }

    mod of_a_route {
        use pilaster::http::Path;

        #[pilaster::lambda_handler(route = "GET /users")]
        pub(super) async fn get(_: Path<u64>) {}
    }

    use super::*;

    fn rejected(function: impl IntoService) -> String {
        function.into_service().map(|_| ()).unwrap_err().to_string()
    }

    fn panicked<R: RawService>(function: impl IntoService<Service = R>) -> String {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Caller::new(function))).unwrap_err();
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    #[test]
    fn into_service_returns_them_and_a_caller_panics_with_them() {
        let layer = rejected(of_a_layer::get::function());
        assert!(layer.contains("no origin"), "{layer}");
        assert_eq!(panicked(of_a_layer::get::function()), layer);
        let route = rejected(of_a_route::get::function());
        assert!(route.contains("which has no parameters"), "{route}");
        assert_eq!(panicked(of_a_route::get::function()), route);
    }
}

/// A resolver of AppSync: its last argument chooses the kind.
#[cfg(test)]
mod field {
    use std::time::Duration;

    use pilaster::appsync::{Arguments, Batch, Batched, Identity, Source};
    use pilaster::testing::{Caller, appsync};
    use serde_json::json;

    #[derive(Debug, pilaster::ErrorType)]
    enum PostError {
        NotFound,
    }

    impl std::fmt::Display for PostError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("there is no such post")
        }
    }

    impl std::error::Error for PostError {}

    mod single {
        use super::*;

        #[pilaster::lambda_handler(concurrency = 2, margin = Duration::from_secs(1))]
        async fn post(identity: Identity, Arguments(id): Arguments<u32>) -> Result<u32, PostError> {
            let _ = (identity, id);
            Err(PostError::NotFound)
        }

        #[tokio::test]
        async fn the_error_type_is_that_of_the_function() {
            let caller = Caller::new(post::function());
            let error = caller.call(appsync("Query", "post").arguments(json!({}))).await.unwrap_err();
            assert_eq!(error.error_type(), "InvalidArguments");
        }
    }

    mod of_source {
        use super::*;

        #[pilaster::lambda_handler]
        async fn author(Source(post): Source<u32>) -> Result<u32, PostError> {
            if post == 7 { Ok(8) } else { Err(PostError::NotFound) }
        }

        #[tokio::test]
        async fn the_error_type_is_that_of_the_function() {
            let caller = Caller::new(author::function());
            assert_eq!(caller.call(appsync("Post", "author").source(7)).await.unwrap(), 8);
            let error = caller.call(appsync("Post", "author").source(8)).await.unwrap_err();
            assert_eq!((error.error_type(), error.message()), ("NotFound", "there is no such post"));
        }
    }

    mod of_batch {
        use super::*;

        #[pilaster::lambda_handler]
        async fn comments(_: Identity, batch: Batch<u32>) -> Result<Batched<u32>, PostError> {
            Ok(batch.answer(|item| item.source + 1))
        }

        #[tokio::test]
        async fn the_batch_is_answered() {
            let caller = Caller::new(comments::function());
            let answer = caller.call(appsync("Post", "comments").batch([7])).await.unwrap();
            assert_eq!(answer, json!([{ "data": 8 }]));
        }
    }
}
