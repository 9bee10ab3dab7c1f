//! `Event<T>` with the types of `aws_lambda_events`, and with `Value` where it has none.

use aws_lambda_events::event::{
    appsync, bedrock_agent_runtime, cloudwatch_alarms, codedeploy, cognito, config, connect, kinesis, s3,
    secretsmanager,
};
use pilaster::Event;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;

/// Returns the response of a function that returns its argument.
async fn echo<T: Serialize + DeserializeOwned + Send + 'static>(event: Value) -> Result<Value, FunctionError> {
    let function = |Event(event): Event<T>| std::future::ready(Ok::<T, BoxError>(event));
    Caller::new(pilaster::handler(function)).call(event).await
}

async fn typed(name: &str, event: Value) -> Result<Value, FunctionError> {
    match name {
        "AppSyncDirectResolverEvent" => echo::<appsync::AppSyncDirectResolverEvent>(event).await,
        "Vec<AppSyncDirectResolverEvent>" => echo::<Vec<appsync::AppSyncDirectResolverEvent>>(event).await,
        "AppSyncLambdaAuthorizerRequest" => echo::<appsync::AppSyncLambdaAuthorizerRequest>(event).await,
        "AppSyncLambdaAuthorizerResponse" => echo::<appsync::AppSyncLambdaAuthorizerResponse>(event).await,
        "AgentEvent" => echo::<bedrock_agent_runtime::AgentEvent>(event).await,
        "CloudWatchAlarm" => echo::<cloudwatch_alarms::CloudWatchAlarm>(event).await,
        "CodeDeployLifecycleEvent" => echo::<codedeploy::CodeDeployLifecycleEvent>(event).await,
        "ConfigEvent" => echo::<config::ConfigEvent>(event).await,
        "ConnectEvent" => echo::<connect::ConnectEvent>(event).await,
        "KinesisAnalyticsOutputDeliveryEvent" => {
            echo::<kinesis::analytics::KinesisAnalyticsOutputDeliveryEvent>(event).await
        }
        "S3BatchJobEvent" => echo::<s3::batch_job::S3BatchJobEvent>(event).await,
        "SecretsManagerSecretRotationEvent" => echo::<secretsmanager::SecretsManagerSecretRotationEvent>(event).await,
        "CognitoEventUserPoolsPreSignup" => echo::<cognito::CognitoEventUserPoolsPreSignup>(event).await,
        "CognitoEventUserPoolsPreAuthentication" => {
            echo::<cognito::CognitoEventUserPoolsPreAuthentication>(event).await
        }
        "CognitoEventUserPoolsPostConfirmation" => echo::<cognito::CognitoEventUserPoolsPostConfirmation>(event).await,
        "CognitoEventUserPoolsPostAuthentication" => {
            echo::<cognito::CognitoEventUserPoolsPostAuthentication>(event).await
        }
        "CognitoEventUserPoolsPreTokenGen" => echo::<cognito::CognitoEventUserPoolsPreTokenGen>(event).await,
        "CognitoEventUserPoolsPreTokenGenV2" => echo::<cognito::CognitoEventUserPoolsPreTokenGenV2>(event).await,
        "CognitoEventUserPoolsMigrateUser" => echo::<cognito::CognitoEventUserPoolsMigrateUser>(event).await,
        "CognitoEventUserPoolsDefineAuthChallenge" => {
            echo::<cognito::CognitoEventUserPoolsDefineAuthChallenge>(event).await
        }
        "CognitoEventUserPoolsCreateAuthChallenge" => {
            echo::<cognito::CognitoEventUserPoolsCreateAuthChallenge>(event).await
        }
        "CognitoEventUserPoolsVerifyAuthChallenge" => {
            echo::<cognito::CognitoEventUserPoolsVerifyAuthChallenge>(event).await
        }
        "CognitoEventUserPoolsCustomMessage" => echo::<cognito::CognitoEventUserPoolsCustomMessage>(event).await,
        "Value" => echo::<Value>(event).await,
        _ => panic!("{name} is not a type"),
    }
}

/// Type, file, and places that must be the same in what the type has read.
#[tokio::test]
async fn a_whole_event_is_read_as_its_type_and_answered() {
    let mut wrong = Vec::new();
    for line in files::TYPED.trim().lines() {
        let mut columns = line.split_whitespace();
        let (name, file) = (columns.next().unwrap(), columns.next().unwrap());
        let event = event(file);
        let answer = match typed(name, event.clone()).await {
            Ok(answer) => answer,
            Err(error) => {
                wrong.push(format!("{file}: {error}"));
                continue;
            }
        };
        let places = columns.collect::<Vec<_>>();
        assert!(!places.is_empty() || name == "Value", "{file}");
        for place in places {
            assert!(event.pointer(place).is_some(), "{file} has no {place}");
            if answer.pointer(place) != event.pointer(place) {
                wrong.push(format!("{file}: {place} is {:?}", answer.pointer(place)));
            }
        }
        if name == "Value" {
            assert_eq!(answer, event, "{file}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_event_of_another_type_fails_with_the_path_of_the_field() {
    let mut odd = event("python/connectContactFlowEventAll.json");
    odd["Details"]["ContactData"]["Channel"] = json!(7);
    let error = typed("ConnectEvent", odd).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidEvent");
    assert!(error.message().contains("/Details/ContactData/Channel"), "{error}");
}

/// Documents the types' limits; an entry is removed once the crate accepts the file.
#[tokio::test]
async fn where_a_type_is_stricter_than_its_source_the_error_names_the_place() {
    for (name, file, place, why) in files::STRICTER {
        let error = typed(name, event(file)).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidEvent", "{file}");
        assert!(error.message().contains(place), "{file}, {why}: {error}");
    }
}
