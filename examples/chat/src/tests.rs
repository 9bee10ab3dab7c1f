//! The function as it is deployed, with an inbox in place of the connections.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::observe::logging::CapturedLogs;
use pilaster::table::{Item, Table};
use pilaster::testing::{Caller, http, http::TestResponse};
use pilaster::websocket::Inbox;
use pilaster::{BoxError, Clients};
use serde_json::{Value, json};
use uuid::Uuid;

use super::chat::{Chat, Member};
use super::function;

type Tested = Result<(), BoxError>;

/// The chat, and what its connections get.
struct Stage {
    clients: Clients,
    table: Table,
    inbox: Inbox,
}

impl Stage {
    async fn new() -> Result<Self, BoxError> {
        let (clients, inbox) = Inbox::clients();
        let table = clients.get::<Chat>().await?.table;
        Ok(Self { clients, table, inbox })
    }

    async fn call(&self, event: Value) -> Result<TestResponse, BoxError> {
        let response = Caller::new(function()).with_clients(self.clients.clone()).call(event).await?;
        Ok(TestResponse::try_from(response)?)
    }

    async fn ticket(&self, user: &str, room: &str) -> Result<TestResponse, BoxError> {
        let claims = json!({ "sub": user, "cognito:groups": "[lobby board]" });
        self.call(http::post(format!("/tickets/{room}")).claims(claims).into_event()?).await
    }

    /// Connects a user, and returns the status.
    async fn connect(&self, id: &str, user: &str, room: &str) -> Result<u16, BoxError> {
        let ticket = self.ticket(user, room).await?.json::<Value>()?["ticket"].clone();
        Ok(self.call(connect(id, ticket.as_str().unwrap_or_default())).await?.status())
    }

    /// Stores a connection that has been there for a minute.
    async fn put_old(&self, id: &str, room: &str) -> Tested {
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH)?.as_secs() - 60;
        let item = Item::new(format!("connection#{id}"), &Member { user: "eve".into(), room: room.into(), since })?;
        let item = item.index((room, id)).expires_at(now + Duration::from_secs(60));
        Ok(self.table.put_item(item).await?)
    }

    async fn is_connected(&self, id: &str) -> Result<bool, BoxError> {
        Ok(self.clients.get::<Chat>().await?.member(id).await?.is_some())
    }

    fn delivered(&self, id: &str) -> Vec<Value> {
        self.inbox.json(id).expect("JSON")
    }
}

/// Returns an event of the WebSocket API.
fn event(route: &str, kind: &str, id: &str) -> Value {
    json!({
        "requestContext": {
            "routeKey": route, "eventType": kind, "connectionId": id, "messageDirection": "IN", "stage": "live",
            "apiId": "a1b2c3d4e5", "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "connectedAt": 1_795_256_129_000_u64, "requestTimeEpoch": 1_795_256_129_000_u64,
            "requestId": "UeBkOhY8liAEJ2g=",
            "identity": { "sourceIp": "203.0.113.7" },
        },
        "isBase64Encoded": false,
    })
}

fn connect(id: &str, ticket: &str) -> Value {
    let mut event = event("$connect", "CONNECT", id);
    event["headers"] = json!({ "Host": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com" });
    event["queryStringParameters"] = json!({ "ticket": ticket });
    event
}

fn message(id: &str, body: &Value) -> Value {
    let mut event = event("sendMessage", "MESSAGE", id);
    event["body"] = body.to_string().into();
    event
}

fn text(text: &str) -> Value {
    json!({ "action": "sendMessage", "text": text })
}

/// A route that is missing in the template is a 404, or is handled as an unknown action, once deployed.
#[test]
fn the_router_and_the_template_have_the_same_routes() {
    let template = include_str!("../template.yaml");
    let sockets = template.split("\n      Routes:\n").nth(1).expect("the routes").lines();
    let sockets = sockets.take_while(|line| line.starts_with("        ")).filter_map(|line| {
        let name = line.strip_prefix("        ").filter(|name| !name.starts_with(' '))?.strip_suffix(':')?;
        (name != "$default").then(|| format!("/{name}"))
    });
    let requests = template.lines().filter_map(|line| line.trim().strip_prefix("Path: ")).map(str::to_owned);
    let expected: BTreeSet<_> = sockets.chain(requests).collect();
    let routes = include_str!("main.rs").lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
    let routes: BTreeSet<_> = routes.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    assert_eq!((routes.len(), routes), (4, expected));
}

#[tokio::test]
async fn a_message_reaches_the_room_of_its_sender_and_no_other() -> Tested {
    let stage = Stage::new().await?;
    for (id, user, room) in [("a=", "ada", "lobby"), ("b=", "bob", "lobby"), ("c=", "cyd", "board")] {
        assert_eq!(stage.connect(id, user, room).await?, 200);
    }
    // The room in the message is that of the sender's ticket, and the user that of the token.
    let body = json!({ "action": "sendMessage", "text": "hello", "room": "board", "user": "cyd" });
    let response = stage.call(message("a=", &body)).await?;
    assert_eq!((response.status(), response.json::<Value>()?), (200, json!({ "connections": 2 })));
    let sent = json!({ "room": "lobby", "user": "ada", "text": "hello" });
    assert_eq!((stage.delivered("a="), stage.delivered("b=")), (vec![sent.clone()], vec![sent]));
    assert!(stage.delivered("c=").is_empty());
    Ok(())
}

#[tokio::test]
async fn a_ticket_is_only_for_a_member_of_the_group() -> Tested {
    let stage = Stage::new().await?;
    assert_eq!(stage.ticket("ada", "lobby").await?.status(), 200);
    assert_eq!(stage.ticket("ada", "vault").await?.status(), 403);
    assert_eq!(stage.call(http::post("/tickets/lobby").into_event()?).await?.status(), 401);
    let claims = json!({ "sub": "ada" });
    assert_eq!(stage.call(http::post("/tickets/lobby").claims(claims).into_event()?).await?.status(), 403);
    Ok(())
}

#[tokio::test]
async fn a_ticket_is_valid_once_also_for_two_at_once() -> Tested {
    let stage = Stage::new().await?;
    for _ in 0..20 {
        let ticket = stage.ticket("ada", "lobby").await?.json::<Value>()?["ticket"].clone();
        let ticket = ticket.as_str().ok_or("no ticket")?;
        let (first, second) = tokio::join!(stage.call(connect("a", ticket)), stage.call(connect("b", ticket)));
        let mut statuses = [first?.status(), second?.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
        assert_ne!(stage.is_connected("a").await?, stage.is_connected("b").await?);
        for id in ["a", "b"] {
            assert_eq!(stage.call(event("$disconnect", "DISCONNECT", id)).await?.status(), 200);
        }
    }
    Ok(())
}

#[tokio::test]
async fn without_a_valid_ticket_there_is_no_connection() -> Tested {
    let stage = Stage::new().await?;
    let expired = Uuid::new_v4();
    let member = Member { user: "ada".into(), room: "lobby".into(), since: 0 };
    let item = Item::new(format!("ticket#{expired}"), &member)?.expires_at(SystemTime::now() - Duration::from_secs(1));
    stage.table.put_item(item).await?;
    for (ticket, status) in [
        (expired.to_string(), 403),
        (Uuid::new_v4().to_string(), 403),
        ("lobby".to_owned(), 400),
        (String::new(), 400),
        (format!("{expired}#"), 400),
    ] {
        assert_eq!(stage.call(connect("a", &ticket)).await?.status(), status, "{ticket}");
    }
    assert_eq!(stage.call(event("$connect", "CONNECT", "a")).await?.status(), 400, "no ticket at all");
    assert!(!stage.is_connected("a").await?);
    assert_eq!(stage.call(message("a", &text("hello"))).await?.status(), 403);

    // The routes of the WebSocket API are not open over HTTP.
    let ticket = stage.ticket("ada", "lobby").await?.json::<Value>()?["ticket"].clone();
    let path = format!("/$connect?ticket={}", ticket.as_str().unwrap_or_default());
    assert_eq!(stage.call(http::get(path).into_event()?).await?.status(), 400);
    assert_eq!(stage.call(http::post("/sendMessage").json(text("hello")).into_event()?).await?.status(), 400);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn slow_and_gone_connections_do_not_stop_the_others() -> Tested {
    let stage = Stage::new().await?;
    assert_eq!(stage.connect("a", "ada", "lobby").await?, 200);
    for at in 0..60 {
        let kind = ["slow", "gone", "forbidden", "there"][at % 4];
        let id = format!("{kind}-{at}");
        stage.put_old(&id, "lobby").await?;
        match kind {
            "slow" => stage.inbox.hang(id),
            "gone" => stage.inbox.disconnect(id),
            "forbidden" => stage.inbox.refuse(id),
            _ => {}
        }
    }
    let response = stage.call(message("a", &text("hello"))).await?;
    assert_eq!((response.status(), response.json::<Value>()?["connections"].clone()), (200, json!(61)));
    assert_eq!(stage.delivered("a").len(), 1);
    for at in 0..60 {
        let kind = ["slow", "gone", "forbidden", "there"][at % 4];
        let id = format!("{kind}-{at}");
        assert_eq!(stage.delivered(&id).len(), usize::from(kind == "there"), "{id}");
        assert_eq!(stage.is_connected(&id).await?, kind != "gone", "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn each_failed_delivery_is_a_line_that_the_alarm_counts_and_no_line_has_a_ticket() -> Tested {
    let stage = Stage::new().await?;
    let logs = CapturedLogs::default();
    let caller = Caller::new(function()).with_clients(stage.clients.clone()).with_logs(&logs);
    let ticket = stage.ticket("ada", "lobby").await?.json::<Value>()?["ticket"].clone();
    let ticket = ticket.as_str().ok_or("no ticket")?;
    for (id, status) in [("a", 200), ("b", 403)] {
        let response = TestResponse::try_from(caller.call(connect(id, ticket)).await?)?;
        assert_eq!(response.status(), status);
    }
    for at in 0..3 {
        stage.put_old(&format!("forbidden-{at}"), "lobby").await?;
        stage.inbox.refuse(format!("forbidden-{at}"));
    }
    caller.call(message("a", &text("a secret"))).await?;
    let filter = "a message has not been delivered";
    assert!(include_str!("../template.yaml").contains(filter));
    let lines = logs.lines();
    assert_eq!(lines.iter().filter(|line| line["message"] == filter).count(), 3, "{lines:?}");
    let all = json!(lines).to_string();
    assert!(!all.contains(ticket) && !all.contains("a secret"), "{all}");
    Ok(())
}

#[tokio::test]
async fn a_connection_that_is_not_yet_open_is_kept() -> Tested {
    let stage = Stage::new().await?;
    assert_eq!(stage.connect("a", "ada", "lobby").await?, 200);
    // API Gateway reports it as gone until its `$connect` has ended.
    assert_eq!(stage.connect("not-yet", "bob", "lobby").await?, 200);
    stage.inbox.disconnect("not-yet");
    assert_eq!(stage.call(message("a", &text("hello"))).await?.status(), 200);
    assert!(stage.is_connected("not-yet").await?);
    Ok(())
}

#[tokio::test]
async fn a_message_is_checked_and_a_connection_ends_once() -> Tested {
    let stage = Stage::new().await?;
    assert_eq!(stage.connect("a", "ada", "lobby").await?, 200);
    assert_eq!(stage.call(message("a", &text(&"a".repeat(4_096)))).await?.status(), 413);
    assert_eq!(stage.call(message("a", &json!({ "action": "sendMessage" }))).await?.status(), 422);
    let mut other = event("$default", "MESSAGE", "a");
    other["body"] = "hello".into();
    assert_eq!(stage.call(other).await?.status(), 400);
    for _ in 0..2 {
        assert_eq!(stage.call(event("$disconnect", "DISCONNECT", "a")).await?.status(), 200);
        assert!(!stage.is_connected("a").await?);
    }
    assert!(stage.delivered("a").is_empty());
    Ok(())
}

#[tokio::test]
async fn the_chat_is_created_in_the_init_phase() {
    let clients = Clients::new();
    Caller::new(function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Chat>());
}
