//! Requests that another function passes on, as CDK's Provider framework does.

use super::*;

const FRAMEWORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:framework-onEvent";

/// The event of the framework today (with CloudFormation's URL), and the earlier one.
fn passed_on(request: &str, id: Option<&str>) -> Vec<Value> {
    [Some("..."), Some(""), Some("//bucket/key"), Some("bucket"), None]
        .into_iter()
        .map(|url| {
            let mut event = event(request, id, None);
            event["ServiceToken"] = json!(FRAMEWORK);
            match url {
                Some(url) => event["ResponseURL"] = json!(url),
                None => drop(event.as_object_mut().unwrap().remove("ResponseURL")),
            }
            event
        })
        .collect()
}

#[tokio::test]
async fn the_caller_reads_what_was_made() {
    for event in passed_on("Create", None) {
        let answer = call(handler(database), event).await.unwrap();
        let expected = json!({ "PhysicalResourceId": "db-1", "Data": { "Url": "postgres://db" }, "NoEcho": true });
        assert_eq!(answer, expected);
    }
    for event in passed_on("Create", None) {
        let answer = call(handler(says_nothing), event).await.unwrap();
        assert_eq!(answer, json!({ "PhysicalResourceId": "Database-r-1" }));
    }
    for request in ["Update", "Delete"] {
        for event in passed_on(request, Some("db-1")) {
            // The framework fails a deletion whose id is another than the resource's.
            assert_eq!(call(handler(database), event).await.unwrap(), json!({ "PhysicalResourceId": "db-1" }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_the_invocations_with_the_functions_own_error() {
    async fn left(_: CloudFormation<Value>) -> Result<(), BoxError> {
        Err(LeftBehind::new("half-a-db", "no role"))?
    }
    async fn hangs(_: CloudFormation<Value>) -> Result<(), BoxError> {
        std::future::pending().await
    }
    async fn makes_much(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Ok(CustomResource::with_id("db-1").data("Text", "x".repeat(5000)))
    }
    for event in passed_on("Create", None) {
        let error = call(handler(fails), event.clone()).await.unwrap_err();
        assert_eq!(error.message(), "the disk is full");
        assert_eq!(call(handler(left), event.clone()).await.unwrap_err().message(), "no role");
        assert_eq!(call(handler(hangs), event.clone()).await.unwrap_err().error_type(), "Timeout");
        assert_eq!(call(handler(makes_much), event).await.unwrap_err().error_type(), "ResponseTooLarge");
    }
}

#[tokio::test]
async fn a_request_with_cloudformations_url_is_answered_by_whom_it_called() {
    let own = "arn:aws:lambda:us-east-1:123456789012:function:database";
    let call_by = async |arn: &str, event: Value| {
        let mut context = lambda_runtime::Context::default();
        context.invoked_function_arn = arn.to_owned();
        let event = crate::RawEvent::parse(event.to_string()).unwrap();
        let incoming = Incoming { event, invocation: Invocation::new(context) };
        let response = handler(database).into_service().unwrap().oneshot(incoming).await?;
        Ok::<Value, FunctionError>(serde_json::from_str(response.as_json().unwrap().get()).unwrap())
    };
    // The framework passes on the URL, and responds to it as well.
    let (url, received) = bucket(&[200, 200, 200]).await;
    let mut event = event("Create", None, Some(&url));
    event["ServiceToken"] = json!(FRAMEWORK);
    let answer = call_by(own, event.clone()).await.unwrap();
    assert_eq!((&answer["PhysicalResourceId"], received.lock().unwrap().len()), (&json!("db-1"), 0));
    // CloudFormation called this function, by an alias or without; or no function is named.
    for token in [json!(own), json!(format!("{own}:live")), json!("arn:aws:sns:us-east-1:123456789012:topic")] {
        event["ServiceToken"] = token;
        assert_eq!(call_by(&format!("{own}:live"), event.clone()).await.unwrap(), Value::Null);
    }
    let sent = received.lock().unwrap().len();
    assert_eq!(sent, 3);
}

/// AWS's own names of the fields, on what the framework sends for `resource.ts` of its integration tests.
#[tokio::test]
async fn the_recorded_cases_of_the_framework() {
    let recorded = |url: Option<&str>| {
        let mut event = json!({
            "RequestType": "Create", "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/7", "RequestId": "r-1",
            "LogicalResourceId": "MyCustomResource", "ResourceType": "Custom::Mine",
            "ResourceProperties": { "ServiceToken": "arn", "A": "1" },
        });
        if let Some(url) = url {
            event["ResponseURL"] = json!(url);
        }
        event
    };
    async fn made(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Ok(CustomResource::with_id("db-7").data("Url", "u"))
    }
    async fn failed(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Err("it fails".into())
    }
    let answer = call(handler(made), recorded(Some("..."))).await.unwrap();
    assert_eq!(answer, json!({ "PhysicalResourceId": "db-7", "Data": { "Url": "u" } }));
    for url in [Some("..."), None] {
        assert_eq!(call(handler(failed), recorded(url)).await.unwrap_err().message(), "it fails");
    }
}
