//! Which failures of each service are refusals, and that none shows what the service sent.

use super::services::Service;
use super::*;

type Sent = (u16, serde_json::Value, &'static str);
type Good = (serde_json::Value, Vec<(&'static str, String)>);

/// A response, and whether it ends a kept value.
fn answers() -> Vec<(Sent, bool)> {
    let error = |status: u16, kind: &'static str| (status, json!({ "__type": kind, "message": kind }), kind);
    let refusals = [
        "AccessDeniedException",
        "ResourceNotFoundException",
        "ParameterNotFound",
        "ParameterVersionNotFound",
        "InvalidKeyId",
        "ValidationException",
        "UnrecognizedClientException",
        "SomethingNewException",
    ];
    let outages = [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "TooManyRequestsException",
        "InternalServerError",
        "RequestTimeoutException",
        "ExpiredTokenException",
    ];
    let refusals = refusals.map(|kind| (error(400, kind), true));
    let outages = outages.map(|kind| (error(400, kind), false));
    let broken = [500, 503, 504].map(|status| (error(status, "AccessDeniedException"), false));
    let unreadable = [((200, json!("hunter2"), ""), false)];
    refusals.into_iter().chain(outages).chain(broken).chain(unreadable).collect()
}

/// A service that responds until it is set to fail.
fn failing(good: fn(&str) -> Good, sent: Sent) -> (Service, Arc<Mutex<bool>>) {
    let fails = Arc::new(Mutex::new(false));
    let switch = Arc::clone(&fails);
    let service = Service::new(move |operation, _| {
        if *fails.lock().unwrap() {
            let (status, body, kind) = sent.clone();
            return (status, body, vec![("x-amzn-errortype", kind.to_owned())]);
        }
        let (body, headers) = good(operation);
        (200, body, headers)
    });
    (service, switch)
}

async fn check(name: &str, parameters: Parameters, switch: &Mutex<bool>, sent: &Sent, is_refusal: bool) {
    let parameters = parameters.time_to_live(SECOND * 300);
    let case = format!("{name}: {sent:?}");
    assert!(parameters.get("/k").value().await.is_ok(), "{case}");
    *switch.lock().unwrap() = true;
    advance(SECOND * 301).await;
    let value = parameters.get("/k").value().await;
    assert_eq!(value.is_err(), is_refusal, "{case}");
    let error = parameters.get("/k").force().value().await.unwrap_err();
    assert_eq!(error.is_refused(), is_refusal, "{case}");
    let source = std::error::Error::source(&error).unwrap();
    let printed = format!("{error:?} {error} {error:#?} {source:?} {source} {:?} {value:?}", chain(&error));
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_reported_at_once_and_an_outage_is_not_and_neither_shows_what_was_sent() {
    for (sent, is_refusal) in answers() {
        let value = |operation: &str| {
            let parameter = json!({ "Name": "/k", "Value": "v", "Type": "String" });
            let body = match operation {
                "GetItem" => json!({ "Item": { "value": { "S": "v" } } }),
                _ => json!({ "Parameter": parameter }),
            };
            (body, Vec::new())
        };
        let (service, switch) = failing(value, sent.clone());
        let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
        check("SSM", parameters, &switch, &sent, is_refusal).await;

        let (service, switch) = failing(value, sent.clone());
        let table = Table::new(aws_sdk_dynamodb::Client::new(&service.config()), "settings");
        check("DynamoDB", Parameters::from_source(table), &switch, &sent, is_refusal).await;

        // What AppConfig sends with a 200 is the configuration.
        if sent.0 == 200 {
            continue;
        }
        let polled = |path: &str| match path {
            "/configurationsessions" => (json!({ "InitialConfigurationToken": "one" }), Vec::new()),
            _ => {
                let headers = [
                    ("next-poll-configuration-token", "two".to_owned()),
                    ("next-poll-interval-in-seconds", "60".to_owned()),
                ];
                (json!(1), Vec::from(headers))
            }
        };
        let (service, switch) = failing(polled, sent.clone());
        let source = AppConfig::new(aws_sdk_appconfigdata::Client::new(&service.config()), "shop", "prod");
        check("AppConfig", Parameters::from_source(source), &switch, &sent, is_refusal).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_refused_though_the_answer_is_a_200() {
    let service = Service::new(|operation, _| match operation {
        "GetItem" => (200, json!({}), Vec::new()),
        _ => (200, json!({ "Parameters": [], "InvalidParameters": ["/k"] }), Vec::new()),
    });
    let table = Table::new(aws_sdk_dynamodb::Client::new(&service.config()), "settings");
    assert!(Parameters::from_source(table).get("/k").value().await.unwrap_err().is_refused());
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    assert!(parameters.named(["/k"]).await["/k"].as_ref().unwrap_err().is_refused());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_answered_unreadably_does_not_show_the_value() {
    let service = Service::new(|_, input| (200, json!(input["Value"]), Vec::new()));
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    let error = parameters.set("/k", "hunter2").await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    let printed = format!("{error:?} {error} {source:?} {source} {:?}", chain(&error));
    assert!(!printed.contains("hunter2"), "{printed}");
}
