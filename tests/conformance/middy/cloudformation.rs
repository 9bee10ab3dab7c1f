//! `cloudformation-response`, `cloudformation-router`: a function of custom resources. The answer that CloudFormation would get at
//! its presigned URL is the response in a test.

use pilaster::events::cloudformation::ResourceRequest;
use pilaster::{BoxError, CloudFormation, CustomResource};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::handler::Kind;
use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, send};
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NoOptions {}

/// The action of the function of a case.
#[derive(Clone)]
enum Handler {
    Return(CustomResource),
    Fail(String),
}

/// `cloudformation-response`
pub(super) fn replay(case: &Case) -> Replay {
    let NoOptions {} = options(super::only(case)?)?;
    only_these(&case.json["expect"], &["handler_called", "response"])?;
    let handler = match Kind::read(&case.json["handler"])? {
        Kind::ReturnNothing {} | Kind::MustNotRun {} => Handler::Return(CustomResource::new()),
        Kind::Return { value } => returned(&value)?,
        Kind::Throw { error: Some(error), value: None } => {
            let Thrown { message, .. } = options(&error)?;
            Handler::Fail(message)
        }
        Kind::Throw { error: None, value: Some(Value::String(text)) } => Handler::Fail(text),
        _ => return unsupported("a handler of another kind, or one that throws a value that is not an error"),
    };
    let notes = Notes::default();
    let function = {
        let notes = notes.clone();
        move |_: CloudFormation<Value>| {
            notes.add(json!(true));
            std::future::ready(match handler.clone() {
                Handler::Return(resource) => Ok(resource),
                Handler::Fail(message) => Err(BoxError::from(message)),
            })
        }
    };
    let Some(response) = case.json["expect"].get("response") else {
        return unsupported("an expectation without an answer");
    };
    let mut observed = match send(pilaster::handler(function), &with_url(&case.json["event"])) {
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["called"] = json!(!notes.all().is_empty());
    let mut expected = json!({ "response": response });
    if let Some(called) = case.json["expect"].get("handler_called") {
        expected["called"] = called.clone();
    }
    Ok(Compared { expected, observed })
}

/// CloudFormation's own requests have a presigned URL; without one it is the framework of CDK that calls.
fn with_url(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(event) = event.as_object_mut().filter(|event| event.contains_key("RequestType")) {
        let url = "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/arn";
        event.entry("ResponseURL").or_insert(json!(url));
    }
    event
}

/// An error as a case has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thrown {
    #[serde(default, rename = "name")]
    _name: Option<String>,
    message: String,
}

/// The answer of a handler, in the form that CloudFormation takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Answer {
    status: Option<String>,
    reason: Option<String>,
    physical_resource_id: Option<String>,
    data: Option<Map<String, Value>>,
    no_echo: Option<bool>,
    /// The ids of the request, which the function cannot set.
    #[serde(rename = "RequestId")]
    _request_id: Option<String>,
    #[serde(rename = "LogicalResourceId")]
    _logical_resource_id: Option<String>,
    #[serde(rename = "StackId")]
    _stack_id: Option<String>,
}

/// Returns the part of the response that a function writes: the state of the resource.
fn returned(value: &Value) -> Result<Handler, Stop> {
    let answer: Answer = options(value)?;
    if answer.status.as_deref() == Some("FAILED") {
        return Ok(Handler::Fail(answer.reason.unwrap_or_default()));
    }
    let mut resource = answer.physical_resource_id.map_or_else(CustomResource::new, CustomResource::with_id);
    for (name, value) in answer.data.into_iter().flatten() {
        resource = resource.data(name, value);
    }
    Ok(Handler::Return(if answer.no_echo == Some(true) { resource.no_echo() } else { resource }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Routes {
    routes: Vec<Route>,
    not_found_response: Option<NotFound>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Route {
    request_type: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(tag = "$custom", deny_unknown_fields)]
enum NotFound {
    #[serde(rename = "not_found.cfn_success")]
    Success {},
}

/// `cloudformation-router`: the function's own `match`.
pub(super) fn route(case: &Case) -> Replay {
    let Routes { routes, not_found_response } = options(super::only(case)?)?;
    only_these(&case.json["expect"], &["route_index", "response", "error"])?;
    let routes: Vec<_> = routes.into_iter().map(|route| route.request_type).collect();
    if routes.iter().any(|route| !["Create", "Update", "Delete"].contains(&route.as_str())) {
        return unsupported("a route of no kind of request, which an enum does not have");
    }
    let mut event = with_url(&case.json["event"]);
    // A resource that is updated or deleted has an id; a case of another event is about its missing fields.
    let is_request = ["Create", "Update", "Delete"].iter().any(|kind| event["RequestType"] == *kind);
    if let Some(event) = event.as_object_mut().filter(|_| is_request) {
        event.entry("PhysicalResourceId").or_insert(json!("resource"));
    }
    let notes = Notes::default();
    let function = {
        let notes = notes.clone();
        move |event: CloudFormation<Value>| {
            let kind = match event.request {
                ResourceRequest::Create { .. } => "Create",
                ResourceRequest::Update { .. } => "Update",
                ResourceRequest::Delete { .. } => "Delete",
            };
            let route = routes.iter().position(|route| route == kind);
            if let Some(index) = route {
                notes.add(json!(index));
            }
            std::future::ready(match (route, not_found_response) {
                (Some(_), _) | (None, Some(NotFound::Success {})) => Ok(CustomResource::new()),
                (None, None) => Err(BoxError::from("there is nothing to do for this request")),
            })
        }
    };
    let expect = &case.json["expect"];
    let expected = match (expect.get("route_index"), expect.get("error"), expect["response"].get("Status")) {
        (Some(index), ..) => json!({ "routes": [index], "status": "SUCCESS" }),
        (None, Some(_), _) if !is_request => json!({ "routes": [], "failed": true }),
        (None, Some(_), _) => json!({ "routes": [], "status": "FAILED" }),
        (None, None, Some(status)) => json!({ "routes": [], "status": status }),
        _ => return unsupported("an expectation of neither a route nor an answer"),
    };
    let mut observed = match send(pilaster::handler(function), &event) {
        // A request of an unknown kind is reported to CloudFormation if possible, and fails otherwise.
        Sent::Answer(answer) if answer["Status"] == "FAILED" && !is_request => json!({ "failed": true }),
        Sent::Answer(answer) => json!({ "status": answer["Status"] }),
        Sent::Failed(_) => json!({ "failed": true }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["routes"] = json!(notes.all());
    Ok(Compared { expected, observed })
}
