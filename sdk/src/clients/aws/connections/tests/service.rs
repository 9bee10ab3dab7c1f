//! Clients of the SDK, whose retries hide a server that fails.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;

use super::*;

async fn dynamodb(address: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(SharedHttpClient::new(of_system()))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .load()
        .await;
    aws_sdk_dynamodb::Client::new(&config)
}

/// Responds to the first request of a connection.
async fn respond_once(mut stream: TcpStream, response: &[u8]) -> TcpStream {
    let _ = stream.read(&mut [0; 4096]).await;
    stream.write_all(response).await.unwrap();
    stream
}

/// Responds once, and closes the connection while it waits in the pool.
async fn close_idle(stream: TcpStream) {
    respond_once(stream, OK).await;
}

/// Responds once, and closes the connection when the next request comes.
async fn close_at_the_next_request(stream: TcpStream) {
    close(respond_once(stream, OK).await).await;
}

/// Responds once, and resets the connection when the next request comes.
async fn reset_at_the_next_request(stream: TcpStream) {
    let stream = respond_once(stream, OK).await;
    // Unread data resets a connection that is closed.
    let _ = stream.readable().await;
}

/// Sends three requests, one after the other, and returns the number of connections that they needed.
async fn post<F>(treat: fn(TcpStream) -> F) -> usize
where
    F: Future<Output = ()> + Send + 'static,
{
    let (address, connections) = serve(treat).await;
    let dynamodb = dynamodb(&address).await;
    for _ in 0..3 {
        dynamodb.list_tables().send().await.unwrap();
        tokio::time::sleep(SHORT).await;
    }
    connections.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_post_on_a_connection_that_died_is_sent_again() {
    assert_eq!(post(respond).await, 1);
    assert_eq!(post(close_idle).await, 3);
    assert_eq!(post(close_at_the_next_request).await, 3);
    assert_eq!(post(reset_at_the_next_request).await, 3);
}

#[tokio::test]
async fn a_response_that_ends_early_is_fetched_again() {
    const CUT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}";
    let count = AtomicUsize::new(0);
    let (address, connections) = serve(move |stream| {
        let response = if count.fetch_add(1, Ordering::Relaxed) == 0 { CUT } else { OK };
        async move { drop(respond_once(stream, response).await) }
    })
    .await;
    dynamodb(&address).await.list_tables().send().await.unwrap();
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_snapshot_has_no_connections_of_forgotten_clients() {
    let (closed, mut is_closed) = tokio::sync::mpsc::unbounded_channel();
    let (address, _) = serve(move |stream| {
        let closed = closed.clone();
        async move {
            respond(stream).await;
            closed.send(()).unwrap();
        }
    })
    .await;
    let clients = Clients::new();
    let pool = clients.get::<Connections>().await.unwrap().pool(TimeOuts::default());
    let response = pool.call(get(&format!("http://{address}/"))).await.unwrap();
    http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
    drop(pool);
    assert!(is_closed.try_recv().is_err());
    clients.forget_made();
    tokio::time::timeout(Duration::from_secs(10), is_closed.recv()).await.unwrap().unwrap();
}
