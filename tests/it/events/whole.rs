//! Functions of whole events: schedules, authorizers, custom resources.

use pilaster::event::authorizer::{Authorizer, AuthorizerKind, Policy, Simple};
use pilaster::event::cloudformation::Request;
use pilaster::{CloudFormation, CustomResource, Schedule};

use super::*;

#[tokio::test]
async fn a_schedule_tells_its_time_and_its_rule() {
    async fn tell(schedule: Schedule) -> Result<Value, BoxError> {
        Ok(json!([schedule.time(), schedule.arn(), schedule.execution_id()]))
    }
    for file in files::of("schedule") {
        let event = event(file);
        let answer = Caller::new(pilaster::handler(tell)).call(event.clone()).await.unwrap();
        assert_eq!(answer, json!([event["time"], event["resources"][0], event["id"]]), "{file}");
    }
}

#[tokio::test]
async fn an_authorizer_answers_in_the_form_of_its_api() {
    async fn judge(request: Authorizer) -> Result<Policy, BoxError> {
        assert_eq!(request.arn().unwrap().to_string(), request.method_arn());
        Ok(Policy::allow("ada", [request.method_arn()]).context("kind", format!("{:?}", request.kind())))
    }
    async fn simply(request: Authorizer) -> Result<Simple, BoxError> {
        Ok(if request.kind() == AuthorizerKind::Http { Simple::allow() } else { Simple::deny() })
    }
    let kinds = [
        ("authorizer-token", "Token"),
        ("authorizer-request", "Request"),
        ("authorizer-websocket", "WebSocket"),
        ("authorizer-http", "Http"),
    ];
    for (kind, name) in kinds {
        for file in files::of(kind) {
            let event = event(file);
            let arn = event.get("methodArn").or(event.get("routeArn")).unwrap();
            let answer = Caller::new(pilaster::handler(judge)).call(event.clone()).await.unwrap();
            assert_eq!(answer["principalId"], "ada", "{file}");
            let statement = &answer["policyDocument"]["Statement"][0];
            assert_eq!(statement["Effect"], "Allow", "{file}");
            let resource = &statement["Resource"];
            assert!(resource == arn || resource == &json!([arn]), "{file}: {answer}");
            assert_eq!(answer["context"]["kind"], name, "{file}");
            let answer = Caller::new(pilaster::handler(simply)).call(event.clone()).await.unwrap();
            assert_eq!(answer["isAuthorized"], name == "Http", "{file}");
        }
    }
}

#[tokio::test]
async fn a_custom_resource_is_answered_to_its_own_request() {
    async fn make(event: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        let (kind, properties) = match event.request {
            Request::Create { properties } => ("Create", Some(properties)),
            Request::Update { properties, .. } => ("Update", Some(properties)),
            Request::Delete { properties, .. } => ("Delete", properties),
        };
        Ok(CustomResource::new().data("kind", kind).data("properties", properties.unwrap_or_default()))
    }
    for file in files::of("cloudformation") {
        let event = event(file);
        let answer = Caller::new(pilaster::handler(make)).call(event.clone()).await.unwrap();
        for name in ["StackId", "RequestId", "LogicalResourceId"] {
            assert_eq!(answer[name], event[name], "{file}: {name}");
        }
        assert_eq!(answer["Status"], "SUCCESS", "{file}: {answer}");
        assert_eq!(answer["Data"]["kind"], event["RequestType"], "{file}");
        assert_eq!(answer["Data"]["properties"], event["ResourceProperties"], "{file}");
        if let Some(id) = event.get("PhysicalResourceId") {
            assert_eq!(&answer["PhysicalResourceId"], id, "{file}");
        }
    }
}
