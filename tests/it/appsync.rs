//! Functions of AppSync: the acceptance checks 1 to 17 of resolvers and that of the authorizer, each found by its number.
//! Check 17 is in `tests/engines`.

mod arguments;
mod authorizer;
mod batch;
mod deadline;
mod errors;
mod model;
mod schema;

use lambda_runtime::Context;
use pilaster::appsync::{Arguments, FieldInfo, Identity, Resolvers, Source};
use pilaster::testing::{Caller, appsync};
use pilaster::{BoxError, FunctionError, Incoming, Invocation, RawEvent};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

#[derive(Deserialize)]
struct ById {
    id: String,
}

async fn by_id(Arguments(by): Arguments<ById>) -> Result<String, BoxError> {
    Ok(by.id)
}

async fn name(field: FieldInfo) -> Result<String, BoxError> {
    Ok(format!("{}.{}", field.parent_type_name(), field.field_name()))
}

/// Returns the bytes of a response.
async fn bytes(function: impl pilaster::IntoService, event: impl Into<Value>) -> String {
    let event = RawEvent::parse(event.into().to_string()).unwrap();
    let incoming = Incoming { event, invocation: Invocation::new(Context::default()) };
    let response = function.into_service().unwrap().oneshot(incoming).await.unwrap();
    response.as_json().unwrap().get().to_owned()
}

#[tokio::test]
async fn a_recorded_event_is_answered_by_its_field() {
    async fn create(identity: Identity, Arguments(by): Arguments<ById>) -> Result<Value, BoxError> {
        let Identity::Cognito(user) = identity else { return Err("not a Cognito user".into()) };
        Ok(json!({ "id": by.id, "by": user.username }))
    }
    let resolvers = Resolvers::new().field("Mutation", "createSomething", create).field("Query", "name", name);
    let caller = Caller::new(resolvers);
    let event = tests::http::event("python/appSyncDirectResolver.json");
    assert_eq!(caller.call(event).await.unwrap(), json!({ "id": "my identifier", "by": "jdoe" }));
    assert_eq!(caller.call(appsync("Query", "name")).await.unwrap(), "Query.name");
}

/// The template of Amplify has the names at the top, and no `info`.
#[tokio::test]
async fn an_event_of_amplify_is_one_of_its_field() {
    async fn locations(Source(merchant): Source<Value>, field: FieldInfo) -> Result<Value, BoxError> {
        Ok(json!([merchant["nested"]["name"], field.parent_type_name()]))
    }
    let resolvers = Resolvers::new().field("Merchant", "locations", locations);
    let event = tests::http::event("python/appSyncResolverEvent.json");
    assert_eq!(Caller::new(resolvers).call(event).await.unwrap(), json!(["value", "Merchant"]));
}

#[tokio::test]
async fn check_03_an_unknown_field_is_an_error_that_names_it() {
    let caller = Caller::new(Resolvers::new().field("Query", "name", name));
    let error = caller.call(appsync("Query", "nope")).await.unwrap_err();
    assert_eq!(error.error_type(), "UnknownField");
    assert!(error.message().contains("Query.nope"), "{error}");
    let error = caller.call(appsync("Mutation", "name")).await.unwrap_err();
    assert!(error.message().contains("Mutation.name"), "{error}");
    // In a batch, each item.
    let answer = caller.call(appsync("Query", "nope").batch([1, 2])).await.unwrap();
    assert_eq!((&answer[0]["errorType"], &answer[1]["errorType"]), (&json!("UnknownField"), &json!("UnknownField")));
    assert!(answer[0].get("data").is_none());
}

#[tokio::test]
async fn check_06_values_are_encoded_to_the_byte() {
    for value in [json!(null), json!(5), json!("a"), json!([]), json!({})] {
        let expected = value.to_string();
        let function = move |_: FieldInfo| std::future::ready(Ok::<_, BoxError>(value.clone()));
        assert_eq!(bytes(pilaster::handler(function), appsync("Query", "value")).await, expected);
    }
}

#[tokio::test]
async fn what_is_no_context_of_a_field_fails() {
    let caller = Caller::new(pilaster::handler(name));
    for event in [
        json!({}),
        json!("text"),
        json!(7),
        json!({ "info": 7 }),
        json!({ "info": { "fieldName": "a" } }),
        tests::http::event("python/sqsEvent.json"),
        tests::http::event("python/apiGatewayProxyV2Event.json"),
    ] {
        let error = caller.call(event.clone()).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidEvent", "{event}");
    }
}

#[tokio::test]
async fn a_warm_up_call_does_not_reach_the_resolver() {
    let caller = Caller::new(pilaster::handler(name));
    assert_eq!(caller.call(json!({ "warmer": true })).await.unwrap(), Value::Null);
}

#[test]
fn a_wrong_registration_fails_at_start_with_a_sentence() {
    use pilaster::IntoService;

    let wrong = |resolvers: Resolvers| resolvers.into_service().err().unwrap().to_string();
    let twice = wrong(Resolvers::new().field("Query", "name", name).field("Query", "name", by_id));
    assert!(twice.contains("the field Query.name is registered twice"), "{twice}");
    for (parent, field) in [("Query", "my-name"), ("Query", ""), ("1Query", "name"), ("Query", "é")] {
        let mistake = wrong(Resolvers::new().field(parent, field, name));
        assert!(mistake.contains("is not a name of GraphQL"), "{mistake}");
    }
    let none = wrong(Resolvers::new().field("Query", "name", name).concurrency(0));
    assert!(none.contains("must not be 0"), "{none}");
}

#[test]
fn the_registered_fields_are_listed() {
    let resolvers = Resolvers::new().field("Query", "post", by_id).field("Post", "name", name);
    let fields = resolvers.fields().map(|field| format!("{}.{}", field.parent_type_name, field.field_name));
    assert_eq!(fields.collect::<Vec<_>>(), ["Post.name", "Query.post"]);
    assert_eq!(format!("{resolvers:?}"), r#"Resolvers({"Post": ["name"], "Query": ["post"]})"#);
}

#[tokio::test]
async fn layers_see_each_call() {
    use pilaster::appsync::FieldCall;
    use std::sync::{Arc, Mutex};
    use tower::ServiceBuilder;

    let seen = Arc::new(Mutex::new(Vec::new()));
    let layer = {
        let seen = Arc::clone(&seen);
        tower::layer::layer_fn(move |service| {
            let seen = Arc::clone(&seen);
            let seen = move |call: FieldCall| {
                seen.lock().unwrap().push(call.items().len());
                call
            };
            ServiceBuilder::new().map_request(seen).service(service)
        })
    };
    let caller = Caller::new(pilaster::handler(name).layer(layer));
    caller.call(appsync("Query", "name")).await.unwrap();
    caller.call(appsync("Query", "name").batch([1, 2, 3])).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [1, 1, 1, 1]);
}

#[tokio::test]
async fn a_layer_answers_a_batch_itself() {
    use pilaster::appsync::{Batch, Batched, FieldCall, FieldResponse};
    use serde_json::value::to_raw_value;

    async fn never(_: Batch<u8>) -> Result<Batched<u8>, BoxError> {
        panic!("called")
    }
    let results = |call: &FieldCall| {
        let results = call.items().iter().enumerate().map(|(at, _)| match at % 2 {
            0 => Ok(to_raw_value(&at)?),
            _ => Err(FunctionError::new("Odd", "the number is odd").into()),
        });
        FieldResponse::new(results.collect::<Vec<_>>())
    };
    let answer = tower::service_fn(move |call: FieldCall| std::future::ready(Ok::<_, BoxError>(results(&call))));
    let layer = tower::layer::layer_fn(move |_| answer);
    let caller = Caller::new(pilaster::handler(never).layer(layer)).without_logs();
    let answer = caller.call(appsync("Post", "n").batch([0, 0, 0])).await.unwrap();
    let odd = json!({ "errorType": "Odd", "errorMessage": "the number is odd" });
    assert_eq!(answer, json!([{ "data": 0 }, odd, { "data": 2 }]));
}
