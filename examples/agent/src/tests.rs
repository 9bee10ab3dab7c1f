use pilaster::testing::{Caller, agentcore, assert_schema, bedrock, mcp as client};
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
async fn a_client_of_mcp_finds_the_same_rooms_and_reads_why_there_is_no_quote() {
    for revision in ["2026-07-28", "2025-11-25"] {
        let send = async |call: client::Message| Caller::new(server()).send(call.revision(revision)).await.unwrap();
        let value = async |call| client::result(&send(call).await).unwrap()["structuredContent"].take();
        let found = value(client::call("find_rooms").argument("guests", 2).argument("max_cents", 15_000)).await;
        assert_eq!(found["rooms"][0]["name"], "sea");
        let quote = value(client::call("quote").argument("room", "sea").argument("nights", 2)).await;
        assert_eq!(quote, json!({ "result": 28_000 }));
        let refused = send(client::call("quote").argument("nights", 2)).await;
        assert_eq!(client::text(&refused), Some((true, "name a room".to_owned())));
    }
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
