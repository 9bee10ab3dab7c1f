//! SSM as its documentation describes it: names with selectors, batches that one name spoils, pages.

use super::services::{Answer, Service};
use super::*;

const ARN: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/a";

/// `/a` with version 2, of which version 1 has the label `prod`; other names hold themselves. A name with a blank is
/// malformed, one that begins with `/closed` may not be read.
fn ssm(operation: &str, input: &serde_json::Value) -> Answer {
    let error = |kind: &str| (400, json!({ "__type": kind, "message": kind }), Vec::new());
    let names: Vec<_> = match operation {
        "GetParameter" => vec![input["Name"].as_str().unwrap()],
        _ => input["Names"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect(),
    };
    if names.iter().any(|name| name.contains(' ')) {
        return error("ValidationException");
    }
    if names.iter().any(|name| name.starts_with("/closed")) {
        return error("AccessDeniedException");
    }
    let one = |name: &&str| {
        let (plain, selector) = match name.rsplit_once(':') {
            Some((plain, selector)) if !selector.starts_with("parameter") => (plain, selector),
            _ => (*name, ""),
        };
        if plain == "/nowhere" {
            return None;
        }
        let old = matches!(selector, "prod" | "1");
        let value = if old { "old" } else { "new" };
        let value = if plain == "/a" || plain == ARN { value } else { plain };
        let mut parameter = json!({ "Name": plain.trim_start_matches("arn:aws:ssm:eu-west-1:123456789012:parameter"),
            "ARN": ARN, "Value": value, "Type": "String", "Version": if old { 1 } else { 2 } });
        if plain != "/a" && plain != ARN {
            parameter["ARN"] = json!(format!("arn:aws:ssm:eu-west-1:123456789012:parameter{plain}"));
        }
        if !selector.is_empty() {
            parameter["Selector"] = json!(format!(":{selector}"));
        }
        Some(parameter)
    };
    match operation {
        "GetParameter" => match one(&names[0]) {
            Some(parameter) => (200, json!({ "Parameter": parameter }), Vec::new()),
            None => error("ParameterNotFound"),
        },
        _ => {
            let invalid: Vec<_> = names.iter().filter(|name| one(name).is_none()).collect();
            let found: Vec<_> = names.iter().rev().filter_map(one).collect();
            (200, json!({ "Parameters": found, "InvalidParameters": invalid }), Vec::new())
        }
    }
}

fn parameters() -> (Service, Parameters) {
    let service = Service::new(ssm);
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    (service, parameters)
}

#[tokio::test(start_paused = true)]
async fn a_name_and_its_labels_in_one_call_are_not_mixed_up() {
    let with_label = format!("{ARN}:prod");
    for names in [["/a", "/a:prod", "/a:1", ARN, &with_label], [&with_label, ARN, "/a:1", "/a:prod", "/a"]] {
        let (service, parameters) = parameters();
        let values = parameters.named(names).await;
        assert_eq!(service.calls(), ["GetParameters"]);
        for (name, value) in [("/a", "new"), ("/a:prod", "old"), ("/a:1", "old"), (ARN, "new"), (&with_label, "old")] {
            assert_eq!(values[name].as_ref().unwrap().text().unwrap(), value, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_malformed_or_may_not_be_read_does_not_fail_the_others_of_its_call() {
    for bad in ["not a name", "/closed"] {
        let (service, parameters) = parameters();
        let values = parameters.named(["/open", bad, "/nowhere", "/a:prod"]).await;
        assert_eq!(values["/open"].as_ref().unwrap().text().unwrap(), "/open");
        assert_eq!(values["/a:prod"].as_ref().unwrap().text().unwrap(), "old");
        assert!(values[bad].as_ref().unwrap_err().is_refused());
        assert!(values["/nowhere"].as_ref().unwrap_err().is_refused());
        assert_eq!(service.calls(), ["GetParameters"; 5], "all of one kind, and one for each after the first");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_end_with_an_empty_token_and_do_not_go_round() {
    let service = Service::new(|_, input| {
        let token = if input.get("NextToken").is_none() { "2" } else { "" };
        (200, json!({ "Parameters": [{ "Name": "/p/a", "Value": "1" }], "NextToken": token }), Vec::new())
    });
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    assert_eq!(parameters.below("/p").await.unwrap().len(), 1);
    assert_eq!(service.calls().len(), 2);

    let service = Service::new(|_, _| (200, json!({ "Parameters": [], "NextToken": "same" }), Vec::new()));
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    assert!(parameters.below("/p").await.is_err());
    assert_eq!(service.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn typed_parameters_and_their_layer_make_the_same_call() {
    struct Limit;
    impl FromParameter for Limit {
        fn parameter_id(_: &Variables) -> Result<ParameterId, ParameterError> {
            Ok(ParameterId::new("/limit"))
        }
        fn from_parameter(_: &ParameterValue) -> Result<Self, BoxError> {
            Ok(Self)
        }
    }
    let (service, parameters) = parameters();
    parameters.typed::<Limit>().await.unwrap();
    assert_eq!(service.calls(), ["GetParameters"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_says_nothing_of_a_name_is_an_outage_and_the_value_at_hand_stays() {
    let answers =
        Arc::new(Mutex::new(json!({ "Parameters": [{ "Name": "/a", "Value": "1" }, { "Name": "/b", "Value": "2" }] })));
    let given = Arc::clone(&answers);
    let service = Service::new(move |_, _| (200, given.lock().unwrap().clone(), Vec::new()));
    let parameters = Parameters::new(aws_sdk_ssm::Client::new(&service.config())).time_to_live(SECOND * 300);
    let text = async |name: &str| {
        parameters.named(["/a", "/b"]).await[name].as_ref().map(|value| value.text().unwrap().to_owned()).ok()
    };
    assert_eq!(text("/a").await.as_deref(), Some("1"));

    *answers.lock().unwrap() = json!({});
    advance(SECOND * 301).await;
    assert_eq!(text("/a").await.as_deref(), Some("1"));
    let fresh = Parameters::new(aws_sdk_ssm::Client::new(&service.config()));
    assert!(!fresh.named(["/a"]).await["/a"].as_ref().unwrap_err().is_refused());

    *answers.lock().unwrap() = json!({ "Parameters": [{ "Name": "/b", "Value": "3" }], "InvalidParameters": ["/a"] });
    advance(SECOND * 60).await;
    assert_eq!(text("/b").await.as_deref(), Some("3"));
    assert_eq!(text("/a").await, None, "it was deleted");
    assert!(fresh.named(["/a:prod"]).await["/a:prod"].as_ref().unwrap_err().is_refused(), "nor does it have a label");
}
