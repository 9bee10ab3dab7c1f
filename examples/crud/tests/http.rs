//! The service over HTTP, in this process: the events of `events/`, through the whole stack, to users in memory.

use std::process::Command;

use crud::routes::{create_user, get_user};
use pilaster::http::{self, StatusCode};
use pilaster::testing::Caller;
use pilaster::{FunctionError, RawService};
use serde_json::{Value, json};

const CREATE: &str = include_str!("../events/create-user.json");
const LIST: &str = include_str!("../events/list-users.json");
const GET: &str = include_str!("../events/get-user.json");
const UPDATE: &str = include_str!("../events/update-user.json");
const DELETE: &str = include_str!("../events/delete-user.json");

/// The id in the event files.
const ID: &str = "01980f3e-7c00-7cc3-98c4-dc0c0c07398f";

struct Answer {
    status: StatusCode,
    headers: Value,
    body: Value,
}

async fn call<R: RawService>(function: &Caller<R>, event: &str) -> Result<Answer, Box<dyn std::error::Error>> {
    let answer = function.call_text(event).await?;
    let status = answer["statusCode"].as_u64().unwrap_or_default();
    let body = answer["body"].as_str().filter(|body| !body.is_empty()).map_or(Ok(Value::Null), serde_json::from_str)?;
    Ok(Answer { status: StatusCode::from_u16(u16::try_from(status)?)?, headers: answer["headers"].clone(), body })
}

fn service() -> Caller<impl RawService> {
    Caller::new(http::service(crud::app()).layer(crud::api()))
}

/// The same request with another body.
fn with_body(event: &str, body: Value) -> Result<String, serde_json::Error> {
    let mut event: Value = serde_json::from_str(event)?;
    event["body"] = body.to_string().into();
    serde_json::to_string(&event)
}

#[tokio::test]
async fn a_user_is_created_read_listed_updated_and_deleted() -> Result<(), Box<dyn std::error::Error>> {
    let service = service();
    let created = call(&service, CREATE).await?;
    assert_eq!(created.status, 201, "{}", created.body);
    let id = created.body["id"].as_str().ok_or("no id")?;
    assert_eq!(created.headers["location"], format!("/users/{id}"));

    let read = call(&service, &GET.replace(ID, id)).await?;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &created.body));

    let listed = call(&service, LIST).await?;
    assert!(listed.body["users"].as_array().is_some_and(|users| users.contains(&created.body)));

    let updated = call(&service, &UPDATE.replace(ID, id)).await?;
    assert_eq!((updated.status, &updated.body["version"]), (StatusCode::OK, &json!(2)));
    let stale = call(&service, &UPDATE.replace(ID, id)).await?;
    assert_eq!(stale.status, 409);

    assert_eq!(call(&service, &DELETE.replace(ID, id)).await?.status, 204);
    assert_eq!(call(&service, &DELETE.replace(ID, id)).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn each_error_of_the_core_has_its_status() -> Result<(), Box<dyn std::error::Error>> {
    let service = service();
    let eve = with_body(CREATE, json!({ "email": "eve@example.com", "name": "Eve" }))?;
    assert_eq!(call(&service, &eve).await?.status, 201);

    let taken = call(&service, &eve.replace("eve@", "EVE@")).await?;
    let problem = json!({ "status": 409, "title": "Conflict", "detail": "another user has this e-mail address" });
    assert_eq!((taken.status, taken.body), (StatusCode::CONFLICT, problem));

    assert_eq!(call(&service, GET).await?.status, 404);
    assert_eq!(call(&service, &LIST.replace("limit=10", "cursor=ada")).await?.status, 400);
    assert_eq!(call(&service, &GET.replace("/users/", "/user/")).await?.status, 404);
    assert_eq!(call(&service, &GET.replace("\"GET\"", "\"PUT\"")).await?.status, 405);
    Ok(())
}

#[tokio::test]
async fn input_is_checked_field_by_field() -> Result<(), Box<dyn std::error::Error>> {
    let wrong = with_body(CREATE, json!({ "email": "ada", "name": "" }))?;
    let refused = call(&service(), &wrong).await?;
    assert_eq!(refused.status, 422);
    let pointers: Vec<_> =
        refused.body["errors"].as_array().into_iter().flatten().map(|e| e["pointer"].clone()).collect();
    assert_eq!(pointers, ["/email", "/name"]);
    assert_eq!(call(&service(), &LIST.replace("limit=10", "limit=101")).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn a_route_is_also_a_function_of_its_own() -> Result<(), Box<dyn std::error::Error>> {
    let create = Caller::new(pilaster::handler(create_user).layer(crud::api()));
    let get = Caller::new(pilaster::handler(get_user).layer(crud::api()));
    let joe = with_body(CREATE, json!({ "email": "joe@example.com", "name": "Joe" }))?;
    let created = call(&create, &joe).await?;
    let id = created.body["id"].as_str().ok_or("no id")?;
    assert_eq!(call(&get, &GET.replace(ID, id)).await?.body, created.body);
    Ok(())
}

#[tokio::test]
async fn a_preflight_is_answered_before_the_function() -> Result<(), FunctionError> {
    let get = Caller::new(pilaster::handler(get_user).layer(crud::api()));
    let preflight = GET.replace("\"GET\"", "\"OPTIONS\"").replace(
        r#""headers": {"#,
        r#""headers": { "origin": "https://app.example.com", "access-control-request-method": "GET","#,
    );
    let answer = get.call_text(&preflight).await?;
    assert_eq!(answer["statusCode"], 204);
    assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com");
    Ok(())
}

#[test]
fn a_variable_that_cannot_be_followed_is_told_in_a_sentence() -> Result<(), Box<dyn std::error::Error>> {
    let mut crud = Command::new(env!("CARGO_BIN_EXE_crud"));
    crud.env("TABLE_NAME", "users").env_remove("API_KEY_SECRET").env_remove("AWS_LAMBDA_RUNTIME_API");
    let output = crud.output()?;
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr)?;
    assert!(told.contains("TABLE_NAME is set"), "{told}");
    Ok(())
}
