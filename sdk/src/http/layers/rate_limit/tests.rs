mod caller;

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tower::{ServiceExt as _, service_fn};

use super::*;
use crate::core::layer_mistakes::collect;
use crate::http::Claims;
use crate::http::layers::stack::Stack;
use crate::rate_limit::{MemoryStore, Quota, Store, Taken};
use crate::testing::Caller;
use crate::testing::http::{self as request, TestResponse};

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
struct Clock(Arc<Mutex<Duration>>);

impl Clock {
    fn go_on(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    fn limit(&self, quota: Quota) -> RateLimit {
        let clock = self.clone();
        let read = move || UNIX_EPOCH + Duration::from_millis(1_704_164_645_750) + *clock.0.lock().unwrap();
        RateLimit::new(MemoryStore::new(), quota).clock(read)
    }
}

async fn hello(_: crate::http::Method) -> &'static str {
    "hello"
}

fn limited(layer: RateLimitLayer) -> Caller<impl crate::RawService> {
    Caller::new(crate::handler(hello).layer(Stack::new().rate_limit(layer)))
}

async fn get(caller: &Caller<impl crate::RawService>) -> TestResponse {
    caller.send(request::get("/")).await.unwrap()
}

/// Sends an event, and returns the status.
async fn status(caller: &Caller<impl crate::RawService>, event: &serde_json::Value) -> u64 {
    caller.call(event.clone()).await.unwrap()["statusCode"].as_u64().unwrap()
}

#[tokio::test]
async fn a_refused_caller_is_told_why_and_is_admitted_after_the_time_that_it_was_told() {
    for quota in [Quota::per_minute(7).burst(2), Quota::per_second(10).burst(1), Quota::per_hour(3)] {
        let clock = Clock::default();
        let caller = limited(RateLimitLayer::new(clock.limit(quota).name("search")));
        let mut refused = get(&caller).await;
        while refused.status() == 200 {
            refused = get(&caller).await;
        }
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        let problem: serde_json::Value = refused.json().unwrap();
        assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
        assert_eq!((&problem["status"], &problem["violated-policies"]), (&json!(429), &json!(["search"])));
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds >= 1);
        assert!(
            refused.header("ratelimit").is_none() && refused.header("ratelimit-policy").is_none(),
            "off by default"
        );
        clock.go_on(Duration::from_secs(seconds));
        assert_eq!(get(&caller).await.status(), 200);
    }
}

/// Reads a list of strings with whole numbers as parameters, by another implementation of RFC 9651.
fn parsed(field: &str) -> Vec<(String, Vec<(&str, i64)>)> {
    let list = sfv::Parser::new(field).parse::<sfv::List>().unwrap();
    let item = |entry: &sfv::ListEntry| {
        let sfv::ListEntry::Item(item) = entry else { panic!("{field}") };
        let number = |(key, value): (&sfv::Key, &sfv::BareItem)| {
            let name = ["q", "w", "r", "t"].into_iter().find(|name| key.as_str() == *name).unwrap();
            (name, i64::from(value.as_integer().unwrap()))
        };
        (item.bare_item.as_string().unwrap().as_str().to_owned(), item.params.iter().map(number).collect())
    };
    list.iter().map(item).collect()
}

#[tokio::test]
async fn the_fields_say_what_is_left() {
    let clock = Clock::default();
    let caller = limited(RateLimitLayer::new(clock.limit(Quota::per_minute(120).burst(3))).headers());
    for (status, left) in [(200, "r=2;t=1"), (200, "r=1;t=1"), (200, "r=0;t=2"), (429, "r=0;t=2")] {
        let response = get(&caller).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.header("ratelimit-policy"), Some("\"caller\";q=120;w=60"));
        assert_eq!(response.header("ratelimit"), Some(&*format!("\"caller\";{left}")));
    }
    let response = get(&caller).await;
    assert_eq!(
        parsed(response.header("ratelimit-policy").unwrap()),
        [("caller".to_owned(), vec![("q", 120), ("w", 60)])]
    );
    assert_eq!(parsed(response.header("ratelimit").unwrap()), [("caller".to_owned(), vec![("r", 0), ("t", 2)])]);
    let odd = Quota::new(1, Duration::from_millis(2_500));
    assert_eq!(fields::policy("caller", &odd), "\"caller\";q=1", "no whole seconds");
}

#[tokio::test]
async fn several_limits_apply_together_and_each_one_is_named() {
    let clock = Clock::default();
    let of = |quota, name: &str| RateLimitLayer::new(clock.limit(quota).name(name)).headers();
    let (second, day) = (of(Quota::per_second(1), "second"), of(Quota::per_day(2), "day"));
    let caller = Caller::new(crate::handler(hello).layer(Stack::new().rate_limit(second).rate_limit(day)));
    let response = get(&caller).await;
    assert_eq!(response.headers().get_all("ratelimit").iter().count(), 1, "joined in the event");
    let fields = response.header("ratelimit").unwrap();
    let expected = [("day".to_owned(), vec![("r", 1), ("t", 43_200)]), ("second".to_owned(), vec![("r", 0), ("t", 1)])];
    assert_eq!(parsed(fields), expected);
    let violated = async || get(&caller).await.json::<serde_json::Value>().unwrap()["violated-policies"].clone();
    assert_eq!(violated().await, json!(["second"]));
    clock.go_on(Duration::from_secs(1));
    assert_eq!(get(&caller).await.status(), 200);
    clock.go_on(Duration::from_secs(1));
    assert_eq!(violated().await, json!(["day"]));
}

#[tokio::test]
async fn cors_preflights_are_free_and_pages_may_read_the_fields() {
    use crate::http::CorsLayer;

    let layer = RateLimitLayer::new(Clock::default().limit(Quota::per_hour(1))).headers();
    let cors = CorsLayer::new().allow_origins(["https://app.example.com"]);
    let caller = Caller::new(crate::handler(hello).layer(Stack::new().rate_limit(layer).cors(cors)));
    let origin = |request: request::Request| request.header("origin", "https://app.example.com");
    for _ in 0..3 {
        let preflight = origin(request::request("OPTIONS", "/")).header("access-control-request-method", "GET");
        assert_eq!(caller.send(preflight).await.unwrap().status(), 204);
    }
    for status in [200, 429] {
        let response = caller.send(origin(request::get("/"))).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(response.header("access-control-expose-headers"), Some("retry-after,ratelimit-policy,ratelimit"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_cut_off_by_the_deadline_and_a_closed_limit_says_when_to_retry() {
    #[derive(Clone)]
    struct Hangs;
    impl Store for Hangs {
        async fn take(&self, _: &str, _: &Quota, _: SystemTime) -> Result<Taken, BoxError> {
            std::future::pending().await
        }
    }
    let limit = RateLimit::new(Hangs, Quota::per_second(1));
    assert_eq!(get(&limited(RateLimitLayer::new(limit.clone()).headers())).await.status(), 200);
    let closed = get(&limited(RateLimitLayer::new(limit.clone().fail_closed()))).await;
    assert_eq!((closed.status(), closed.header("retry-after")), (503, Some("1")));
    let slow = limited(RateLimitLayer::new(limit.timeout(Duration::from_secs(900))));
    assert_eq!(get(&slow.with_time_left(Duration::from_secs(3))).await.status(), 504);
}

#[tokio::test]
async fn it_fits_around_one_route_and_hands_on_the_decision() {
    let layer = RateLimitLayer::new(Clock::default().limit(Quota::per_hour(2)));
    let left = async |decision: axum::Extension<Decision>| decision.remaining().to_string();
    let router = axum::Router::new()
        .route("/limited", axum::routing::get(left))
        .route_layer(layer)
        .route("/free", axum::routing::get(hello));
    let caller = Caller::new(crate::http::service(router));
    for text in ["1", "0"] {
        assert_eq!(caller.send(request::get("/limited")).await.unwrap().text(), text);
    }
    assert_eq!(caller.send(request::get("/limited")).await.unwrap().status(), 429);
    assert_eq!(caller.send(request::get("/free")).await.unwrap().status(), 200);
}

#[test]
fn a_mistake_is_reported_when_the_layer_is_applied() {
    let apply = |layer: RateLimitLayer| {
        let inner = service_fn(async |_: Request<Body>| Ok::<_, BoxError>(Response::new(Body::empty())));
        collect(|| drop(layer.layer(inner))).unwrap_err()
    };
    let limit = || RateLimit::new(MemoryStore::new(), Quota::per_second(1));
    assert!(apply(RateLimitLayer::new(limit()).by_jmespath("[")).contains("not a JMESPath expression"));
    assert!(apply(RateLimitLayer::new(limit()).by_jmespath(&"a.".repeat(70))).contains("more than 64 steps"));
    let none = RateLimit::new(MemoryStore::new(), Quota::per_second(0));
    assert_eq!(apply(RateLimitLayer::new(none)), "rate limit: the limit and the burst must be at least 1");
}

#[tokio::test]
async fn outside_of_lambda_all_requests_share_a_quota_and_nothing_panics() {
    let inner = service_fn(async |_: Request<Body>| Ok::<_, BoxError>(Response::new(Body::empty())));
    let service = RateLimitLayer::new(Clock::default().limit(Quota::per_hour(1))).by_claim("sub").layer(inner);
    for expected in [200, 429] {
        let response = service.clone().oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), expected);
    }
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn refusals_and_failures_are_metrics() {
    use crate::observe::metrics::{BuiltIn, CapturedMetrics, MetricsLayer};

    struct Fails;
    impl Store for Fails {
        async fn take(&self, _: &str, _: &Quota, _: SystemTime) -> Result<Taken, BoxError> {
            Err("no table".into())
        }
    }
    let captured = CapturedMetrics::default();
    let metrics = MetricsLayer::new().namespace("Shop").writer(captured.clone());
    let metrics = metrics.built_in(BuiltIn::RateLimitRefusals).built_in(BuiltIn::RateLimitFailures);
    let works = RateLimitLayer::new(Clock::default().limit(Quota::per_hour(1)));
    let fails = RateLimitLayer::new(RateLimit::new(Fails, Quota::per_hour(1)));
    let stack = Stack::new().rate_limit(works).rate_limit(fails);
    let caller = Caller::new(crate::handler(hello).layer(stack).outer(metrics));
    for status in [200, 429, 429] {
        assert_eq!(get(&caller).await.status(), status);
    }
    assert_eq!(captured.values("RateLimitRefusals"), [1.0, 1.0]);
    assert_eq!(captured.values("RateLimitFailures"), [1.0]);
}
