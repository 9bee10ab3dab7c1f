//! Tests of the service over HTTP, in process. Each test has its own users in memory.

use std::process::Command;

use crud::routes::{create_user, get_user};
use crud::store::Users;
use pilaster::http::service;
use pilaster::testing::Caller;
use pilaster::testing::http::{self, TestResponse};
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn users() -> Clients {
    let clients = Clients::new();
    clients.insert(Users::in_memory());
    clients
}

fn crud() -> Caller<impl RawService> {
    Caller::new(service(crud::app()).layer(crud::api())).with_clients(users())
}

#[tokio::test]
async fn a_user_is_created_read_listed_updated_and_deleted() -> TestResult {
    let crud = crud();
    let created = crud.send(http::post("/users").json(json!({ "email": "ada@example.com", "name": "Ada" }))).await?;
    assert_eq!(created.status(), 201, "{}", created.text());
    let user: Value = created.json()?;
    let path = format!("/users/{}", user["id"].as_str().ok_or("no id")?);
    assert_eq!(created.header("location"), Some(&*path));

    let read = crud.send(http::get(&path)).await?;
    assert_eq!((read.status(), read.json::<Value>()?), (200, user.clone()));

    let listed = crud.send(http::get("/users?limit=10")).await?;
    assert_eq!(listed.json::<Value>()?["users"], json!([user]));

    let patch = json!({ "version": 1, "name": "Ada Lovelace" });
    let updated = crud.send(http::patch(&path).json(&patch)).await?;
    assert_eq!((updated.status(), &updated.json::<Value>()?["version"]), (200, &json!(2)));
    assert_eq!(crud.send(http::patch(&path).json(&patch)).await?.status(), 409, "a stale version");

    assert_eq!(crud.send(http::delete(&path)).await?.status(), 204);
    assert_eq!(crud.send(http::delete(&path)).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn each_core_error_is_mapped_to_a_status() -> TestResult {
    let crud = crud();
    let eve = crud.send(http::post("/users").json(json!({ "email": "eve@example.com", "name": "Eve" }))).await?;
    assert_eq!(eve.status(), 201);

    let taken = crud.send(http::post("/users").json(json!({ "email": "EVE@example.com", "name": "Eve" }))).await?;
    let problem = json!({ "status": 409, "title": "Conflict", "detail": "the e-mail address is already in use" });
    assert_eq!((taken.status(), taken.json::<Value>()?), (409, problem));

    assert_eq!(crud.send(http::get("/users/01980f3e-7c00-7cc3-98c4-dc0c0c07398f")).await?.status(), 404);
    assert_eq!(crud.send(http::get("/users?cursor=ada")).await?.status(), 400);
    assert_eq!(crud.send(http::get("/user/ada")).await?.status(), 404);
    assert_eq!(crud.send(http::put("/users/ada")).await?.status(), 405);
    Ok(())
}

#[tokio::test]
async fn input_is_validated_field_by_field() -> TestResult {
    let crud = crud();
    let rejected = crud.send(http::post("/users").json(json!({ "email": "ada", "name": "" }))).await?;
    assert_eq!(rejected.status(), 422);
    let problem: Value = rejected.json()?;
    let pointers: Vec<_> = problem["errors"].as_array().into_iter().flatten().map(|e| &e["pointer"]).collect();
    assert_eq!(pointers, ["/email", "/name"]);
    assert_eq!(crud.send(http::get("/users?limit=101")).await?.status(), 400);
    Ok(())
}

#[tokio::test]
async fn a_route_is_also_a_separate_function() -> TestResult {
    let users = users();
    let create = Caller::new(pilaster::handler(create_user).layer(crud::api())).with_clients(users.clone());
    let get = Caller::new(pilaster::handler(get_user).layer(crud::api())).with_clients(users);
    let created = create.send(http::post("/users").json(json!({ "email": "joe@example.com", "name": "Joe" }))).await?;
    let user: Value = created.json()?;
    let id = user["id"].as_str().ok_or("no id")?;
    let read = get.send(http::get(format!("/users/{id}")).path_parameter("id", id)).await?;
    assert_eq!(read.json::<Value>()?, user);
    Ok(())
}

#[tokio::test]
async fn a_preflight_request_is_handled_before_the_function() -> TestResult {
    let get = Caller::new(pilaster::handler(get_user).layer(crud::api()));
    let preflight = http::request("OPTIONS", "/users/7")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET");
    let response = get.send(preflight).await?;
    assert_eq!(response.status(), 204);
    assert_eq!(response.header("access-control-allow-origin"), Some("https://app.example.com"));
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

#[test]
fn an_unsupported_variable_is_reported_at_start() -> Result<(), Box<dyn std::error::Error>> {
    let mut crud = Command::new(env!("CARGO_BIN_EXE_crud"));
    crud.env("TABLE_NAME", "users").env_remove("API_KEY_SECRET").env_remove("AWS_LAMBDA_RUNTIME_API");
    let output = crud.output()?;
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr)?;
    assert!(stderr.contains("TABLE_NAME is set"), "{stderr}");
    Ok(())
}
