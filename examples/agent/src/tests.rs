use pilaster::testing::{Caller, agentcore, assert_schema, bedrock, http};
use serde_json::{Value, json};

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
    let call = async |name: &str, arguments: Value| {
        let params = json!({ "name": name, "arguments": arguments });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let answer = Caller::new(server()).send(http::post("/mcp").json(message)).await.unwrap();
        answer.json::<Value>().unwrap()["result"].clone()
    };
    let found = call("find_rooms", json!({ "guests": 2, "max_cents": 15_000 })).await;
    assert_eq!(found["structuredContent"]["rooms"][0]["name"], "sea");
    let quote = call("quote", json!({ "room": "sea", "nights": 2 })).await;
    assert_eq!(quote["structuredContent"], json!({ "result": 28_000 }));
    let refused = call("quote", json!({ "nights": 2 })).await;
    assert_eq!((&refused["isError"], &refused["content"][0]["text"]), (&json!(true), &json!("name a room")));
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
