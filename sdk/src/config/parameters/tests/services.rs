//! SSM and AppConfig, with a stand-in at the other end of the connection.

use aws_sdk_ssm::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use serde_json::Value;

use super::*;

type Responder = dyn Fn(&str, &Value) -> Answer + Send + Sync;
pub(super) type Answer = (u16, Value, Vec<(&'static str, String)>);

/// Answers a request by its operation (or path) and body, and keeps both.
#[derive(Clone)]
pub(super) struct Service {
    answer: Arc<Responder>,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    /// For how long the sandbox is frozen in the middle of the next call.
    frozen: Arc<Mutex<Duration>>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}

impl Service {
    pub(super) fn new(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), calls: Arc::default(), frozen: Arc::default() }
    }

    pub(super) fn config(&self) -> aws_config::SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "test")))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    pub(super) fn freeze_in_next_call(&self, time: Duration) {
        *self.frozen.lock().unwrap() = time;
    }

    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap()).into_iter().map(|(operation, _)| operation).collect()
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let path = request.uri().split_once("amazonaws.com").map_or("", |(_, path)| path);
        let operation = target.unwrap_or(path).to_owned();
        let input = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        let (status, body, headers) = (self.answer)(&operation, &input);
        // The response of the service; the sandbox is frozen before it arrives.
        let frozen = std::mem::take(&mut *self.frozen.lock().unwrap());
        if !frozen.is_zero() {
            crate::core::clock::freeze(frozen);
        }
        self.calls.lock().unwrap().push((operation, input));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

#[tokio::test(start_paused = true)]
async fn ssm_is_asked_for_one_name_or_ten_and_finds_versions_and_arns() {
    const ARN: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/b";
    let service = Service::new(|operation, input| {
        let one = |name: &str| match name {
            "/a:3" => Some(json!({ "Name": "/a", "Selector": ":3", "Value": "three", "Type": "String", "Version": 3 })),
            ARN => Some(json!({ "Name": "/b", "ARN": ARN, "Value": "x,y", "Type": "StringList" })),
            "/nowhere" => None,
            name => Some(json!({ "Name": name, "Value": name, "Type": "SecureString" })),
        };
        let body = match operation {
            "GetParameter" => json!({ "Parameter": one(input["Name"].as_str().unwrap()) }),
            _ => {
                let names = input["Names"].as_array().unwrap().iter().filter_map(Value::as_str);
                json!({ "Parameters": names.rev().filter_map(one).collect::<Vec<_>>() })
            }
        };
        (200, body, Vec::new())
    });
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    assert!(parameters.get("/one").value().await.unwrap().is_encrypted());
    let mut names: Vec<_> = (0..9).map(|n| format!("/n{n}")).collect();
    names.extend(["/a:3", ARN, "/nowhere"].map(str::to_owned));
    let values = parameters.named(names).await;
    assert_eq!(service.calls(), ["GetParameter", "GetParameters", "GetParameters"]);
    let three = values["/a:3"].as_ref().unwrap();
    assert_eq!((three.text().unwrap(), three.version()), ("three", Some("3")));
    assert_eq!(values[ARN].as_ref().unwrap().list().unwrap(), ["x", "y"]);
    assert_eq!(values["/n7"].as_ref().unwrap().text().unwrap(), "/n7");
    assert!(values["/nowhere"].as_ref().unwrap_err().is_unavailable());
}

#[tokio::test(start_paused = true)]
async fn a_path_is_read_to_its_last_page_and_its_names_lose_the_path() {
    let service = Service::new(|_, input| {
        let page = match input["NextToken"].as_str() {
            None => json!({ "Parameters": [{ "Name": "/p/a", "Value": "1" }], "NextToken": "2" }),
            Some(_) => json!({ "Parameters": [{ "Name": "/p/sub/b", "Value": "2" }] }),
        };
        (200, page, Vec::new())
    });
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    let values = parameters.below("/p").recursive().await.unwrap();
    assert_eq!(values.keys().collect::<Vec<_>>(), ["a", "sub/b"]);
    assert_eq!(values["a"].id().name(), "/p/a");
}

/// AppConfig with one configuration, whose tokens are good for one poll, and which forgets its sessions on demand.
fn app_config(content: Arc<Mutex<Value>>, forgets: Arc<Mutex<bool>>) -> Service {
    let tokens = Mutex::new((0, String::new()));
    let sent = Mutex::new(Value::Null);
    Service::new(move |path, input| {
        let mut tokens = tokens.lock().unwrap();
        let mut next = || {
            tokens.0 += 1;
            tokens.1 = format!("token-{}", tokens.0);
            tokens.1.clone()
        };
        if path == "/configurationsessions" {
            assert_eq!(input["ApplicationIdentifier"], "shop");
            *sent.lock().unwrap() = Value::Null;
            *forgets.lock().unwrap() = false;
            return (201, json!({ "InitialConfigurationToken": next() }), Vec::new());
        }
        let token = path.split_once("configuration_token=").unwrap().1;
        if *forgets.lock().unwrap() || token != tokens.1 {
            let kind = vec![("x-amzn-errortype", "BadRequestException".to_owned())];
            return (400, json!({ "message": "unknown" }), kind);
        }
        let content = content.lock().unwrap().clone();
        let mut sent = sent.lock().unwrap();
        let body = if *sent == content { Value::Null } else { content.clone() };
        *sent = content;
        tokens.0 += 1;
        tokens.1 = format!("token-{}", tokens.0);
        let headers = [
            ("next-poll-configuration-token", tokens.1.clone()),
            ("next-poll-interval-in-seconds", "60".to_owned()),
            ("version-label", "v1".to_owned()),
        ];
        (200, body, Vec::from(headers))
    })
}

#[tokio::test(start_paused = true)]
async fn app_config_is_never_polled_sooner_than_it_asks_for_and_an_empty_answer_changes_nothing() {
    let content = Arc::new(Mutex::new(json!({ "limit": 1 })));
    let service = app_config(Arc::clone(&content), Arc::default());
    let source = AppConfig::new(aws_sdk_appconfigdata::Client::new(&service.config()), "shop", "prod");
    let parameters = Parameters::from_source(source).time_to_live(SECOND * 5);
    let limit = async || parameters.get("limits").force().json::<HashMap<String, u8>>().await.unwrap()["limit"];
    assert_eq!(limit().await, 1);
    assert_eq!(service.calls().len(), 2, "a session and a poll");

    *content.lock().unwrap() = json!({ "limit": 2 });
    advance(SECOND * 59).await;
    assert_eq!(limit().await, 1, "even where it is forced");
    assert_eq!(service.calls().len(), 0);

    advance(SECOND * 2).await;
    assert_eq!(limit().await, 2);
    advance(SECOND * 61).await;
    assert_eq!(limit().await, 2, "the poll is empty");
    assert_eq!(service.calls().len(), 2);
    assert_eq!(parameters.get("limits").value().await.unwrap().version(), Some("v1"));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_app_config_has_forgotten_is_replaced() {
    let (content, forgets) = (Arc::new(Mutex::new(json!(1))), Arc::new(Mutex::new(false)));
    let service = app_config(content, Arc::clone(&forgets));
    let source = AppConfig::new(aws_sdk_appconfigdata::Client::new(&service.config()), "shop", "prod");
    let parameters = Parameters::from_source(source);
    assert_eq!(parameters.get("limit").json::<u8>().await.unwrap(), 1);
    *forgets.lock().unwrap() = true;
    advance(SECOND * 61).await;
    service.calls();
    assert_eq!(parameters.get("limit").force().json::<u8>().await.unwrap(), 1);
    assert_eq!(service.calls().len(), 3, "a refused poll, a session, a poll");
}

#[tokio::test(start_paused = true)]
async fn app_config_is_polled_after_a_freeze_that_was_longer_than_its_interval() {
    let content = Arc::new(Mutex::new(json!({ "limit": 1 })));
    let service = app_config(Arc::clone(&content), Arc::default());
    let source = AppConfig::new(aws_sdk_appconfigdata::Client::new(&service.config()), "shop", "prod");
    let parameters = Parameters::from_source(source).time_to_live(SECOND * 5);
    let limit = async || parameters.get("limits").json::<HashMap<String, u8>>().await.unwrap()["limit"];
    assert_eq!(limit().await, 1);
    *content.lock().unwrap() = json!({ "limit": 2 });
    crate::core::clock::freeze(SECOND * 3600);
    assert_eq!(limit().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_was_frozen_is_dated_at_its_departure() {
    // Below the limit of a fetch, and above it.
    for frozen in [SECOND * 9, SECOND * 3600] {
        let content = Arc::new(Mutex::new(json!({ "limit": 1 })));
        let service = app_config(Arc::clone(&content), Arc::default());
        let source = AppConfig::new(aws_sdk_appconfigdata::Client::new(&service.config()), "shop", "prod");
        let limit = async || {
            let value = ParameterSource::fetch(&source, &ParameterId::new("limits")).await.unwrap();
            value.json::<HashMap<String, u8>>().unwrap()["limit"]
        };
        assert_eq!(limit().await, 1);
        advance(SECOND * 61).await;
        service.freeze_in_next_call(frozen);
        assert_eq!(limit().await, 1, "the response from before the freeze");
        *content.lock().unwrap() = json!({ "limit": 2 });
        advance(SECOND * 52).await;
        assert_eq!(limit().await, 2, "{frozen:?}: its interval is over");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_profiles_that_are_not_there() {
    let service = Service::new(|_, _| {
        (404, json!({ "message": "no" }), vec![("x-amzn-errortype", "ResourceNotFoundException".to_owned())])
    });
    let source = AppConfig::new(aws_sdk_appconfigdata::Client::new(&service.config()), "shop", "prod");
    for profile in 0..100 {
        assert!(ParameterSource::fetch(&source, &ParameterId::new(profile.to_string())).await.is_err());
    }
    assert_eq!(source.known_profiles(), 0);
}
