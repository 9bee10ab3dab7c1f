use pilaster::testing::{Caller, channel_publish, channel_subscribe};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_comment_has_the_name_of_the_client_and_an_empty_one_is_not_broadcast() -> TestResult {
    let caller = Caller::new(function());
    let publish = channel_publish("/comments/7")
        .with_id("1", json!({ "text": " Goal! ", "author": "the referee" }))
        .with_id("2", json!({ "text": " " }))
        .with_id("3", json!({ "text": "x".repeat(501) }));
    let response = caller.call(publish.clone().lambda_context(json!({ "name": "ada" }))).await?;
    let expected = json!({ "events": [
        { "id": "1", "payload": { "author": "ada", "text": "Goal!" } },
        { "id": "3", "error": "CommentTooLong: a comment has at most 500 bytes" },
    ] });
    assert_eq!(response, expected);
    assert_eq!(caller.call(publish).await.unwrap_err().error_type(), "UnauthorizedException");
    Ok(())
}

#[tokio::test]
async fn reactions_are_counted() -> TestResult {
    let publish = ["⚽", "👏", "⚽"].iter().zip(["1", "2", "3"]);
    let publish = publish
        .fold(channel_publish("/reactions/7"), |event, (emoji, id)| event.with_id(id, json!({ "emoji": emoji })));
    let response = Caller::new(function()).call(publish).await?;
    assert_eq!(response, json!({ "events": [{ "id": "1", "payload": { "⚽": 2, "👏": 1 } }] }));
    Ok(())
}

#[tokio::test]
async fn a_client_follows_one_match_of_a_known_channel() -> TestResult {
    let caller = Caller::new(function());
    assert_eq!(caller.call(channel_subscribe("/comments/7")).await?, Value::Null);
    let refused = caller.call(channel_subscribe("/comments/*")).await.unwrap_err();
    assert_eq!(refused.error_type(), "UnauthorizedException");
    let unknown = caller.call(channel_subscribe("/comments")).await?;
    assert_eq!(unknown, json!({ "error": "UnknownChannel: no handler is registered for this channel" }));
    Ok(())
}
