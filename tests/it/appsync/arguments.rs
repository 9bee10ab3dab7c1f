//! The arguments of resolvers.

use pilaster::appsync::{CognitoUser, IamCaller, LambdaContext, Prev, RequestHeaders, Selection, Stash, double_option};
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::AppSyncEvent;

use super::*;

fn event() -> AppSyncEvent {
    appsync("Query", "field")
}

#[tokio::test]
async fn check_01_a_field_without_arguments_runs_and_a_missing_one_is_named() {
    async fn unit(Arguments(()): Arguments<()>) -> Result<u8, BoxError> {
        Ok(7)
    }
    #[derive(Deserialize)]
    struct Page {
        limit: Option<u8>,
    }
    async fn page(Arguments(page): Arguments<Page>) -> Result<u8, BoxError> {
        Ok(page.limit.unwrap_or(7))
    }
    let (unit, page, required) =
        (pilaster::handler(unit), pilaster::handler(page), Caller::new(pilaster::handler(by_id)));
    let (unit, page) = (Caller::new(unit), Caller::new(page));
    let mut missing = event().event();
    missing.as_object_mut().unwrap().remove("arguments");
    for event in [event().event(), event().arguments(Value::Null).event(), missing] {
        assert_eq!(unit.call(event.clone()).await.unwrap(), 7);
        assert_eq!(page.call(event.clone()).await.unwrap(), 7);
        let error = required.call(event).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidArguments");
        assert!(error.message().contains("/id: is missing"), "{error}");
    }
    for arguments in [json!({ "id": { "hunter2": "hunter2" } }), json!(["hunter2"]), json!("hunter2")] {
        let error = required.call(event().arguments(arguments)).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidArguments");
        assert!(!error.message().contains("hunter2"), "{error}");
    }
    let error = required.call(event().arguments(json!({ "id": 7 }))).await.unwrap_err();
    assert!(error.message().contains("/id: expected a string, got a number"), "{error}");
}

#[tokio::test]
async fn check_02_absent_null_and_set_are_three_values() {
    #[derive(Deserialize)]
    struct Change {
        #[serde(default, deserialize_with = "double_option")]
        title: Option<Option<String>>,
    }
    async fn change(Arguments(change): Arguments<Change>) -> Result<String, BoxError> {
        Ok(format!("{:?}", change.title))
    }
    let caller = Caller::new(pilaster::handler(change));
    for (arguments, value) in
        [(json!({}), "None"), (json!({ "title": null }), "Some(None)"), (json!({ "title": "a" }), r#"Some(Some("a"))"#)]
    {
        assert_eq!(caller.call(event().arguments(arguments)).await.unwrap(), value);
    }
}

#[tokio::test]
async fn check_04_an_identity_is_recognised_by_its_keys() {
    async fn kind(identity: Identity) -> Result<String, BoxError> {
        Ok(match identity {
            Identity::Cognito(user) => format!("cognito {} {:?}", user.username, user.groups),
            Identity::Iam(caller) => format!("iam {}", caller.account_id),
            Identity::Oidc(user) => format!("oidc {}", user.sub),
            Identity::Lambda(LambdaContext(context)) => format!("lambda {}", context["tenant"]),
            Identity::Other(value) => format!("other {value}"),
            other => format!("{other:?}"),
        })
    }
    let caller = Caller::new(pilaster::handler(kind));
    let mut without = event().event();
    without.as_object_mut().unwrap().remove("identity");
    for (event, expected) in [
        (event().event(), "ApiKey"),
        (without, "ApiKey"),
        (tests::http::event("python/appSyncDirectResolver.json"), "cognito jdoe []"),
        (tests::http::event("python/appSyncResolverEvent.json"), "cognito mike []"),
        (tests::http::event("typescript/parser/appsync/resolver.json"), r#"cognito jdoe ["group1", "group2"]"#),
        (event().cognito("ada", ["editors"]).event(), r#"cognito ada ["editors"]"#),
        (event().iam("reader").event(), "iam 123456789012"),
        (event().identity(json!({ "sub": "7", "issuer": "i", "claims": {} })).event(), "oidc 7"),
        (event().lambda_context(json!({ "tenant": "7" })).event(), r#"lambda "7""#),
        (event().identity(json!({ "certificate": 7 })).event(), r#"other {"certificate":7}"#),
    ] {
        assert_eq!(caller.call(event.clone()).await.unwrap(), expected, "{event}");
        // The keys of the other kinds decide nothing if they are null.
        let Some(identity) = event.get("identity").and_then(Value::as_object) else { continue };
        let mut identity = identity.clone();
        for key in ["accountId", "userArn", "username", "sub", "claims", "groups", "sourceIp"] {
            identity.entry(key).or_insert(Value::Null);
        }
        let is_other = expected.starts_with("other");
        let expected = if is_other { format!("other {}", Value::from(identity.clone())) } else { expected.to_owned() };
        let event = appsync("Query", "field").identity(Value::from(identity));
        assert_eq!(caller.call(event).await.unwrap(), expected);
    }
    for unknown in [
        json!({}),
        json!({ "username": "ada" }),
        json!({ "sub": "7" }),
        json!({ "groups": ["editors"] }),
        json!({ "claims": null, "sub": "7" }),
        json!([]),
        json!("ada"),
        json!(7),
    ] {
        let event = event().identity(unknown.clone());
        assert_eq!(caller.call(event).await.unwrap(), format!("other {unknown}"));
    }
}

#[tokio::test]
async fn a_kind_of_client_refuses_every_other_kind() {
    async fn cognito(user: CognitoUser) -> Result<String, BoxError> {
        Ok(user.sub)
    }
    async fn iam(caller: IamCaller) -> Result<String, BoxError> {
        Ok(caller.username)
    }
    async fn lambda(_: LambdaContext<Value>) -> Result<String, BoxError> {
        Ok(String::new())
    }
    let functions: [(&str, Caller<_>); 3] = [
        ("cognito", Caller::new(Resolvers::new().field("Query", "field", cognito))),
        ("iam", Caller::new(Resolvers::new().field("Query", "field", iam))),
        ("lambda", Caller::new(Resolvers::new().field("Query", "field", lambda))),
    ];
    let events = [
        ("cognito", event().cognito("ada", [])),
        ("iam", event().iam("reader")),
        ("lambda", event().lambda_context(json!({}))),
        ("key", event()),
        ("other", event().identity(json!({ "user": 7 }))),
    ];
    for (takes, caller) in &functions {
        for (is, event) in &events {
            let answer = caller.call(event.clone()).await;
            let refused = answer.map_err(|error| error.error_type().to_owned()).err();
            let expected = (takes != is).then(|| "UnauthorizedException".to_owned());
            assert_eq!(refused, expected, "{takes} of {is}");
        }
    }
}

#[tokio::test]
async fn check_05_a_repeated_header_has_both_values_in_order() {
    async fn headers(headers: RequestHeaders) -> Result<Value, BoxError> {
        Ok(json!([headers.get_all("X-Forwarded-For").collect::<Vec<_>>(), headers.get("host"), headers.domain_name()]))
    }
    let caller = Caller::new(pilaster::handler(headers));
    let mut event = event().header("x-forwarded-for", ["1.1.1.1", "2.2.2.2"]).header("host", "h").event();
    event["request"]["domainName"] = json!("api.example.com");
    assert_eq!(caller.call(event).await.unwrap(), json!([["1.1.1.1", "2.2.2.2"], "h", "api.example.com"]));
}

#[tokio::test]
async fn check_14_prev_and_stash_are_typed() {
    #[derive(Deserialize)]
    struct Shared {
        tenant: String,
    }
    async fn both(Prev(by): Prev<ById>, Stash(shared): Stash<Shared>) -> Result<String, BoxError> {
        Ok(format!("{} {}", by.id, shared.tenant))
    }
    async fn first(prev: Option<Prev<u8>>) -> Result<Option<u8>, BoxError> {
        Ok(prev.map(|Prev(value)| value))
    }
    let caller = Caller::new(pilaster::handler(both));
    let step = event().prev(json!({ "id": "1" })).stash(json!({ "tenant": "7" }));
    assert_eq!(caller.call(step.clone()).await.unwrap(), "1 7");
    let error = caller.call(step.clone().prev(json!({ "id": 1 }))).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidPrev");
    assert_eq!(error.message(), "`prev.result` does not match the expected type");
    let error = caller.call(step.stash(json!({ "tenant": ["hunter2"] }))).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidStash");
    assert_eq!(error.message(), "`stash` does not match the expected type");
    let caller = Caller::new(pilaster::handler(first));
    assert_eq!(caller.call(event()).await.unwrap(), Value::Null);
    assert_eq!(caller.call(event().prev(3)).await.unwrap(), 3);
}

#[tokio::test]
async fn check_14_a_timestamp_may_be_negative_and_json_is_any_json() {
    #[derive(Deserialize)]
    struct Scalars {
        at: i64,
        data: Value,
    }
    async fn scalars(Arguments(scalars): Arguments<Scalars>) -> Result<Value, BoxError> {
        Ok(json!([scalars.at, scalars.data.is_array()]))
    }
    let event = event().arguments(json!({ "at": -5, "data": [1] }));
    assert_eq!(Caller::new(pilaster::handler(scalars)).call(event).await.unwrap(), json!([-5, true]));
}

#[tokio::test]
async fn a_selection_has_the_paths_of_the_request() {
    async fn selected(selection: Selection) -> Result<Value, BoxError> {
        let under = selection.under("author").collect::<Vec<_>>();
        Ok(json!([selection.contains("author/name"), selection.contains("author/email"), under, selection.graphql()]))
    }
    let caller = Caller::new(pilaster::handler(selected));
    let event = event().selection(["id", "author", "author/name", "authors"]);
    let graphql = "{\n  id\n  author\n  author { name }\n  authors\n}";
    assert_eq!(caller.call(event).await.unwrap(), json!([true, false, ["name"], graphql]));
    let amplify = tests::http::event("python/appSyncResolverEvent.json");
    assert_eq!(caller.call(amplify).await.unwrap(), json!([false, false, [], ""]));
}

#[tokio::test]
async fn a_source_is_typed_and_may_be_absent() {
    async fn optional(source: Option<Source<ById>>) -> Result<Option<String>, BoxError> {
        Ok(source.map(|Source(by)| by.id))
    }
    async fn required(Source(by): Source<ById>) -> Result<String, BoxError> {
        Ok(by.id)
    }
    let caller = Caller::new(pilaster::handler(optional));
    assert_eq!(caller.call(event()).await.unwrap(), Value::Null);
    assert_eq!(caller.call(event().source(json!({ "id": "1" }))).await.unwrap(), "1");
    let caller = Caller::new(pilaster::handler(required));
    assert_eq!(caller.call(event()).await.unwrap_err().error_type(), "InvalidSource");
    let error = caller.call(event().source(json!({ "id": ["hunter2"] }))).await.unwrap_err();
    assert_eq!(error.message(), "`source` does not match the expected type");
}

#[tokio::test]
async fn the_keys_of_a_part_that_the_client_has_not_sent_stay_in_the_log() {
    type Counts = std::collections::BTreeMap<String, u8>;
    async fn sources(Source(counts): Source<Counts>) -> Result<usize, BoxError> {
        Ok(counts.len())
    }
    async fn stashed(Stash(counts): Stash<Counts>) -> Result<usize, BoxError> {
        Ok(counts.len())
    }
    async fn previous(Prev(counts): Prev<Counts>) -> Result<usize, BoxError> {
        Ok(counts.len())
    }
    async fn authorized(LambdaContext(counts): LambdaContext<Counts>) -> Result<usize, BoxError> {
        Ok(counts.len())
    }
    let of = async |function: Result<Value, FunctionError>, captured: &CapturedLogs| {
        let error = function.unwrap_err();
        assert!(error.message().ends_with("does not match the expected type"), "{error}");
        let line = captured.lines().pop().unwrap();
        assert!(line["error_chain"][0].as_str().unwrap().starts_with("/hunter2"), "{line}");
        assert!(!line["error"].as_str().unwrap().contains("hunter2"), "{line}");
    };
    let wrong = json!({ "hunter2": "x" });
    let logs = CapturedLogs::default;
    let captured = logs();
    let called = Caller::new(pilaster::handler(sources)).with_logs(&captured).call(event().source(&wrong)).await;
    of(called, &captured).await;
    let captured = logs();
    let called = Caller::new(pilaster::handler(stashed)).with_logs(&captured).call(event().stash(&wrong)).await;
    of(called, &captured).await;
    let captured = logs();
    let called = Caller::new(pilaster::handler(previous)).with_logs(&captured).call(event().prev(&wrong)).await;
    of(called, &captured).await;
    let captured = logs();
    let authorized = Caller::new(pilaster::handler(authorized)).with_logs(&captured);
    of(authorized.call(event().lambda_context(&wrong)).await, &captured).await;
}
