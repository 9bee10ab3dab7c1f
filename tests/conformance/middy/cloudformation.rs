//! `cloudformation-response`, `cloudformation-router`: a function of custom resources. The answer that CloudFormation would get at
//! its presigned URL is the response in a test.

use pilaster::event::cloudformation::Request;
use pilaster::{BoxError, CloudFormation, CustomResource};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, send};
use crate::{Compared, Replay, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NoOptions {}

/// What the function of a case does.
#[derive(Clone)]
enum Handler {
    Return(CustomResource),
    Fail(String),
}

/// `cloudformation-response`
pub(super) fn replay(case: &Case) -> Replay {
    let Some([middleware]) = case.json["chain"].as_array().map(Vec::as_slice) else {
        return unsupported("a chain of several");
    };
    let NoOptions {} = options(&middleware["config"])?;
    let handler = match case.json["handler"]["kind"].as_str() {
        Some("return_nothing") => Handler::Return(CustomResource::new()),
        Some("return") => match returned(&case.json["handler"]["value"]) {
            Some(handler) => handler,
            None => return unsupported("an answer that is none of a custom resource"),
        },
        Some("throw") => {
            let error = case.json["handler"].get("error").unwrap_or(&case.json["handler"]["value"]);
            match error.get("message").unwrap_or(error).as_str() {
                Some(message) => Handler::Fail(message.to_owned()),
                None => return unsupported("a handler that throws what is no error"),
            }
        }
        _ => return unsupported("a handler of another kind"),
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
    let mut observed = match send(pilaster::handler(function), &case.json["event"]) {
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

/// The answer of a handler, of which a function writes what is its own: what became of the resource, not whose request it was.
fn returned(value: &Value) -> Option<Handler> {
    if value["Status"] == "FAILED" {
        return Some(Handler::Fail(value["Reason"].as_str().unwrap_or_default().to_owned()));
    }
    let own = ["PhysicalResourceId", "Data", "NoEcho"];
    let fields = value.as_object()?.iter().filter(|(name, _)| own.contains(&name.as_str()));
    let fields: Map<_, _> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    serde_json::from_value(Value::Object(fields)).ok().map(Handler::Return)
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
#[serde(tag = "$custom")]
enum NotFound {
    #[serde(rename = "not_found.cfn_success")]
    Success,
}

/// `cloudformation-router`: the function's own `match`.
pub(super) fn route(case: &Case) -> Replay {
    let Some([middleware]) = case.json["chain"].as_array().map(Vec::as_slice) else {
        return unsupported("a chain of several");
    };
    let Routes { routes, not_found_response } = options(&middleware["config"])?;
    let routes: Vec<_> = routes.into_iter().map(|route| route.request_type).collect();
    if routes.iter().any(|route| !["Create", "Update", "Delete"].contains(&route.as_str())) {
        return unsupported("a route of no kind of request, which an enum does not have");
    }
    let mut event = case.json["event"].clone();
    // A resource that is changed or deleted has an id.
    if let Some(event) = event.as_object_mut() {
        event.entry("PhysicalResourceId").or_insert(json!("resource"));
    }
    let notes = Notes::default();
    let function = {
        let notes = notes.clone();
        move |event: CloudFormation<Value>| {
            let kind = match event.request {
                Request::Create { .. } => "Create",
                Request::Update { .. } => "Update",
                Request::Delete { .. } => "Delete",
            };
            let route = routes.iter().position(|route| route == kind);
            if let Some(index) = route {
                notes.add(json!(index));
            }
            std::future::ready(match (route, not_found_response) {
                (Some(_), _) | (None, Some(NotFound::Success)) => Ok(CustomResource::new()),
                (None, None) => Err(BoxError::from("there is nothing to do for this request")),
            })
        }
    };
    let expect = &case.json["expect"];
    let expected = match (expect.get("route_index"), expect.get("error"), expect["response"].get("Status")) {
        (Some(index), ..) => json!({ "routes": [index], "status": "SUCCESS" }),
        (None, Some(_), _) => json!({ "routes": [], "status": "FAILED" }),
        (None, None, Some(status)) => json!({ "routes": [], "status": status }),
        _ => return unsupported("an expectation of neither a route nor an answer"),
    };
    let mut observed = match send(pilaster::handler(function), &event) {
        Sent::Answer(answer) => json!({ "status": answer["Status"] }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["routes"] = json!(notes.all());
    Ok(Compared { expected, observed })
}
