//! The function as it is deployed, with tables in memory and a secret of the test.

use pilaster::testing::{Caller, http};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

fn notes() -> Caller<impl RawService> {
    let clients = Clients::new().with_variable("API_KEY_SECRET", "api-key");
    #[cfg(feature = "aws")]
    clients.insert(pilaster::Secrets::fixed([("api-key", r#"{"key":"local"}"#)]));
    Caller::new(crate::service()).with_clients(clients)
}

fn post(key: &str, text: &str) -> http::Request {
    let request = http::post("/notes").header("x-api-key", "local");
    request.header("idempotency-key", format!("\"{key}\"")).json(json!({ "text": text }))
}

#[tokio::test]
async fn the_sample_events_get_their_responses() -> Result<(), BoxError> {
    let notes = notes();
    let created = notes.call_text(include_str!("../events/create.json")).await?;
    assert_eq!(created["statusCode"], 201, "{created}");
    let listed = notes.call_text(include_str!("../events/list.json")).await?;
    assert_eq!(listed["statusCode"], 200, "{listed}");
    assert_eq!(listed["headers"]["access-control-allow-origin"], "https://www.example.com");
    Ok(())
}

#[tokio::test]
async fn a_note_is_created_once_replaced_and_deleted() -> Result<(), BoxError> {
    let notes = notes();
    let created = notes.send(post("a", "tea")).await?;
    assert_eq!(created.status(), 201, "{created:?}");
    assert_eq!(notes.send(post("a", "tea")).await?.text(), created.text(), "repeated");
    assert_eq!(notes.send(post("a", "milk")).await?.status(), 422, "the key with another text");

    let path = created.header("location").unwrap_or_default().to_owned();
    let with_key = |request: http::Request| request.header("x-api-key", "local");
    assert_eq!(notes.send(with_key(http::put(&path).json(json!({ "text": "milk" })))).await?.status(), 200);
    let note: Value = notes.send(http::get(&path)).await?.json()?;
    assert_eq!(note["text"], "milk");
    assert_eq!(notes.send(with_key(http::delete(&path))).await?.status(), 204);
    assert_eq!(notes.send(http::get(&path)).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn a_request_is_validated() -> Result<(), BoxError> {
    let rejected = notes().send(post("a", "")).await?;
    assert_eq!(rejected.status(), 422, "{rejected:?}");
    assert_eq!(rejected.json::<Value>()?["errors"][0]["pointer"], "/text");
    Ok(())
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn a_change_needs_the_api_key() -> Result<(), BoxError> {
    let notes = notes();
    assert_eq!(notes.send(http::delete("/notes/a")).await?.status(), 401);
    assert_eq!(notes.send(http::get("/notes")).await?.status(), 200);
    Ok(())
}

#[cfg(feature = "aws")]
#[test]
fn only_the_whole_key_is_accepted() {
    let own = crate::api_key::ApiKey { key: "secret".into() };
    assert!(own.accepts(b"secret"));
    assert!(!own.accepts(b"secre") && !own.accepts(b""));
}
