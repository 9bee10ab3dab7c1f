//! A client that closes its connection to a plain server of axum: the call of its tool is cancelled.

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedSender};

use super::*;

/// Waits for ever.
#[derive(Deserialize, JsonSchema, Tool)]
struct Wait {}

/// Reports the end of the call that holds it.
struct Held(UnboundedSender<&'static str>);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.send("ended");
    }
}

/// Without an invocation, no deadline ends the call.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_call_of_a_tool_ends_once_its_client_closes_the_connection() {
    for revision in ["2026-07-28", "2025-11-25"] {
        let (report, mut reports) = mpsc::unbounded_channel();
        let wait = move |Input(Wait {}): Input<Wait>| {
            let held = Held(report.clone());
            async move {
                let _ = held.0.send("began");
                std::future::pending::<String>().await
            }
        };
        let router = Router::new().route_service("/mcp", mcp::Server::new(Tools::new().add(wait)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, router).into_future());

        let event = client::call("wait").revision(revision).request().into_event().unwrap();
        let headers = event["headers"].as_object().unwrap();
        let headers = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap()));
        let body = event["body"].as_str().unwrap();
        let head =
            format!("POST /mcp HTTP/1.1\r\n{}content-length: {}\r\n\r\n", headers.collect::<String>(), body.len());
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all((head + body).as_bytes()).await.unwrap();
        let mut next = async || tokio::time::timeout(PATIENCE, reports.recv()).await.ok().flatten();
        assert_eq!(next().await, Some("began"), "{revision}");
        drop(connection);
        assert_eq!(next().await, Some("ended"), "{revision}");
        server.abort();
    }
}
