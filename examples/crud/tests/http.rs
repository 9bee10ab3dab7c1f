//! Tests of the service over HTTP, in process, as `main` runs it. Each test has its own users in memory.
#![cfg(feature = "aws")]

#[path = "common/clients.rs"]
mod clients;

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};

use pilaster::config::secrets::{SecretId, SecretSource, SecretValue};
use pilaster::testing::Caller;
use pilaster::testing::http::{self, TestResponse};
use pilaster::{BoxError, RawService, Secrets};
use serde_json::{Value, json};

use self::clients::{KEY, clients};

type TestResult = Result<(), BoxError>;

fn crud() -> Caller<impl RawService> {
    Caller::new(crud::service()).with_clients(clients())
}

/// Sends a request with the API key.
async fn send(crud: &Caller<impl RawService>, request: http::Request) -> Result<TestResponse, BoxError> {
    Ok(crud.send(request.header("x-api-key", KEY)).await?)
}

#[tokio::test]
async fn a_user_is_created_read_listed_updated_and_deleted() -> TestResult {
    let crud = crud();
    let ada = json!({ "email": "ada@example.com", "name": "Ada" });
    let created = send(&crud, http::post("/users").json(&ada)).await?;
    assert_eq!(created.status(), 201, "{}", created.text());
    let user: Value = created.json()?;
    let path = format!("/users/{}", user["id"].as_str().ok_or("no id")?);
    assert_eq!(created.header("location"), Some(&*path));
    assert_eq!(created.header("x-content-type-options"), Some("nosniff"));

    let read = send(&crud, http::get(&path)).await?;
    assert_eq!((read.status(), read.json::<Value>()?), (200, user.clone()));

    let listed = send(&crud, http::get("/users?limit=10")).await?;
    assert_eq!(listed.json::<Value>()?["users"], json!([user]));

    let patch = json!({ "version": 1, "name": "Ada Lovelace" });
    let updated = send(&crud, http::patch(&path).json(&patch)).await?;
    assert_eq!((updated.status(), &updated.json::<Value>()?["version"]), (200, &json!(2)));
    assert_eq!(send(&crud, http::patch(&path).json(&patch)).await?.status(), 409, "a stale version");

    assert_eq!(send(&crud, http::delete(&path)).await?.status(), 204);
    assert_eq!(send(&crud, http::delete(&path)).await?.status(), 404);
    Ok(())
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_debug_build_shows_the_document_to_callers_with_a_key() -> TestResult {
    let crud = crud();
    for (path, part) in [
        ("/openapi.json", "\"operationId\": \"create_user\""),
        ("/docs", "swagger-ui-bundle.js\" integrity=\"sha384-"),
        ("/reference", "standalone.js\" integrity=\"sha384-"),
    ] {
        assert_eq!(crud.send(http::get(path)).await?.status(), 401, "{path}");
        let shown = send(&crud, http::get(path)).await?;
        assert_eq!(shown.status(), 200, "{path}");
        assert!(shown.text().contains(part), "{path}: {}", shown.text());
    }
    Ok(())
}

#[tokio::test]
async fn each_refusal_has_a_status() -> TestResult {
    let crud = crud();
    let eve = |email| http::post("/users").json(json!({ "email": email, "name": "Eve" }));
    assert_eq!(send(&crud, eve("eve@example.com")).await?.status(), 201);

    let taken = send(&crud, eve("EVE@example.com")).await?;
    let problem = json!({ "status": 409, "title": "Conflict", "detail": "the e-mail address is already in use" });
    assert_eq!((taken.status(), taken.json::<Value>()?), (409, problem));

    assert_eq!(send(&crud, http::get("/users/01980f3e-7c00-7cc3-98c4-dc0c0c07398f")).await?.status(), 404);
    assert_eq!(send(&crud, http::get("/users?cursor=ada")).await?.status(), 400);
    assert_eq!(send(&crud, http::get("/user/ada")).await?.status(), 404);
    assert_eq!(send(&crud, http::put("/users/ada")).await?.status(), 405);
    Ok(())
}

#[tokio::test]
async fn input_is_validated_field_by_field() -> TestResult {
    let crud = crud();
    let rejected = send(&crud, http::post("/users").json(json!({ "email": "ada", "name": "" }))).await?;
    assert_eq!(rejected.status(), 422);
    let problem: Value = rejected.json()?;
    let pointers: Vec<_> = problem["errors"].as_array().into_iter().flatten().map(|e| &e["pointer"]).collect();
    assert_eq!(pointers, ["/email", "/name"]);
    let patch =
        http::patch("/users/01980f3e-7c00-7cc3-98c4-dc0c0c07398f").json(json!({ "version": 1, "email": "ada" }));
    let rejected = send(&crud, patch).await?;
    assert_eq!((rejected.status(), &rejected.json::<Value>()?["errors"][0]["pointer"]), (422, &json!("/email")));
    assert_eq!(send(&crud, http::get("/users?limit=101")).await?.status(), 400);
    Ok(())
}

#[tokio::test]
async fn a_browser_of_another_site_gets_no_cors_headers() -> TestResult {
    let preflight = http::request("OPTIONS", "/users")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET");
    let response = crud().send(preflight).await?;
    assert_eq!((response.status(), response.header("access-control-allow-origin")), (401, None));
    let read = send(&crud(), http::get("/users").header("origin", "https://app.example.com")).await?;
    assert_eq!((read.status(), read.header("access-control-allow-origin")), (200, None));
    Ok(())
}

/// A secret whose value a test changes. It counts its reads.
#[derive(Clone, Default)]
struct Rotated(Arc<Mutex<(Value, u32)>>);

impl Rotated {
    fn set(&self, value: Value) {
        self.0.lock().expect("no test panicked").0 = value;
    }

    fn reads(&self) -> u32 {
        self.0.lock().expect("no test panicked").1
    }
}

impl SecretSource for Rotated {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        let mut secret = self.0.lock().expect("no test panicked");
        secret.1 += 1;
        Ok(SecretValue::from_text(id, secret.0.to_string()))
    }
}

/// Returns a caller whose secret has this value, and the status of its response to each key.
fn with_secret(value: Value) -> (Rotated, impl AsyncFn(&str) -> u16) {
    let (secret, clients) = (Rotated::default(), clients());
    secret.set(value);
    clients.insert(Secrets::from_source(secret.clone()));
    let crud = Caller::new(crud::service()).with_clients(clients);
    let status = async move |key: &str| {
        let request = http::get("/users");
        let request = if key.is_empty() { request } else { request.header("x-api-key", key) };
        crud.send(request).await.expect("a response").status()
    };
    (secret, status)
}

#[tokio::test]
async fn a_request_without_a_valid_key_is_rejected() -> TestResult {
    let rejected = crud().send(http::get("/users").header("x-api-key", "a guess")).await?;
    assert_eq!((rejected.status(), rejected.header("www-authenticate")), (401, Some("ApiKey")));
    assert_eq!(crud().send(http::get("/users")).await?.status(), 401);
    assert_eq!(crud().send(http::get("/no-such-path")).await?.status(), 401);
    let (_, status) = with_secret(json!({ "key": "" }));
    assert_eq!(status("").await, 401, "an empty key is no key");
    Ok(())
}

#[tokio::test]
async fn a_new_key_is_accepted_although_the_secret_is_cached_and_the_previous_one_until_its_time() {
    let (secret, status) = with_secret(json!({ "key": "one" }));
    assert_eq!(status("one").await, 200);
    secret.set(json!({ "key": "two", "previous": { "key": "one", "until": "2999-01-01T00:00:00Z" } }));
    assert_eq!(status("two").await, 200, "newer than the cached secret");
    assert_eq!(status("one").await, 200, "callers may still have it");

    let (_, status) =
        with_secret(json!({ "key": "two", "previous": { "key": "one", "until": "2026-01-01T00:00:00Z" } }));
    assert_eq!((status("two").await, status("one").await), (200, 401), "its time is over");
}

#[tokio::test]
async fn guesses_do_not_read_the_secret_each_time() {
    let (secret, status) = with_secret(json!({ "key": "one" }));
    for at in 0..20 {
        assert_eq!(status(&format!("guess {at}")).await, 401);
    }
    assert!(secret.reads() <= 2, "{} reads", secret.reads());
}

/// A route that is missing in one of the three is a 404 in one of the two deployments.
#[test]
fn the_router_the_separate_functions_and_the_template_have_the_same_routes() -> TestResult {
    let document = pilaster::openapi::of(&crud::service())?;
    let paths = document.as_value()["paths"].as_object().into_iter().flatten();
    let router: BTreeSet<_> = paths
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().into_iter().flatten();
            methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
        })
        .collect();

    let mut functions = BTreeSet::new();
    for folder in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin"))? {
        let text = fs::read_to_string(folder?.path().join("main.rs"))?;
        let route = text.split("(route = \"").nth(1).and_then(|rest| rest.split('"').next());
        functions.insert(route.ok_or("a function has no route")?.to_owned());
    }

    let template = include_str!("../template.yaml");
    let values =
        |name: &str| -> Vec<_> { template.lines().filter_map(|line| line.trim().strip_prefix(name)).collect() };
    let (methods, paths) = (values("Method: "), values("Path: "));
    let events = methods.iter().zip(paths).map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!((router.len(), &router, &router), (5, &functions, &events));
    Ok(())
}

#[tokio::test]
async fn the_sample_events_return_the_expected_statuses() -> TestResult {
    let crud = crud();
    let mut id = String::new();
    for (event, status) in [
        (include_str!("../events/create-user.json"), 201),
        (include_str!("../events/list-users.json"), 200),
        (include_str!("../events/get-user.json"), 200),
        (include_str!("../events/update-user.json"), 200),
        (include_str!("../events/delete-user.json"), 204),
    ] {
        let event = event.replace("01980f3e-7c00-7cc3-98c4-dc0c0c07398f", &id);
        let response = TestResponse::try_from(crud.call_text(&event).await?)?;
        assert_eq!(response.status(), status, "{}", response.text());
        if status == 201 {
            id = response.json::<Value>()?["id"].as_str().ok_or("no id")?.to_owned();
        }
    }
    Ok(())
}
