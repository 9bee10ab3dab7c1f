//! Messages through the SDK to a management API in this process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigatewaymanagement::config::{Credentials, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;

use super::*;
use crate::clients::Clients;

/// API Gateway: connections whose ids begin with `gone`, `busy` (throttled once), `flooded` (always), `forbidden` or `slow`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gateway {
    /// The method and the URL of each request.
    requests: Arc<Mutex<Vec<String>>>,
    delivered: Arc<Mutex<HashMap<String, Vec<usize>>>>,
    running: Arc<AtomicUsize>,
    pub(crate) most: Arc<AtomicUsize>,
}

impl Gateway {
    pub(crate) async fn clients() -> (Clients, Self) {
        let (clients, gateway) = (Clients::new(), Self::default());
        clients.insert(gateway.config().await);
        (clients, gateway)
    }

    async fn config(&self) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(SharedHttpClient::new(self.clone()))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .region(Region::new("eu-central-1"))
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(10)))
            .load()
            .await
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the sizes of the messages to a connection.
    pub(crate) fn delivered(&self, id: &str) -> Vec<usize> {
        self.delivered.lock().unwrap().get(id).cloned().unwrap_or_default()
    }

    fn respond(&self, id: &str, size: usize, attempt: usize) -> (u16, Option<&'static str>, &'static str) {
        match id {
            id if id.starts_with("gone") => (410, Some("GoneException"), ""),
            id if id.starts_with("busy") && attempt == 1 => (429, Some("LimitExceededException"), "{}"),
            id if id.starts_with("flooded") => (429, Some("LimitExceededException"), "{}"),
            id if id.starts_with("forbidden") => (403, Some("ForbiddenException"), "{}"),
            _ => {
                self.delivered.lock().unwrap().entry(id.to_owned()).or_default().push(size);
                let info = r#"{"connectedAt":"2026-11-28T10:00:00Z","lastActiveAt":"2026-11-28T10:00:05Z",
                    "identity":{"sourceIp":"203.0.113.7","userAgent":"hunter2"}}"#;
                (200, None, info)
            }
        }
    }
}

impl HttpConnector for Gateway {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let gateway = self.clone();
        let named = format!("{} {}", request.method(), request.uri());
        let id = named.rsplit('/').next().unwrap_or_default().to_owned();
        let size = request.body().bytes().unwrap_or_default().len();
        let attempt = {
            let mut requests = gateway.requests.lock().unwrap();
            requests.push(named.clone());
            requests.iter().filter(|earlier| **earlier == named).count()
        };
        HttpConnectorFuture::new(async move {
            gateway.most.fetch_max(gateway.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let time = Duration::from_millis(if id.starts_with("slow") { 60_000 } else { 20 });
            tokio::time::sleep(time).await;
            gateway.running.fetch_sub(1, Ordering::SeqCst);
            let (status, error, body) = gateway.respond(&id, size, attempt);
            let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            if let Some(error) = error {
                response.headers_mut().insert("x-amzn-errortype", error);
            }
            Ok(response)
        })
    }
}

impl HttpClient for Gateway {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

const URL: &str = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live";

async fn connections() -> (Connections, Gateway) {
    let (clients, gateway) = Gateway::clients().await;
    (clients.with_variable("CONNECTIONS_URL", URL).get().await.unwrap(), gateway)
}

#[tokio::test(start_paused = true)]
async fn a_message_of_131_072_bytes_is_sent_and_a_larger_one_is_refused_before_a_call() {
    let (connections, gateway) = connections().await;
    assert_eq!(connections.send("a=", vec![b'a'; 131_072]).await.unwrap(), Sent::Delivered);
    assert_eq!(gateway.delivered("a%3D"), [131_072]);
    assert_eq!(gateway.requests(), [format!("POST {URL}/@connections/a%3D")]);

    let error = connections.send("a=", vec![b'a'; 131_073]).await.unwrap_err();
    assert!(error.is_too_large());
    let text = error.to_string();
    assert!(text.contains("131073") && text.contains("131072"), "{text}");
    let json = connections.send_json("a=", &"a".repeat(131_071)).await.unwrap_err();
    assert!(json.is_too_large(), "with its quotes");
    assert_eq!(gateway.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_gone_connection_is_no_error_and_each_failure_is_known() {
    let (connections, gateway) = connections().await;
    assert_eq!(connections.send("gone", "x").await.unwrap(), Sent::Gone);
    assert_eq!(connections.info("gone").await.unwrap(), None);
    connections.close("gone").await.unwrap();
    assert_eq!(gateway.requests().len(), 3, "a gone connection is not tried again");

    assert_eq!(connections.send("busy", "x").await.unwrap(), Sent::Delivered, "throttled once");
    let flooded = connections.send("flooded", "x").await.unwrap_err();
    assert!(flooded.is_throttled(), "{flooded}");
    let error = crate::http::HttpError::from(flooded);
    assert_eq!((error.status().as_u16(), &error.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(gateway.requests().iter().filter(|request| request.ends_with("flooded")).count(), 3);

    let forbidden = connections.send("forbidden", "x").await.unwrap_err();
    assert!(forbidden.is_forbidden() && forbidden.to_string().contains("execute-api:ManageConnections"));
    let began = tokio::time::Instant::now();
    assert!(connections.send("slow", "x").await.unwrap_err().is_timeout());
    assert_eq!(began.elapsed(), Duration::from_secs(3));

    let info = connections.info("a").await.unwrap().unwrap();
    assert_eq!(info.source_ip.as_deref(), Some("203.0.113.7"));
    let connected = info.connected_at.unwrap();
    assert_eq!(info.last_active_at, Some(connected + Duration::from_secs(5)));
    assert!(!format!("{info:?}").contains("hunter2"));
    connections.close("a").await.unwrap();
    assert_eq!(gateway.requests().last().unwrap(), &format!("DELETE {URL}/@connections/a"));
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_each_connection_once_and_names_those_that_are_gone() {
    let (connections, gateway) = connections().await;
    let ids: Vec<String> = (0..1_000)
        .map(|at| match at {
            0..100 => format!("gone-{at}"),
            100..110 => format!("busy-{at}"),
            _ => format!("there-{at}"),
        })
        .collect();
    let twice = ids.iter().chain(&ids).cloned();
    let deadline = SystemTime::now() + Duration::from_secs(20);
    let began = tokio::time::Instant::now();
    let broadcast = connections.deadline(Some(deadline)).send_all(twice, "hello").await;
    assert!(broadcast.failed().is_empty(), "{broadcast:?}");
    assert_eq!(broadcast.delivered(), 900);
    let mut gone = broadcast.gone().to_vec();
    gone.sort_unstable();
    let mut expected = ids[..100].to_vec();
    expected.sort_unstable();
    assert_eq!(gone, expected);
    for id in &ids[100..] {
        assert_eq!(gateway.delivered(id), [5], "{id}");
    }
    assert_eq!(gateway.most.load(Ordering::SeqCst), 32);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_ends_before_the_deadline_and_names_those_that_it_has_not_reached() {
    let (connections, gateway) = connections().await;
    let connections = connections.concurrency(1).timeout(Duration::from_secs(60));
    let ids = ["a", "slow", "z"];
    let began = tokio::time::Instant::now();
    let deadline = SystemTime::now() + Duration::from_secs(10);
    let broadcast = connections.deadline(Some(deadline)).send_all(ids, "hello").await;
    assert!(began.elapsed() <= Duration::from_millis(9_500) && began.elapsed() > Duration::from_secs(9));
    assert_eq!((broadcast.delivered(), gateway.delivered("a")), (1, vec![5]));
    let failed: Vec<_> = broadcast.failed().iter().map(|(id, error)| (&**id, error.is_timeout())).collect();
    assert_eq!(failed, [("slow", true), ("z", true)]);
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_no_message_of_a_broadcast_is_sent() {
    let (connections, gateway) = connections().await;
    let past = SystemTime::now() - Duration::from_secs(5);
    let broadcast = connections.deadline(Some(past)).send_all(["a", "b"], "hello").await;
    assert_eq!((broadcast.delivered(), broadcast.failed().len()), (0, 2));
    assert_eq!(gateway.delivered("a"), [0_usize; 0]);
}

#[tokio::test]
async fn without_the_variable_the_client_says_which_one_it_needs() {
    let (clients, _) = Gateway::clients().await;
    let error = clients.get::<Connections>().await.unwrap_err();
    let text = crate::core::error::causes(&error).map(|error| error.to_string()).collect::<Vec<_>>().join(": ");
    assert!(text.contains("CONNECTIONS_URL"), "{text}");
    let by_hand = Connections::at(&clients, URL);
    assert_eq!(by_hand.send("a", "x").await.unwrap(), Sent::Delivered);
}
