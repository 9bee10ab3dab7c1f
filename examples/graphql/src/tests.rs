use pilaster::testing::{Caller, appsync, assert_appsync_schema};
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// The function as it is deployed, and its table in memory.
async fn deployed() -> (Caller<impl RawService>, Blog) {
    let clients = Clients::new();
    let blog = clients.get().await.expect("a table in memory");
    (Caller::new(function()).with_clients(clients), blog)
}

fn ada() -> Author {
    Author { id: "1".to_owned(), name: "ada".to_owned() }
}

#[test]
fn each_resolver_is_a_field_of_the_schema() {
    assert_appsync_schema(include_str!("../schema.graphql"), &resolvers());
}

#[tokio::test]
async fn a_user_adds_a_post_of_their_own() -> TestResult {
    let (caller, _) = deployed().await;
    let event = appsync("Mutation", "addPost").arguments(json!({ "title": "Hello" }));
    let post = caller.call(event.clone().cognito("ada", [])).await?;
    assert_eq!(post["title"], "Hello");
    assert_eq!(caller.call(appsync("Query", "posts")).await?, json!([post]));
    let author = caller.call(appsync("Post", "author").source(&post)).await?;
    assert_eq!(author["name"], "ada");
    assert_eq!(caller.call(event.clone().iam("reader")).await.unwrap_err().error_type(), "UnauthorizedException");
    let error = caller.call(event.cognito("ada", []).arguments(json!({ "title": " " }))).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidTitle");
    Ok(())
}

#[tokio::test]
async fn posts_are_listed_from_the_newest_on() -> TestResult {
    let (caller, blog) = deployed().await;
    for (id, title) in [("a", "one"), ("b", "two")] {
        blog.add(id, title.to_owned(), &ada()).await?;
    }
    let posts = caller.call(appsync("Query", "posts")).await?;
    let titles = posts.as_array().ok_or("a list")?.iter().map(|post| &post["title"]).collect::<Vec<_>>();
    assert_eq!(titles, ["two", "one"]);
    Ok(())
}

#[tokio::test]
async fn the_authors_of_a_batch_are_read_once_and_an_unknown_one_fails_alone() -> TestResult {
    let (caller, blog) = deployed().await;
    let post = blog.add("a", "one".to_owned(), &ada()).await?;
    let of = |author: &str| Post { author_id: author.to_owned(), ..post.clone() };
    let answer = caller.call(appsync("Post", "author").batch([of("1"), of("2"), of("1")])).await?;
    let ada = json!({ "data": { "id": "1", "name": "ada" } });
    assert_eq!((&answer[0], &answer[2]), (&ada, &ada));
    assert_eq!(answer[1]["errorType"], "AuthorNotFound");
    assert_eq!(answer[1].get("data"), None::<&Value>);
    Ok(())
}
