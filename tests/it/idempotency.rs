//! Idempotent functions of every kind, and the attribute on any function.

mod answers;
#[path = "idempotency/http.rs"]
mod callers;
mod keys;
mod model;
mod opaque;
mod proofs;
mod records;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use pilaster::http::{self, CorsLayer, ErrorLayer, HttpError, Json};
use pilaster::idempotency::{Idempotency, IdempotencyError, IdempotencyLayer, MemoryStore, Status};
use pilaster::testing::{Caller, http as request};
use pilaster::{BoxError, Client, Clients, Event, FromClients, Invocation, Sqs, handler, idempotent};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize, Serialize)]
struct Order {
    id: u64,
    #[serde(default)]
    amount: u32,
}

/// The counter of charges.
#[derive(Clone, Default)]
struct Charges(Arc<AtomicU32>);

impl Charges {
    fn add(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl FromClients for Charges {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Err("a test puts its own in place".into())
    }
}

fn clients(charges: &Charges) -> Clients {
    let clients = Clients::new();
    clients.insert(charges.clone());
    clients
}

fn once(store: &MemoryStore) -> Idempotency {
    Idempotency::new(store.clone(), "orders")
}

#[derive(Debug)]
struct Declined;

impl std::fmt::Display for Declined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the card was declined")
    }
}

impl std::error::Error for Declined {}

async fn charge(Client(charges): Client<Charges>, Event(order): Event<Order>) -> Result<Option<u32>, Declined> {
    match order.amount {
        0 => Err(Declined),
        // An empty result is a result too.
        1 => Ok(Some(charges.add()).filter(|_| false)),
        _ => Ok(Some(charges.add())),
    }
}

#[tokio::test]
async fn an_event_is_answered_twice_and_a_failure_keeps_its_name() {
    let (store, charges) = (MemoryStore::new(), Charges::default());
    let layer = IdempotencyLayer::new(once(&store).key("id"));
    let caller = Caller::new(handler(charge).layer(layer)).with_clients(clients(&charges));
    for _ in 0..2 {
        assert_eq!(caller.call(json!({ "id": 1, "amount": 5 })).await.unwrap(), 1);
        assert_eq!(caller.call(json!({ "id": 2, "amount": 1 })).await.unwrap(), Value::Null);
        let error = caller.call(json!({ "id": 3, "amount": 0 })).await.unwrap_err();
        assert_eq!((error.error_type(), error.message()), ("Declined", "the card was declined"));
    }
    assert_eq!(charges.count(), 2);
    assert_eq!(store.all().len(), 2, "a failure leaves no record");
}

#[tokio::test]
async fn a_lock_ends_with_the_invocation() {
    static STORE: LazyLock<MemoryStore> = LazyLock::new(MemoryStore::new);
    async fn look(invocation: Invocation, _: Event<Value>) -> Result<(Option<u64>, u64), BoxError> {
        let lock = STORE.all().first().and_then(|record| record.in_progress_expiration);
        Ok((lock, invocation.context().deadline))
    }
    let caller = Caller::new(handler(look).layer(IdempotencyLayer::new(once(&STORE))));
    let ends = caller.with_time_left(Duration::from_secs(7)).call(json!({ "id": 1 })).await.unwrap();
    assert!(ends[0].is_u64() && ends[0] == ends[1], "{ends}");
}

#[tokio::test]
async fn an_event_in_progress_is_an_error_that_says_so() {
    let store = MemoryStore::new();
    let Ok(pilaster::idempotency::Begun::Run(_running)) =
        once(&store).begin(&pilaster::idempotency::Document::of(&json!({ "id": 1 })).unwrap(), None).await
    else {
        panic!("it is the first")
    };
    let never = async |_: Event<Value>| Ok::<_, BoxError>("ran");
    let error = Caller::new(handler(never).layer(IdempotencyLayer::new(once(&store))));
    let error = error.call(json!({ "id": 1 })).await.unwrap_err();
    assert_eq!(error.error_type(), "IdempotencyAlreadyInProgressError");
}

fn message(id: &str, body: &Value) -> Value {
    json!({
        "messageId": id, "receiptHandle": "h", "body": body.to_string(), "eventSource": "aws:sqs",
        "attributes": { "ApproximateReceiveCount": "1" }, "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
        "awsRegion": "eu-west-1", "messageAttributes": {}, "md5OfBody": "",
    })
}

async fn from_queue(Client(charges): Client<Charges>, order: Sqs<Order>) -> Result<(), Declined> {
    if order.amount == 0 {
        return Err(Declined);
    }
    charges.add();
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_delivered_again_has_its_effect_once_and_a_failed_one_comes_back() {
    let (store, charges) = (MemoryStore::new(), Charges::default());
    let caller = Caller::new(handler(from_queue).layer(IdempotencyLayer::new(once(&store))));
    let caller = caller.with_clients(clients(&charges));
    let order = json!({ "id": 7, "amount": 1 });
    let batch = json!({ "Records": [
        message("m1", &order), message("m2", &order), message("m3", &json!({ "id": 8, "amount": 0 })),
    ] });
    for _ in 0..2 {
        let answer = caller.call(batch.clone()).await.unwrap();
        assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m3" }] }));
    }
    assert_eq!(charges.count(), 2, "two messages, each once");

    let by_order = IdempotencyLayer::new(once(&store).key("powertools_json(body).id").prefix("by order"));
    let caller = Caller::new(handler(from_queue).layer(by_order)).with_clients(clients(&charges));
    for _ in 0..2 {
        caller.call(json!({ "Records": [message("m4", &order), message("m5", &order)] })).await.unwrap();
    }
    assert_eq!(charges.count(), 3, "one order");
}

async fn pay(Client(charges): Client<Charges>, Json(order): Json<Order>) -> Result<Json<u32>, HttpError> {
    if order.amount == 0 {
        return Err(Declined.into());
    }
    Ok(Json(charges.add()))
}

#[tokio::test]
async fn a_replay_has_this_callers_cors_headers_and_errors_are_mapped_above() {
    let (store, charges) = (MemoryStore::new(), Charges::default());
    let stack = http::Stack::new()
        .idempotency(IdempotencyLayer::new(once(&store).require_key()))
        .errors(ErrorLayer::new().on::<Declined>(402))
        .cors(CorsLayer::new().allow_origins(["https://a.example.com", "https://b.example.com"]));
    let caller = Caller::new(handler(pay).layer(stack)).with_clients(clients(&charges));
    let pay = async |key: &str, origin: &str, amount: u32| {
        let request = request::post("/pay").header("origin", origin).header("idempotency-key", key);
        caller.send(request.json(json!({ "id": 1, "amount": amount }))).await.unwrap()
    };
    for origin in ["https://a.example.com", "https://b.example.com"] {
        let answer = pay("1", origin, 5).await;
        assert_eq!((answer.status(), &*answer.text()), (200, "1"));
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    }
    let other = pay("1", "https://b.example.com", 6).await;
    assert_eq!(other.status(), 422);
    assert_eq!(other.header("content-type"), Some("application/problem+json"));
    assert_eq!(other.header("access-control-allow-origin"), Some("https://b.example.com"));
    assert_eq!(pay("2", "https://a.example.com", 0).await.status(), 402);
    assert_eq!(pay("2", "https://a.example.com", 5).await.text(), "2", "the failure was not recorded");
    assert_eq!(caller.send(request::post("/pay").json(json!({ "id": 1 }))).await.unwrap().status(), 400);
}

#[tokio::test]
async fn two_callers_by_their_tokens_may_use_one_key() {
    let (store, charges) = (MemoryStore::new(), Charges::default());
    let stack = http::Stack::new().idempotency(IdempotencyLayer::new(once(&store)));
    let caller = Caller::new(handler(pay).layer(stack)).with_clients(clients(&charges));
    for (who, answer) in [("ada", "1"), ("eve", "2"), ("ada", "1")] {
        let request = request::post("/pay").header("idempotency-key", "k").claims(json!({ "sub": who }));
        assert_eq!(caller.send(request.json(json!({ "id": 1, "amount": 5 }))).await.unwrap().text(), answer);
    }
}

#[tokio::test]
async fn a_key_selected_from_a_request_is_the_one_that_powertools_makes_of_the_event() {
    // The hashes are from Powertools for Python.
    let mut event = tests::http::event("java/idempotency/apigw_event.json");
    event["headers"]["Content-Type"] = json!("application/json");
    for (key, hash) in [
        ("powertools_json(body).id", "2fef178cc82be5ce3da6c5e0466a6182"),
        ("[body, queryStringParameters]", "880b67c3899655dc64972ede03a2fbb3"),
    ] {
        let store = MemoryStore::new();
        let stack = http::Stack::new().idempotency(IdempotencyLayer::new(once(&store).key(key)));
        let answer = async |_: Json<Value>| "paid";
        let caller = Caller::new(handler(answer).layer(stack));
        assert_eq!(caller.call(event.clone()).await.unwrap()["statusCode"], 200);
        assert_eq!(store.all()[0].id, format!("orders#{hash}"));
    }
}

// ------------------------------------------------------------------------------------------------ #[idempotent]

static STORE: LazyLock<MemoryStore> = LazyLock::new(MemoryStore::new);
static ONCE: LazyLock<Idempotency> = LazyLock::new(|| once(&STORE));

/// A function with all that a signature can have.
#[idempotent(key = "customer, order.id", payload = "order.amount", with = ONCE, invocation = invocation)]
pub(crate) async fn settle<T>(
    charges: &Charges,
    customer: &str,
    mut order: Order,
    invocation: &Invocation,
    (note, _): (&'static str, T),
) -> Result<(String, u32), BoxError> {
    order.amount += charges.add();
    let _ = invocation;
    if note == "fail" {
        return Err(Declined.into());
    }
    Ok((format!("{customer}: {note}"), order.amount))
}

#[tokio::test]
async fn any_function_runs_once_per_key() {
    let (charges, invocation) = (Charges::default(), Invocation::new(Context::default()));
    let settle = async |customer, id, amount, note| {
        settle(&charges, customer, Order { id, amount }, &invocation, (note, ())).await
    };
    settle("ada", 1, 10, "fail").await.unwrap_err();
    let first = settle("ada", 1, 10, "first").await.unwrap();
    assert_eq!(first, ("ada: first".to_owned(), 12));
    assert_eq!(settle("ada", 1, 10, "again").await.unwrap(), first);
    assert_eq!(settle("eve", 1, 10, "other").await.unwrap(), ("eve: other".to_owned(), 13));
    let error = settle("ada", 1, 11, "again").await.unwrap_err();
    assert!(error.downcast::<IdempotencyError>().unwrap().is_payload_mismatch());
    let ids = STORE.all().into_iter().filter(|record| record.status == Status::Completed).map(|record| record.id);
    assert!(ids.into_iter().all(|id| id.starts_with("orders.it.idempotency.settle#")), "{:?}", STORE.all());
}

static REFUNDS: LazyLock<Idempotency> = LazyLock::new(|| once(&MemoryStore::new()));

/// An argument of the name that the macro uses itself, and one of the function's own.
#[idempotent(key = "begun, refund", with = REFUNDS)]
async fn refund(begun: u32, refund: u32) -> Result<u32, BoxError> {
    Ok(begun + refund)
}

#[tokio::test]
async fn arguments_have_any_name() {
    assert_eq!(refund(1, 2).await.unwrap(), 3);
    assert_eq!(refund(1, 2).await.unwrap(), 3);
}

#[idempotent(key = "id")]
async fn global(id: u32) -> Result<u32, IdempotencyError> {
    Ok(id)
}

#[tokio::test]
async fn without_settings_the_error_says_what_to_write() {
    let error = global(1).await.unwrap_err();
    assert!(error.to_string().contains("with = .."), "{error}");
}
