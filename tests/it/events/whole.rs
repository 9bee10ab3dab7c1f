//! Functions of whole events: schedules, authorizers, custom resources.

use pilaster::events::authorizer::{Authorizer, AuthorizerKind, Policy, SimpleResponse};
use pilaster::events::cloudformation::ResourceRequest;
use pilaster::records::{Window, WindowState};
use pilaster::{CloudFormation, CustomResource, S3BatchTask, Schedule};

use super::*;

#[tokio::test]
async fn a_schedule_has_its_time_and_its_rule() {
    async fn read(schedule: Schedule) -> Result<Value, BoxError> {
        Ok(json!([schedule.time(), schedule.arn(), schedule.execution_id()]))
    }
    for file in files::of("schedule") {
        let event = event(file);
        let answer = Caller::new(pilaster::handler(read)).call(event.clone()).await.unwrap();
        assert_eq!(answer, json!([event["time"], event["resources"][0], event["id"]]), "{file}");
    }
}

#[tokio::test]
async fn an_authorizer_answers_in_the_form_of_its_api() {
    async fn judge(request: Authorizer) -> Result<Policy, BoxError> {
        assert_eq!(request.arn().unwrap().to_string(), request.method_arn());
        Ok(Policy::allow("ada", [request.method_arn()]).context("kind", format!("{:?}", request.kind())))
    }
    async fn simply(request: Authorizer) -> Result<SimpleResponse, BoxError> {
        Ok(if request.kind() == AuthorizerKind::Http { SimpleResponse::allow() } else { SimpleResponse::deny() })
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
            ResourceRequest::Create { properties } => ("Create", Some(properties)),
            ResourceRequest::Update { properties, .. } => ("Update", Some(properties)),
            ResourceRequest::Delete { properties, .. } => ("Delete", properties),
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

#[tokio::test]
async fn tasks_of_a_job_are_answered_one_by_one() {
    async fn name(task: S3BatchTask) -> Result<String, BoxError> {
        Ok(format!("{}/{}", task.bucket(), task.key()))
    }
    for file in files::of("s3-batch") {
        let event = event(file);
        let answer = Caller::new(pilaster::handler(name)).call(event.clone()).await.unwrap();
        for name in ["invocationId", "invocationSchemaVersion"] {
            assert_eq!(answer[name], event[name], "{file}: {name}");
        }
        let task = &event["tasks"][0];
        let text = format!("powertools-dataset/{}", task["s3Key"].as_str().unwrap());
        let result = json!({ "taskId": task["taskId"], "resultCode": "Succeeded", "resultString": text });
        assert_eq!(answer["results"], json!([result]), "{file}");
    }
}

#[tokio::test]
async fn the_state_of_a_window_goes_through() {
    type State = Map<String, Value>;
    async fn table(window: Window<State, Change<State>>) -> Result<WindowState<Value>, BoxError> {
        Ok(WindowState::new(json!([window.state, window.records.len(), window.bounds.start(), window.bounds.end()])))
    }
    async fn stream(window: Window<State, Kinesis<String>>) -> Result<WindowState<Value>, BoxError> {
        Ok(WindowState::new(json!([window.state, window.records.len(), window.bounds.start(), window.bounds.end()])))
    }
    for file in files::of("window") {
        let event = event(file);
        let is_table = event["Records"][0]["eventSource"] == "aws:dynamodb";
        let answer = match is_table {
            true => Caller::new(pilaster::handler(table)).call(event.clone()).await,
            false => Caller::new(pilaster::handler(stream)).call(event.clone()).await,
        };
        let window = &event["window"];
        let state = json!([event["state"], records(&event).len(), window["start"], window["end"]]);
        assert_eq!(answer.unwrap(), json!({ "state": state, "batchItemFailures": [] }), "{file}");
    }
}
