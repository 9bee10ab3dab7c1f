use serde_json::{Value, json};

use super::*;
use crate::clients::Clients;
use crate::testing::Caller;
use crate::websocket::Inbox;
use crate::websocket::tests::Gateway;

fn event(kind: &str, api: &str, stage: &str, domain: &str) -> Value {
    let route = match kind {
        "CONNECT" => "$connect",
        "DISCONNECT" => "$disconnect",
        _ => "sendMessage",
    };
    json!({
        "requestContext": {
            "routeKey": route, "eventType": kind, "connectionId": "a=", "messageDirection": "IN", "stage": stage,
            "apiId": api, "domainName": domain, "requestId": "r", "identity": { "sourceIp": "203.0.113.7" },
        },
        "isBase64Encoded": false,
    })
}

fn message(api: &str, stage: &str, domain: &str) -> Value {
    event("MESSAGE", api, stage, domain)
}

async fn reply(connection: Connection) -> Result<String, HttpError> {
    Ok(format!("{:?}", connection.send_json(&json!({ "id": connection.id() })).await?))
}

async fn call(clients: &Clients, event: Value) -> Value {
    Caller::new(crate::handler(reply)).with_clients(clients.clone()).call(event).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_message_goes_to_the_api_and_the_stage_of_its_event() {
    let (clients, gateway) = Gateway::clients().await;
    for (api, stage, domain) in [
        ("aaaaaaaaaa", "live", "aaaaaaaaaa.execute-api.eu-central-1.amazonaws.com"),
        ("bbbbbbbbbb", "live", "bbbbbbbbbb.execute-api.eu-central-1.amazonaws.com"),
        ("bbbbbbbbbb", "test", "chat.example.com"),
        ("aaaaaaaaaa", "live", "chat.example.com"),
    ] {
        assert_eq!(call(&clients, message(api, stage, domain)).await["statusCode"], 200);
        let expected = format!("POST https://{api}.execute-api.eu-central-1.amazonaws.com/{stage}/@connections/a%3D");
        assert_eq!(gateway.requests().last(), Some(&expected));
    }
    let evil = call(&clients, message("evil.example.com/", "live", "evil.example.com")).await;
    assert_eq!((evil["statusCode"].as_u64(), gateway.requests().len()), (Some(500), 4));
}

#[tokio::test(start_paused = true)]
async fn during_connect_a_sentence_says_why_nothing_can_be_sent_and_after_disconnect_it_is_gone() {
    async fn why(connection: Connection) -> String {
        let error = connection.send("x").await.unwrap_err();
        assert!(error.is_connecting());
        assert!(connection.close().await.unwrap_err().is_connecting());
        assert!(connection.info().await.unwrap_err().is_connecting());
        format!("{}: {error}", connection.id())
    }
    let (clients, gateway) = Gateway::clients().await;
    let domain = "a.execute-api.eu-central-1.amazonaws.com";
    let caller = Caller::new(crate::handler(why)).with_clients(clients.clone());
    let response = caller.call(event("CONNECT", "a", "live", domain)).await.unwrap();
    let text = response["body"].as_str().unwrap();
    assert!(text.starts_with("a=: the connection does not exist until `$connect` has returned"), "{text}");
    let response = call(&clients, event("DISCONNECT", "a", "live", domain)).await;
    assert_eq!(response["body"], "Gone");
    assert!(gateway.requests().is_empty());
}

#[tokio::test]
async fn an_event_of_another_source_is_a_400() {
    let (clients, inbox) = Inbox::clients();
    let event = crate::testing::http::post("/sendMessage").into_event().unwrap();
    let response = call(&clients, event).await;
    assert_eq!(response["statusCode"], 400);
    assert!(inbox.messages("a=").is_empty());

    async fn kind(connection: Option<Connection>, connections: Option<Connections>) -> String {
        format!("{} {}", connection.is_some(), connections.is_some())
    }
    let caller = Caller::new(crate::handler(kind)).with_clients(clients);
    let event = crate::testing::http::post("/sendMessage").into_event().unwrap();
    assert_eq!(caller.call(event).await.unwrap()["body"], "false false");
    assert_eq!(caller.call(message("a", "live", "d")).await.unwrap()["body"], "true true");
}

#[tokio::test]
async fn a_test_reads_what_was_sent_and_ends_connections() {
    let (clients, inbox) = Inbox::clients();
    let message = || message("a", "live", "chat.example.com");
    assert_eq!(call(&clients, message()).await["body"], "Delivered");
    assert_eq!(inbox.json::<Value>("a=").unwrap(), [json!({ "id": "a=" })]);
    inbox.disconnect("a=");
    assert_eq!(call(&clients, message()).await["body"], "Gone");
    assert_eq!(inbox.messages("a=").len(), 1);
    assert!(!inbox.is_connected("a="));

    let connections = clients.get::<Connections>().await.unwrap();
    inbox.refuse("d");
    inbox.hang("e");
    assert!(connections.send("d", "x").await.unwrap_err().is_forbidden());
    let hurried = connections.clone().timeout(std::time::Duration::from_millis(1));
    assert!(hurried.send("e", "x").await.unwrap_err().is_timeout());
    connections.close("b").await.unwrap();
    assert!(!inbox.is_connected("b") && connections.info("c").await.unwrap().is_some());
    let broadcast = connections.send_all(["b", "c"], "hello").await;
    assert_eq!((broadcast.delivered(), broadcast.gone()), (1, &["b".to_owned()][..]));
}
