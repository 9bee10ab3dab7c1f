use pilaster::testing::{Caller, agentcore, assert_schema, bedrock};
use serde_json::json;

use super::*;

#[tokio::test]
async fn an_agent_and_a_gateway_find_the_same_rooms() {
    let event =
        bedrock::function("find_rooms").parameter("guests", "integer", "2").parameter("max_cents", "integer", "15000");
    let answer = Caller::new(function()).call(event).await.unwrap();
    let (state, body) = bedrock::result(&answer).unwrap();
    let gateway = Caller::new(function()).with_context(agentcore::tool("find_rooms"));
    let found = gateway.call(json!({ "guests": 2, "max_cents": 15_000 })).await.unwrap();
    assert_eq!(found, json!({ "rooms": [{ "name": "sea", "guests": 2, "cents": 14_000 }] }));
    assert_eq!((state, serde_json::from_str(body).unwrap()), (None, found));
}

#[tokio::test]
async fn the_session_remembers_the_room() {
    let caller = Caller::new(function());
    let first = bedrock::function("quote").parameter("room", "string", "sea").parameter("nights", "integer", "2");
    let answer = caller.call(first).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((None, "28000")));
    assert_eq!(answer["sessionAttributes"], json!({ "room": "sea" }));
    let next = bedrock::function("quote").attribute("room", "sea").parameter("nights", "integer", "3");
    assert_eq!(bedrock::result(&caller.call(next).await.unwrap()), Some((None, "42000")));
}

#[tokio::test]
async fn the_model_reads_why_there_is_no_quote() {
    let event = bedrock::function("quote").parameter("room", "string", "attic").parameter("nights", "integer", "1");
    let answer = Caller::new(function()).call(event).await.unwrap();
    let text = "there is no such room: find rooms first";
    assert_eq!(bedrock::result(&answer), Some((Some("REPROMPT"), text)));
    let gateway = Caller::new(function()).with_context(agentcore::tool("quote"));
    let answer = gateway.call(json!({ "room": "attic", "nights": 1 })).await.unwrap();
    assert_eq!(answer, json!({ "error": { "type": "NoRoom", "message": text } }));
}

/// The schemas of `template.yaml` are written from these files.
#[test]
fn the_schemas_are_current() {
    assert_schema("agentcore-schema.json", tools().agentcore_schema());
    assert_schema("bedrock-schema.json", tools().bedrock_schema());
}
