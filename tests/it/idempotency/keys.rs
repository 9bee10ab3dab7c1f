//! The key of a request in the hands of the function, which makes its effect idempotent, too.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use axum::Router;
use axum::routing::post;
use pilaster::http::IdempotencyKey;

use super::*;

/// A provider that charges once per key, and whose first answer for each key is lost.
#[derive(Clone, Default)]
struct Provider(Arc<Mutex<BTreeMap<String, u32>>>);

impl FromClients for Provider {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Err("a test puts its own in place".into())
    }
}

impl Provider {
    fn charge(&self, key: String, amount: u32) -> Result<u32, io::Error> {
        let mut charges = self.0.lock().unwrap();
        let is_first = !charges.contains_key(&key);
        let charged = *charges.entry(key).or_insert(amount);
        if is_first { Err(io::ErrorKind::TimedOut.into()) } else { Ok(charged) }
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

async fn pay(
    Client(provider): Client<Provider>,
    key: IdempotencyKey,
    Json(order): Json<Order>,
) -> Result<String, HttpError> {
    Ok(provider.charge(key.effect_id("charge"), order.amount)?.to_string())
}

fn with(provider: &Provider) -> (http::Stack, Clients) {
    let clients = Clients::new();
    clients.insert(provider.clone());
    (http::Stack::new().idempotency(IdempotencyLayer::new(once(&MemoryStore::new()))), clients)
}

#[tokio::test]
async fn an_effect_whose_answer_is_lost_happens_once_per_caller_and_key() {
    let provider = Provider::default();
    let (stack, clients) = with(&provider);
    let caller = Caller::new(handler(pay).layer(stack)).with_clients(clients);
    let send = async |user: &str, key: &str| {
        let request =
            request::post("/orders").claims(json!({ "sub": user, "iss": "i" })).header("idempotency-key", key);
        caller.send(request.json(json!({ "id": 1, "amount": 5 }))).await.unwrap().status()
    };
    for (user, charges) in [("ada", 1), ("bob", 2)] {
        assert_eq!([send(user, "k").await, send(user, "k").await, send(user, "\"k\"").await], [500, 200, 200]);
        assert_eq!(provider.count(), charges, "{user}");
    }
    assert_eq!([send("ada", "K").await, send("ada", "K").await], [500, 200]);
    assert_eq!(provider.count(), 3);
}

#[tokio::test]
async fn a_route_of_a_nested_router_has_the_key_of_the_whole_path() {
    let provider = Provider::default();
    let send = async |caller: &Caller<_>, path: &str| -> [u16; 2] {
        let request = || request::post(path).header("idempotency-key", "k").json(json!({ "id": 1, "amount": 5 }));
        [caller.send(request()).await.unwrap().status(), caller.send(request()).await.unwrap().status()]
    };
    let routes = || Router::new().route("/orders", post(pay));
    let (stack, clients) = with(&provider);
    let router = Router::new().nest("/a", routes()).nest("/b", routes());
    let caller = Caller::new(http::service(router).layer(stack)).with_clients(clients);
    assert_eq!([send(&caller, "/a/orders").await, send(&caller, "/b/orders").await], [[500, 200]; 2]);
    assert_eq!(provider.count(), 2, "one for each path");
}

#[tokio::test]
async fn a_function_may_do_without_a_key() {
    async fn maybe(key: Option<IdempotencyKey>) -> String {
        key.map_or_else(|| "none".to_owned(), |key| key.as_str().to_owned())
    }
    let (stack, _) = with(&Provider::default());
    let caller = Caller::new(handler(maybe).layer(stack));
    assert_eq!(caller.send(request::post("/")).await.unwrap().text(), "none");
    let with_key = request::post("/").header("idempotency-key", r#""a \"quoted\" key""#);
    assert_eq!(caller.send(with_key).await.unwrap().text(), r#"a "quoted" key"#);

    let without_layer = Caller::new(handler(maybe));
    let response = without_layer.send(request::post("/").header("idempotency-key", "k")).await.unwrap();
    assert_eq!(response.status(), 500);
    assert!(!response.text().contains("layer"), "a mistake of the function is not shown: {}", response.text());
}
