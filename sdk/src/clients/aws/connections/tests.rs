use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

#[cfg(feature = "dynamodb")]
mod service;
mod tls;

const SHORT: Duration = Duration::from_millis(50);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Runs a server that treats each connection like this, and returns its address and the number of connections.
async fn serve<F>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(treat(stream));
        }
    });
    (address, connections)
}

/// Responds to every request of a connection.
async fn respond(mut stream: TcpStream) {
    while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {
        stream.write_all(OK).await.unwrap();
    }
}

/// Neither responds nor closes the connection.
async fn wait(mut stream: TcpStream) {
    while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
}

/// Closes the connection instead of responding.
async fn close(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 1024]).await;
}

fn of_system() -> Connections {
    Connections::new(Tls::new().unwrap())
}

fn get(uri: &str) -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(uri).unwrap();
    request
}

async fn fails(time_outs: TimeOuts, uri: &str) -> ConnectorError {
    of_system().pool(time_outs).call(get(uri)).await.unwrap_err()
}

#[tokio::test]
async fn requests_share_a_connection_until_the_sdk_closes_it() {
    let (address, connections) = serve(respond).await;
    let pool = of_system().pool(TimeOuts::default());
    let uri = format!("http://{address}/");
    for _ in 0..2 {
        let response = pool.call(get(&uri)).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
        assert_eq!(body.to_bytes(), "{}");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    let captured = CaptureSmithyConnection::new();
    let mut request = get(&uri);
    request.add_extension(captured.clone());
    pool.call(request).await.unwrap();
    let connection = captured.get().unwrap();
    assert_eq!(connection.remote_addr().unwrap().to_string(), address);
    connection.poison();
    pool.call(get(&uri)).await.unwrap();
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn clients_share_one_tls_configuration_and_a_pool_by_their_time_outs() {
    let connections = of_system();
    let read = TimeOuts { read: Some(SHORT), ..TimeOuts::default() };
    for time_outs in [TimeOuts::default(), TimeOuts::default(), read] {
        connections.pool(time_outs);
    }
    assert_eq!(connections.pools.lock().unwrap().len(), 2);
    assert_eq!(Arc::strong_count(&connections.tls.0), 3);
}

#[tokio::test]
async fn a_time_out_is_an_error_that_is_tried_again() {
    let (address, _) = serve(wait).await;
    let connect = TimeOuts { connect: Some(SHORT), ..TimeOuts::default() };
    let handshake = fails(connect, &format!("https://{address}/")).await;
    assert!(handshake.is_timeout());
    let why = causes(&handshake).last().unwrap().to_string();
    assert_eq!(why, "the connection to the server took longer than 50ms");
    let read = TimeOuts { read: Some(SHORT), ..TimeOuts::default() };
    assert!(fails(read, &format!("http://{address}/")).await.is_timeout());
}

#[tokio::test]
async fn a_lost_connection_is_an_error_that_is_tried_again() {
    let (address, _) = serve(close).await;
    let https = fails(TimeOuts::default(), &format!("https://{address}/")).await;
    assert!(https.is_io(), "during the handshake of TLS: {https:?}");
    let http = fails(TimeOuts::default(), &format!("http://{address}/")).await;
    assert_eq!(http.as_other(), Some(ErrorKind::TransientError), "{http:?}");
    let refused = fails(TimeOuts::default(), "http://127.0.0.1:1/").await;
    assert!(refused.is_io(), "{refused:?}");
}

#[tokio::test]
async fn an_error_of_the_body_of_a_request_is_not_tried_again() {
    let (address, _) = serve(respond).await;
    let of_another_request = std::io::Error::other(TimedOut("a download", SHORT));
    let body = futures_util::stream::iter([Err::<hyper::body::Frame<bytes::Bytes>, _>(of_another_request)]);
    let mut request = get(&format!("http://{address}/"));
    request.set_method("POST").unwrap();
    *request.body_mut() = SdkBody::from_body_1_x(http_body_util::StreamBody::new(body));
    let error = of_system().pool(TimeOuts::default()).call(request).await.unwrap_err();
    assert!(error.is_user(), "{error:?}");
}

#[tokio::test]
async fn a_uri_without_a_host_is_an_error_of_the_caller() {
    let error = fails(TimeOuts::default(), "/path").await;
    assert!(!error.is_io() && !error.is_timeout(), "{error:?}");
}
