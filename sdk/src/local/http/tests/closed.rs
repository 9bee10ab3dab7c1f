//! A client of MCP that closes its connection: the module docs of [`mcp`](crate::mcp) promise that this cancels the call.

use schemars::JsonSchema;
use tokio::sync::mpsc::{self, UnboundedSender};

use super::*;
use crate::mcp;
use crate::tools::{Definition, Input, Tool, Tools};

#[derive(Deserialize, JsonSchema)]
struct Wait {}

impl Tool for Wait {
    const DEFINITION: Definition = Definition::new("wait", "Waits for ever.");
}

/// Reports the end of the call that holds it.
struct Held(UnboundedSender<&'static str>);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.send("ended");
    }
}

/// The call would end by itself after [`TIMEOUT`], which must not pass for the cancellation.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_call_of_a_tool_ends_once_its_client_closes_the_connection() {
    assert!(PATIENCE < TIMEOUT);
    let (report, mut reports) = mpsc::unbounded_channel();
    let wait = move |Input(Wait {}): Input<Wait>| {
        let held = Held(report.clone());
        async move {
            let _ = held.0.send("began");
            std::future::pending::<String>().await
        }
    };
    let function = crate::http::service(mcp::Server::new(Tools::new().add(wait)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hosts = Box::leak(Box::new(Hosts::new("127.0.0.1:3000", None)));
    tokio::spawn(accept(listener, crate::function::IntoService::into_service(function).unwrap(), &[], hosts));

    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{}}}"#;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all((head + body).as_bytes()).await.unwrap();
    let mut next = async || tokio::time::timeout(PATIENCE, reports.recv()).await.ok().flatten();
    assert_eq!(next().await, Some("began"));
    drop(client);
    assert_eq!(next().await, Some("ended"));
}
