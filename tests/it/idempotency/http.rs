//! No caller of an HTTP function gets the response that was made for another.

use axum::http::request::Parts;
use pilaster::http::{FromRequestParts, StatusCode};

use super::*;

/// A stand-in for a router's middleware or the user's own: it accepts two tokens.
struct User(&'static str);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let sent =
            ["authorization", "x-api-key", "cookie"].iter().find_map(|name| parts.headers.get(*name)?.to_str().ok());
        match sent {
            Some("Bearer ada" | "ada" | "session=ada") => Ok(Self("ada")),
            Some("Bearer bob" | "bob" | "session=bob") => Ok(Self("bob")),
            _ => Err(StatusCode::UNAUTHORIZED),
        }
    }
}

async fn settle(
    Client(charges): Client<Charges>,
    User(user): User,
    Json(order): Json<Order>,
) -> Result<String, HttpError> {
    Ok(format!("order {} of {user}, effect {}", order.id, charges.add()))
}

#[tokio::test]
async fn a_replay_does_not_pass_by_a_token_that_is_checked_below() {
    for (header, ada, bob) in [
        ("authorization", "Bearer ada", "Bearer bob"),
        ("x-api-key", "ada", "bob"),
        ("cookie", "session=ada", "session=bob"),
    ] {
        let charges = Charges::default();
        let stack = http::Stack::new().idempotency(IdempotencyLayer::new(once(&MemoryStore::new())));
        let caller = Caller::new(handler(settle).layer(stack)).with_clients(clients(&charges));
        let send = async |token: Option<&str>| {
            let mut request = request::post("/orders").header("idempotency-key", "k");
            if let Some(token) = token {
                request = request.header(header, token);
            }
            let answer = caller.send(request.json(json!({ "id": 1 }))).await.unwrap();
            (answer.status(), answer.text().into_owned())
        };
        let of_ada = (200, "order 1 of ada, effect 1".to_owned());
        assert_eq!(send(Some(ada)).await, of_ada);
        assert_eq!(send(None).await.0, 401, "{header}");
        assert_eq!(send(Some("wrong")).await.0, 401, "{header}");
        assert_eq!(send(Some(bob)).await, (200, "order 1 of bob, effect 2".to_owned()));
        assert_eq!(send(Some(ada)).await, of_ada, "{header}");
        assert_eq!(charges.count(), 2);
    }
}

#[tokio::test]
async fn an_order_that_another_caller_sends_has_its_effect_once_and_shows_nothing() {
    let charges = Charges::default();
    let layer = IdempotencyLayer::new(once(&MemoryStore::new()).key("powertools_json(body).id").cache(10));
    let caller =
        Caller::new(handler(settle).layer(http::Stack::new().idempotency(layer))).with_clients(clients(&charges));
    let send = async |token: &str| {
        let request = request::post("/orders").header("authorization", token).json(json!({ "id": 7 }));
        let answer = caller.send(request).await.unwrap();
        (answer.status(), answer.text().into_owned())
    };
    assert_eq!(send("Bearer ada").await, (200, "order 7 of ada, effect 1".to_owned()));
    for token in ["Bearer bob", "none"] {
        let (status, text) = send(token).await;
        assert_eq!(status, 422);
        assert!(text.contains("already used by another caller") && !text.contains("ada"), "{text}");
    }
    assert_eq!(send("Bearer ada").await, (200, "order 7 of ada, effect 1".to_owned()));
    assert_eq!(charges.count(), 1);
}

pub(super) async fn add(Client(charges): Client<Charges>, _body: String) -> String {
    charges.add().to_string()
}

/// Returns the responses to the same key in several contexts of the same request, through each event.
pub(super) async fn with_contexts(layer: IdempotencyLayer, events: &[Value]) -> Vec<String> {
    let charges = Charges::default();
    let caller = Caller::new(handler(add).layer(http::Stack::new().idempotency(layer))).with_clients(clients(&charges));
    let mut answers = Vec::new();
    for event in events {
        answers.push(caller.call(event.clone()).await.unwrap()["body"].as_str().unwrap().to_owned());
    }
    answers
}

pub(super) fn rest(authorizer: &Value, identity: &Value, headers: &Value) -> Value {
    let mut all = json!({ "idempotency-key": "k" });
    all.as_object_mut().unwrap().extend(headers.as_object().unwrap().clone());
    json!({
        "resource": "/orders", "path": "/orders", "httpMethod": "POST", "headers": all, "body": "{}", "isBase64Encoded": false,
        "requestContext": { "resourcePath": "/orders", "stage": "prod", "httpMethod": "POST", "identity": identity, "authorizer": authorizer },
    })
}

pub(super) fn layer() -> IdempotencyLayer {
    IdempotencyLayer::new(once(&MemoryStore::new()))
}

#[tokio::test]
async fn each_caller_that_an_authorizer_names_has_separate_responses() {
    let (nothing, none) = (json!({}), json!({ "sourceIp": "127.0.0.1" }));
    // A principal that is the same for all, as in AWS's examples, and one that the authorizer names.
    let user = |name: &str, took: u32| json!({ "principalId": "user", "tenant": name, "integrationLatency": took });
    let events = [user("ada", 3), user("bob", 4), user("ada", 5)].map(|user| rest(&user, &none, &nothing));
    assert_eq!(with_contexts(layer(), &events).await, ["1", "2", "1"]);

    // One that checks the token and names no caller.
    let token = |token: &str| rest(&json!({ "principalId": "user" }), &none, &json!({ "Authorization": token }));
    assert_eq!(with_contexts(layer(), &[token("a"), token("b"), token("a")]).await, ["1", "2", "1"]);

    // An API key is an application's, whose users have tokens.
    let key = |token: &str| rest(&Value::Null, &json!({ "apiKeyId": "x" }), &json!({ "Authorization": token }));
    assert_eq!(with_contexts(layer(), &[key("a"), key("b"), key("a")]).await, ["1", "2", "1"]);

    // Users of one identity pool share a role.
    let pool = |id: &str, signature: &str| {
        let identity = json!({ "cognitoIdentityId": id, "userArn": "arn:aws:sts::1:assumed-role/Auth/CognitoIdentityCredentials" });
        rest(&Value::Null, &identity, &json!({ "Authorization": signature }))
    };
    assert_eq!(with_contexts(layer(), &[pool("ada", "1"), pool("bob", "2"), pool("ada", "3")]).await, ["1", "2", "1"]);

    let certificate = |name: &str| rest(&Value::Null, &json!({ "clientCert": { "subjectDN": name } }), &nothing);
    assert_eq!(with_contexts(layer(), &[certificate("a"), certificate("b"), certificate("a")]).await, ["1", "2", "1"]);
}

#[tokio::test]
async fn a_token_that_was_renewed_is_the_same_callers_where_the_platform_knows_them() {
    let jwt = |issuer: &str, subject: &str, token: &str| {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/orders", "rawQueryString": "", "body": "{}", "isBase64Encoded": false,
            "headers": { "idempotency-key": "k", "authorization": token },
            "requestContext": {
                "http": { "method": "POST", "path": "/orders" }, "stage": "$default",
                "authorizer": { "jwt": { "claims": { "iss": issuer, "sub": subject, "exp": token }, "scopes": null } },
            },
        })
    };
    let events = [jwt("i", "ada", "1"), jwt("i", "ada", "2"), jwt("i", "bob", "2"), jwt("j", "ada", "1")];
    assert_eq!(with_contexts(layer(), &events).await, ["1", "1", "2", "3"]);
    // If it does not, the function may.
    let named = layer().caller(|parts| Some(parts.headers.get("x-user")?.to_str().ok()?.to_owned()));
    let of =
        |user: &str, token: &str| rest(&Value::Null, &json!({}), &json!({ "x-user": user, "Authorization": token }));
    assert_eq!(with_contexts(named, &[of("ada", "1"), of("ada", "2"), of("bob", "2")]).await, ["1", "1", "2"]);
}

#[tokio::test]
async fn requests_without_any_caller_have_keys_too() {
    let event = |cookie: Value| rest(&Value::Null, &json!({}), &cookie);
    let (split, whole) = (json!({ "Cookie": "b=2;a=1" }), json!({ "Cookie": "a=1; b=2" }));
    let events = [event(json!({})), event(json!({})), event(split), event(whole)];
    assert_eq!(with_contexts(layer(), &events).await, ["1", "1", "2", "2"]);
}

// ------------------------------------------------------------------------------------------------ with CORS

#[tokio::test]
async fn a_page_may_send_the_key_and_read_where_and_when() {
    for (key, cors, allowed, exposed) in [
        ("idempotency-key", CorsLayer::new(), true, "location,retry-after"),
        (
            "x-request-id",
            CorsLayer::new().allow_headers(["content-type"]).expose_headers(["Location", "x-page"]),
            true,
            "location,x-page,retry-after",
        ),
        ("idempotency-key", CorsLayer::new().allow_headers(["*"]).expose_headers(["*"]), false, "*"),
        ("idempotency-key", CorsLayer::new().mirror_headers(), true, "location,retry-after"),
        ("idempotency-key", CorsLayer::new().request_headers(["authorization"]), true, "location,retry-after"),
    ] {
        let layer = layer().header(key.parse().unwrap());
        // The order of the calls does not count.
        let stack = http::Stack::new().cors(cors.allow_origins(["https://a.example.com"])).idempotency(layer);
        let caller = Caller::new(handler(add).layer(stack)).with_clients(clients(&Charges::default()));
        let preflight = request::request("OPTIONS", "/orders")
            .header("origin", "https://a.example.com")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", format!("content-type,{key}"));
        let preflight = caller.send(preflight).await.unwrap();
        let headers = preflight.header("access-control-allow-headers").unwrap();
        assert_eq!(headers.split(',').any(|name| name == key), allowed, "{headers}");
        let post = request::post("/orders").header("origin", "https://a.example.com").header(key, "k").text("{}");
        let answer = caller.send(post).await.unwrap();
        let seen = answer.header("access-control-expose-headers").unwrap();
        assert_eq!(seen, exposed);
    }
}

#[tokio::test]
async fn a_key_within_the_body_needs_no_header() {
    let by_body = IdempotencyLayer::new(once(&MemoryStore::new()).key("body"));
    let cors = CorsLayer::new().allow_origins(["https://a.example.com"]);
    let stack = http::Stack::new().idempotency(by_body).cors(cors);
    let caller = Caller::new(handler(add).layer(stack)).with_clients(clients(&Charges::default()));
    let preflight = request::request("OPTIONS", "/orders")
        .header("origin", "https://a.example.com")
        .header("access-control-request-method", "POST");
    let answer = caller.send(preflight).await.unwrap();
    assert!(!answer.header("access-control-allow-headers").unwrap().contains("idempotency-key"));
}

// ------------------------------------------------------------------------------------------------ #[idempotent] in an HTTP function

static RECORDS: LazyLock<MemoryStore> = LazyLock::new(MemoryStore::new);
static PAYMENTS: LazyLock<Idempotency> = LazyLock::new(|| once(&RECORDS));

#[idempotent(key = "order.id", payload = "order.amount", with = PAYMENTS)]
async fn charge_once(order: &Order) -> Result<u32, BoxError> {
    if order.amount == 0 {
        std::future::pending::<()>().await;
    }
    Ok(order.amount)
}

/// A user's error, which leaves its inner error out of its causes.
#[derive(Debug)]
enum Failed {
    Charge(BoxError),
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Charge(error) = self;
        error.fmt(f)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let Self::Charge(error) = self;
        error.source()
    }
}

#[tokio::test]
async fn an_idempotent_function_within_answers_409_or_422_however_its_error_travels() {
    async fn boxed(Json(order): Json<Order>) -> Result<String, HttpError> {
        Ok(charge_once(&order).await.map_err(HttpError::from_boxed)?.to_string())
    }
    async fn own(Json(order): Json<Order>) -> Result<String, HttpError> {
        Ok(charge_once(&order).await.map_err(Failed::Charge)?.to_string())
    }
    #[idempotent(key = "id", payload = "amount", with = PAYMENTS, prefix = "direct")]
    async fn direct_once(id: u64, amount: u32) -> Result<u32, HttpError> {
        if amount == 0 {
            std::future::pending::<()>().await;
        }
        let _ = id;
        Ok(amount)
    }
    async fn direct(Json(order): Json<Order>) -> Result<String, HttpError> {
        Ok(direct_once(order.id, order.amount).await?.to_string())
    }
    macro_rules! check {
        ($function:ident, $first:expr) => {{
            let caller = Arc::new(Caller::new(handler($function).layer(http::Stack::new())));
            let send = |id: u64, amount: u32| {
                let caller = Arc::clone(&caller);
                async move { caller.send(request::post("/").json(json!({ "id": id, "amount": amount }))).await.unwrap() }
            };
            let name = stringify!($function);
            assert_eq!(send($first, 5).await.text(), "5", "{name}");
            let other = send($first, 6).await;
            assert_eq!((other.status(), other.header("retry-after")), (422, None), "{name}");
            assert!(other.text().contains("already used with a different payload"), "{}", other.text());
            let running = tokio::spawn(send($first + 1, 0));
            tokio::task::yield_now().await;
            let busy = send($first + 1, 0).await;
            assert_eq!((busy.status(), busy.header("retry-after")), (409, Some("1")), "{name}: {}", busy.text());
            running.abort();
        }};
    }
    check!(boxed, 100);
    check!(own, 200);
    check!(direct, 300);
}

#[tokio::test]
async fn a_rule_of_the_users_own_comes_first() {
    async fn own(Json(order): Json<Order>) -> Result<String, HttpError> {
        Ok(charge_once(&order).await.map_err(Failed::Charge)?.to_string())
    }
    let stack = http::Stack::new().errors(ErrorLayer::new().on::<Failed>(402));
    let caller = Caller::new(handler(own).layer(stack));
    let send =
        async |amount: u32| caller.send(request::post("/").json(json!({ "id": 400, "amount": amount }))).await.unwrap();
    assert_eq!(send(1).await.status(), 200);
    assert_eq!(send(2).await.status(), 402);
}
