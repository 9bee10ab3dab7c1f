//! Fields of AppSync, and the authorizer of a GraphQL API.

use std::time::Duration;

use pilaster::appsync::{
    Access, Arguments, Authorization, Batch, Batched, CognitoUser, FieldInfo, Identity, Prev, Resolvers, Selection,
    Source, Stash, Unauthorized,
};
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;
use pilaster::{BoxError, FunctionError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answers, listed};
use crate::peer;

/// The events of AppSync that Powertools' repositories have.
const RECORDED: [&str; 6] = [
    "appsync/batch.json",
    "python/appSyncAuthorizerEvent.json",
    "python/appSyncBatchEvent.json",
    "python/appSyncDirectResolver.json",
    "python/appSyncResolverEvent.json",
    "typescript/parser/appsync/resolver.json",
];

#[tokio::test]
async fn check_33_fields_are_answered_as_by_powertools_but_for_listed_differences() {
    listed::has_recorded("appsync", &RECORDED);
    let cases = answers::listed("appsync");
    let (resolve, authorize) = (Caller::new(resolvers()), Caller::new(pilaster::handler(authorize)));
    let mut ours = Vec::new();
    for (case, _) in &cases {
        let caller = match case.function.as_str() {
            "resolve" => peer::pilaster(resolve.clone(), &CapturedMetrics::default(), &case.event).await,
            "authorize" => peer::pilaster(authorize.clone(), &CapturedMetrics::default(), &case.event).await,
            other => panic!("there is no function {other}"),
        };
        ours.push(caller);
    }
    listed::check("appsync", &answers::answers("appsync", cases, ours));
}

fn resolvers() -> Resolvers {
    Resolvers::new()
        .field("Mutation", "createSomething", create_something)
        .field("Merchant", "locations", locations)
        .field("Query", "echo", echo)
        .field("Query", "post", post)
        .field("Query", "first", first)
        .field("Query", "value", value)
        .field("Query", "kind", kind)
        .field("Query", "user", user)
        .field("Query", "pipeline", pipeline)
        .field("Query", "fails", fails)
        .field("Query", "refuses", refuses)
        .field("Query", "denies", denies)
        .field("Post", "author", author)
        .field("Post", "strictAuthor", author)
        .batch("Post", "relatedPosts", related_posts)
        .batch("Post", "lost", lost)
}

#[derive(Deserialize)]
struct New {
    #[serde(alias = "user_id")]
    id: String,
}

async fn create_something(user: CognitoUser, Arguments(new): Arguments<New>) -> Result<Value, BoxError> {
    Ok(json!({ "id": new.id, "user": user.username }))
}

#[derive(Deserialize)]
struct Locations {
    page: u32,
    size: u32,
    name: String,
}

#[derive(Deserialize)]
struct Merchant {
    name: String,
}

async fn locations(
    Source(merchant): Source<Merchant>,
    Arguments(of): Arguments<Locations>,
) -> Result<Vec<Value>, BoxError> {
    Ok(vec![json!({ "name": of.name, "page": of.page, "size": of.size, "of": merchant.name })])
}

async fn echo(Arguments(arguments): Arguments<Value>) -> Result<Value, BoxError> {
    Ok(arguments)
}

#[derive(Deserialize)]
struct ById {
    id: String,
    title: Option<String>,
}

async fn post(Arguments(by): Arguments<ById>) -> Result<Value, BoxError> {
    Ok(json!({ "id": by.id, "title": by.title }))
}

#[derive(Deserialize)]
struct First {
    first: Option<i32>,
}

async fn first(Arguments(of): Arguments<First>) -> Result<i32, BoxError> {
    Ok(of.first.unwrap_or(10))
}

#[derive(Deserialize)]
struct Json {
    json: Value,
}

async fn value(Arguments(of): Arguments<Json>) -> Result<Value, BoxError> {
    Ok(of.json)
}

async fn kind(identity: Identity) -> Result<&'static str, BoxError> {
    Ok(match identity {
        Identity::ApiKey => "ApiKey",
        Identity::Iam(_) => "Iam",
        Identity::Cognito(_) => "Cognito",
        Identity::Oidc(_) => "Oidc",
        Identity::Lambda(_) => "Lambda",
        _ => "Other",
    })
}

async fn user(identity: Identity) -> Result<Option<String>, BoxError> {
    Ok(match identity {
        Identity::Cognito(user) => Some(user.username),
        Identity::Iam(caller) => Some(caller.username),
        _ => None,
    })
}

async fn pipeline(
    selection: Selection,
    Stash(stash): Stash<Value>,
    prev: Option<Prev<Value>>,
) -> Result<Value, BoxError> {
    let selected: Vec<_> = selection.iter().collect();
    Ok(json!({ "selected": selected, "stash": stash, "prev": prev.map(|Prev(result)| result) }))
}

fn secret() -> BoxError {
    "secret db host".into()
}

async fn fails(_: FieldInfo) -> Result<Value, BoxError> {
    Err(secret())
}

async fn refuses(_: FieldInfo) -> Result<Value, FunctionError> {
    Err(FunctionError::new("NotFound", "there is no such post"))
}

async fn denies(_: FieldInfo) -> Result<Value, BoxError> {
    Err(Unauthorized.into())
}

#[derive(Deserialize)]
struct Post {
    author: Option<String>,
}

async fn author(Source(post): Source<Post>) -> Result<Option<String>, BoxError> {
    match post.author.as_deref() {
        Some("boom") => Err(secret()),
        Some("nobody") => Err(FunctionError::new("NotFound", "there is no author").into()),
        _ => Ok(post.author),
    }
}

#[derive(Deserialize)]
struct Numbered {
    id: String,
}

async fn related_posts(batch: Batch<Numbered>) -> Result<Batched<Value>, BoxError> {
    let length = batch.len();
    Ok(batch.answer(|item| json!({ "of": item.source.id, "in": length })))
}

async fn lost(_: Batch<Value>) -> Result<Batched<Value>, BoxError> {
    Err(secret())
}

async fn authorize(request: Authorization) -> Result<Access, BoxError> {
    if !request.token().starts_with("BE9DC5E3") {
        return Ok(Access::deny().ttl(Duration::ZERO));
    }
    let access = Access::allow().context("name", "Foo Man").context("balance", "100");
    Ok(access.deny_field("Mutation", "createEvent").ttl(Duration::from_secs(15)))
}
