//! Messages to the clients of a WebSocket API of the engine, from a function in this process.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::{Credentials, SharedHttpClient};
use engines::Engine;
use engines::binary::Guarded;
use pilaster::http::{Connection, HttpError, Json};
use pilaster::testing::Caller;
use pilaster::websocket::Connections;
use pilaster::{BoxError, Clients};
use serde_json::{Value, json};

/// The clients, in Python.
struct Sockets {
    _child: Guarded,
    pipes: (ChildStdin, BufReader<ChildStdout>),
}

impl Sockets {
    fn start(engine: &Engine) -> Result<Self, BoxError> {
        let mut child = Command::new(engine.program("python"))
            .args([concat!(env!("CARGO_MANIFEST_DIR"), "/python/websockets.py"), &engine.endpoint()])
            .envs(engine.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map(Guarded)?;
        let stdin = child.0.stdin.take().ok_or("a pipe")?;
        let stdout = BufReader::new(child.0.stdout.take().ok_or("a pipe")?);
        Ok(Self { _child: child, pipes: (stdin, stdout) })
    }

    fn ask(&mut self, verb: &str, name: &str) -> Result<Value, BoxError> {
        writeln!(self.pipes.0, "{}", json!({ verb: name }))?;
        let mut line = String::new();
        self.pipes.1.read_line(&mut line)?;
        Ok(serde_json::from_str(&line).map_err(|error| format!("{verb} {name}: {line:?}: {error}"))?)
    }
}

async fn reply(connection: Connection) -> Result<Json<Value>, HttpError> {
    let sent = connection.send_json(&json!({ "id": connection.id() })).await?;
    Ok(Json(json!({ "sent": format!("{sent:?}"), "is known": connection.info().await?.is_some() })))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_its_connection_and_one_that_has_left_is_gone() -> Result<(), BoxError> {
    let engine = Engine::shared();
    let mut sockets = Sockets::start(&engine)?;
    let (ada, bob) = (sockets.ask("open", "ada")?, sockets.ask("open", "bob")?);
    let path = ada["path"].as_str().ok_or("no path")?;

    let clients = Clients::new()
        .with_variable("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", format!("{}{path}", engine.endpoint()))
        .with_variable("CONNECTIONS_URL", format!("{}{path}", engine.endpoint()));
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(clients.get::<SharedHttpClient>().await?)
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .region(Region::new("us-east-1"));
    clients.insert(config.load().await);
    let caller = Caller::new(pilaster::handler(reply)).with_clients(clients.clone());
    let id = |of: &Value| of["event"]["requestContext"]["connectionId"].as_str().unwrap_or_default().to_owned();
    let call = async |of: &Value| -> Result<Value, BoxError> {
        let response = caller.call(of["event"].clone()).await?;
        Ok(serde_json::from_str(response["body"].as_str().ok_or_else(|| response.to_string())?)?)
    };

    assert_eq!(call(&ada).await?["sent"], "Delivered");
    assert_eq!(sockets.ask("read", "ada")?, json!({ "id": id(&ada) }).to_string());
    assert_eq!(call(&bob).await?["sent"], "Delivered");
    assert_eq!(sockets.ask("read", "bob")?, json!({ "id": id(&bob) }).to_string());

    let connections = clients.get::<Connections>().await?.timeout(Duration::from_secs(60));
    let broadcast = connections.send_all([id(&ada), id(&bob), "made-up".to_owned()], "hello").await;
    assert_eq!((broadcast.delivered(), broadcast.gone()), (2, &["made-up".to_owned()][..]), "{broadcast:?}");
    for name in ["ada", "bob"] {
        assert_eq!(sockets.ask("read", name)?, "hello");
    }
    let large = "é".repeat(131_072 / 2);
    assert!(!connections.send(id(&ada), large.clone()).await?.is_gone());
    assert_eq!(sockets.ask("read", "ada")?, large);
    assert!(connections.send(id(&ada), large + "x").await.unwrap_err().is_too_large());

    sockets.ask("close", "ada")?;
    let mut gone = call(&ada).await?;
    // The engine learns of it a moment later.
    for _ in 0..100 {
        if gone["sent"] == "Gone" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        gone = call(&ada).await?;
    }
    assert_eq!(gone, json!({ "sent": "Gone", "is known": false }));
    connections.close(id(&bob)).await?;
    assert_eq!(sockets.ask("read", "bob")?, Value::Null);
    connections.close(id(&bob)).await?;
    Ok(())
}
