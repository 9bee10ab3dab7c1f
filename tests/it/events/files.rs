//! Which file is an event of what. A file that is neither here nor a request fails a test.

use super::*;

/// The function's argument, and the file, by which the other tests select what to compare.
const KINDS: &str = "
authorizer-http python/apiGatewayAuthorizerV2Event.json
authorizer-http typescript/parser/apigw-http/authorizer-request.json
authorizer-request python/apiGatewayAuthorizerRequestEvent.json
authorizer-request typescript/parser/apigw-rest/authorizer-request.json
authorizer-token python/apiGatewayAuthorizerTokenEvent.json
authorizer-token typescript/parser/apigw-rest/authorizer-token.json
authorizer-websocket python-later/apiGatewayAuthorizerWebSocketEvent.json
authorizer-websocket typescript/parser/apigw-websocket/connectEvent.json
change java/batch/dynamo_event.json
change java/batch/dynamo_event_big.json
change python-later/dynamoStreamTumblingWindowEvent.json
change python/dynamoStreamEvent.json
change typescript/parser/dynamodb/base.json
cloudformation python/cloudformationCustomResourceCreate.json
cloudformation python/cloudformationCustomResourceDelete.json
cloudformation python/cloudformationCustomResourceUpdate.json
cloudformation typescript/parser/cloudformation/custom-resource-create.json
cloudformation typescript/parser/cloudformation/custom-resource-delete.json
cloudformation typescript/parser/cloudformation/custom-resource-update.json
eventbridge python/eventBridgeEvent.json
eventbridge typescript/parser/eventbridge/base.json
eventbridge-s3 python/s3EventBridgeNotificationObjectCreatedEvent.json
eventbridge-s3 python/s3EventBridgeNotificationObjectDeletedEvent.json
eventbridge-s3 python/s3EventBridgeNotificationObjectExpiredEvent.json
eventbridge-s3 python/s3EventBridgeNotificationObjectRestoreCompletedEvent.json
eventbridge-s3 typescript/parser/s3/eventbridge-object-created.json
eventbridge-s3 typescript/parser/s3/eventbridge-object-deleted.json
eventbridge-s3 typescript/parser/s3/eventbridge-object-expired.json
eventbridge-s3 typescript/parser/s3/eventbridge-object-restored.json
firehose java/serialization/kf_event.json
firehose java/validation/kf_event.json
firehose python/kinesisFirehoseKinesisEvent.json
firehose python/kinesisFirehosePutEvent.json
firehose python/kinesisFirehoseSQSEvent.json
firehose typescript/parser/kinesis/firehose-put.json
firehose typescript/parser/kinesis/firehose-sqs-invalid.json
firehose typescript/parser/kinesis/firehose-sqs.json
firehose typescript/parser/kinesis/firehose.json
kafka java/serialization/kafka_event.json
kafka java/validation/kafka_event.json
kafka python/kafkaEventMsk.json
kafka python/kafkaEventSelfManaged.json
kafka typescript/kafka/avro.json
kafka typescript/kafka/default.json
kafka typescript/kafka/protobuf-complex.confluent.json
kafka typescript/kafka/protobuf-complex.glue.json
kafka typescript/kafka/protobuf.json
kafka typescript/parser/kafka/base.json
kinesis java/batch/kinesis_event.json
kinesis java/batch/kinesis_event_big.json
kinesis java/serialization/kinesis_event.json
kinesis java/validation/kinesis.json
kinesis java/validation/kinesis_invalid_messages.json
kinesis python-later/kinesisStreamTumblingWindowEvent.json
kinesis python/kinesisStreamCloudWatchLogsEvent.json
kinesis python/kinesisStreamEvent.json
kinesis python/kinesisStreamEventOneRecord.json
kinesis typescript/parser/kinesis/dynamodb-stream.json
kinesis typescript/parser/kinesis/stream-cloudwatch-logs.json
kinesis typescript/parser/kinesis/stream.json
kinesis-change typescript/parser/kinesis/dynamodb-stream.json
kinesis-logs python/kinesisStreamCloudWatchLogsEvent.json
kinesis-logs typescript/parser/kinesis/stream-cloudwatch-logs.json
logs-unpacked java/serialization/cwl_event.json
logs python/cloudWatchLogEvent.json
logs python/cloudWatchLogEventWithPolicyLevel.json
logs typescript/parser/cloudwatch/base.json
mq java/serialization/amq_event.json
mq java/serialization/rabbitmq_event.json
mq java/validation/amq_event.json
mq java/validation/rabbitmq_event.json
mq python/activeMQEvent.json
mq python/rabbitMQEvent.json
s3 python/s3Event.json
s3 python/s3EventDecodedKey.json
s3 python/s3EventDeleteObject.json
s3 python/s3EventGlacier.json
s3 typescript/parser/s3/base.json
s3 typescript/parser/s3/decoded-key.json
s3 typescript/parser/s3/delete-object.json
s3 typescript/parser/s3/glacier.json
s3 typescript/parser/s3/s3-lifecycle-event.json
s3-batch python/s3BatchOperationEventSchemaV1.json
s3-batch python/s3BatchOperationEventSchemaV2.json
schedule java/serialization/scheduled_event.json
schedule python-later/eventBridgeSchedulerEvent.json
ses python/sesEvent.json
ses typescript/parser/ses/base.json
sns java/serialization/sns_event.json
sns python/snsEvent.json
sns typescript/parser/sns/base.json
sqs java/batch/sqs_event.json
sqs java/batch/sqs_event_big.json
sqs java/batch/sqs_fifo_event.json
sqs java/serialization/sqs_event.json
sqs java/validation/sqs.json
sqs java/validation/sqs_invalid_messages.json
sqs java/validation/sqs_message.json
sqs python/s3SqsEvent.json
sqs python/snsSqsEvent.json
sqs python/snsSqsFifoEvent.json
sqs python/sqsDlqTriggerEvent.json
sqs python/sqsEvent.json
sqs typescript/parser/s3/sqs-event.json
sqs typescript/parser/sqs/base.json
sqs typescript/parser/sqs/sns-body.json
sqs-s3 python/s3SqsEvent.json
sqs-s3 typescript/parser/s3/sqs-event.json
sqs-sns python/snsSqsEvent.json
sqs-sns python/snsSqsFifoEvent.json
sqs-sns typescript/parser/sqs/sns-body.json
sqs-without-body java/serialization/sqs_event_no_body.json
window python-later/dynamoStreamTumblingWindowEvent.json
window python-later/kinesisStreamTumblingWindowEvent.json
";

/// The type of a whole event, the file, and places that the type must have read.
pub(super) const TYPED: &str = "
AgentEvent python/bedrockAgentEvent.json /actionGroup /sessionId
AgentEvent python/bedrockAgentEventWithPathParams.json /actionGroup /sessionId
AgentEvent python/bedrockAgentPostEvent.json /actionGroup /sessionId
Value python-later/appSyncEventsEvent.json
AppSyncDirectResolverEvent python/appSyncDirectResolver.json /info/fieldName
Value python/appSyncResolverEvent.json
Value typescript/event-handler/onPublish.json
Value typescript/parser/appsync-events/base.json
AppSyncDirectResolverEvent typescript/parser/appsync/resolver.json /info/fieldName
AppSyncLambdaAuthorizerRequest python/appSyncAuthorizerEvent.json /authorizationToken
AppSyncLambdaAuthorizerResponse python/appSyncAuthorizerResponse.json /isAuthorized
CloudWatchAlarm python/cloudWatchAlarmEventCompositeMetric.json /alarmArn /alarmData/alarmName /alarmData/state/value
CloudWatchAlarm python/cloudWatchAlarmEventSingleMetric.json /alarmArn /alarmData/alarmName /alarmData/state/value
CodeDeployLifecycleEvent python/codeDeployLifecycleHookEvent.json /DeploymentId /LifecycleEventHookExecutionId
CognitoEventUserPoolsCreateAuthChallenge python/cognitoCreateAuthChallengeEvent.json /triggerSource /userName /userPoolId
CognitoEventUserPoolsCustomMessage python/cognitoCustomMessageEvent.json /triggerSource /userName /userPoolId
CognitoEventUserPoolsDefineAuthChallenge python/cognitoDefineAuthChallengeEvent.json /triggerSource /userName /userPoolId
CognitoEventUserPoolsMigrateUser python/cognitoUserMigrationEvent.json /triggerSource /userName /userPoolId
CognitoEventUserPoolsPostAuthentication python/cognitoPostAuthenticationEvent.json /triggerSource /userName /userPoolId
Value python/cognitoPostConfirmationEvent.json
CognitoEventUserPoolsPreAuthentication python/cognitoPreAuthenticationEvent.json /triggerSource /userName /userPoolId
Value python/cognitoPreSignUpEvent.json
CognitoEventUserPoolsPreTokenGen python/cognitoPreTokenGenerationEvent.json /triggerSource /userName /userPoolId
CognitoEventUserPoolsPreTokenGenV2 python/cognitoPreTokenV2GenerationEvent.json /triggerSource /userName /userPoolId
CognitoEventUserPoolsVerifyAuthChallenge python/cognitoVerifyAuthChallengeResponseEvent.json /triggerSource /userName /userPoolId
ConfigEvent python/awsConfigRuleConfigurationChanged.json /configRuleName /invokingEvent /resultToken
ConfigEvent python/awsConfigRuleOversizedConfiguration.json /configRuleName /invokingEvent /resultToken
ConfigEvent python/awsConfigRuleScheduled.json /configRuleName /invokingEvent /resultToken
ConnectEvent python/connectContactFlowEventAll.json /Name /Details/ContactData/ContactId
Value python/connectContactFlowEventMin.json
KinesisAnalyticsOutputDeliveryEvent java/serialization/kafip_event.json /applicationArn /records/0/data
KinesisAnalyticsOutputDeliveryEvent java/serialization/kasip_event.json /applicationArn /records/0/data
KinesisAnalyticsOutputDeliveryEvent java/validation/kafip_event.json /applicationArn /records/0/data
KinesisAnalyticsOutputDeliveryEvent java/validation/kasip_event.json /applicationArn /records/0/data
S3BatchJobEvent python/s3BatchOperationEventSchemaV1.json /invocationId /tasks/0/s3Key /tasks/0/taskId
S3BatchJobEvent python/s3BatchOperationEventSchemaV2.json /invocationId /tasks/0/s3Key /tasks/0/taskId
SecretsManagerSecretRotationEvent python/secretsManagerEvent.json /SecretId /ClientRequestToken /Step
Value java/serialization/custom_event.json
Value java/serialization/custom_event_gzip.json
Value java/serialization/custom_event_json.json
Value java/serialization/custom_event_map.json
Value java/validation/custom_event.json
Value java/validation/custom_event_gzip.json
Value java/validation/json_ko.json
Value java/validation/json_ok.json
Value python-later/TransferFamilyAuthorizer.json
Value python-later/bedrockAgentFunctionEvent.json
Value python-later/bedrockAgentResponseEvent.json
Value python-later/iotRegistryEventsThingEvent.json
Value python-later/iotRegistryEventsThingGroupEvent.json
Value python/cloudWatchDashboardEvent.json
Value python/cognitoCustomEmailSenderEvent.json
Value python/cognitoCustomSMSSenderEvent.json
Value typescript/parser/cognito/base.json
Value typescript/parser/connect-outbound-campaigns/base.json
Value typescript/parser/transfer-family/base.json
Value python/appSyncBatchEvent.json
Value appsync/batch.json
Value channels/publish.json
Value channels/subscribe.json
";

/// The files that a type of `aws_lambda_events` rejects, with the place of the error and the reason. Read as `Value`.
pub(super) const STRICTER: [(&str, &str, &str, &str); 8] = [
    ("AppSyncDirectResolverEvent", "python-later/appSyncEventsEvent.json", "/identity", BY_API_KEY),
    (
        "AppSyncDirectResolverEvent",
        "python/appSyncResolverEvent.json",
        "info",
        "of Amplify's template, which has no `info`",
    ),
    ("AppSyncDirectResolverEvent", "typescript/event-handler/onPublish.json", "selectionSetGraphQL", CHANNEL),
    ("AppSyncDirectResolverEvent", "typescript/parser/appsync-events/base.json", "selectionSetGraphQL", CHANNEL),
    (
        "CognitoEventUserPoolsPostConfirmation",
        "python/cognitoPostConfirmationEvent.json",
        "/request/userAttributes/email_verified",
        "the sample has a boolean where Cognito sends text",
    ),
    (
        "CognitoEventUserPoolsPreSignup",
        "python/cognitoPreSignUpEvent.json",
        "/response",
        "the sample has an empty `response` where Cognito sends its three fields",
    ),
    (
        "ConnectEvent",
        "python/connectContactFlowEventMin.json",
        "/Details/ContactData/CustomerEndpoint",
        "a contact without an endpoint, which Connect sends as null and the type wants",
    ),
    ("Vec<AppSyncDirectResolverEvent>", "python/appSyncBatchEvent.json", "/0/identity", BY_API_KEY),
];

const BY_API_KEY: &str = "a caller by API key has no identity, which AppSync sends as null, while the type requires it";
const CHANNEL: &str = "of AppSync Events, which has channels and no selection set";

/// The files that are not events of a function, and the reason.
const LISTED: [(&str, &str); 12] = [
    ("dotnet/jmespath/apigw_event.json", LIST),
    ("dotnet/jmespath/apigw_event_2.json", LIST),
    ("dotnet/jmespath/kinesis_data_stream.json", LIST),
    ("dotnet/jmespath/sqs.json", LIST),
    ("java/serialization/cfcr_event.json", "a request of no kind: its `RequestType` is `requestType`"),
    ("java/validation/cfcr_event.json", JAVA),
    ("java/validation/cwl_event.json", JAVA),
    ("java/validation/scheduled_event.json", "neither a `detail-type` nor a `time`, which every event of a rule has"),
    ("java/validation/schema_v4.json", SCHEMA),
    ("java/validation/schema_v7.json", SCHEMA),
    ("java/validation/schema_v7_ko.json", SCHEMA),
    ("java/validation/sns_event.json", JAVA),
];

const LIST: &str = "a list of events with their results, for a test of JMESPath";
const JAVA: &str = "the fields as Java's classes call them, which Lambda never sends";
const SCHEMA: &str = "a JSON schema, no event";

fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.trim().lines().map(|line| line.split_once(' ').unwrap())
}

/// The files of a kind.
pub(super) fn of(kind: &str) -> Vec<&'static str> {
    let files: Vec<_> = kinds().filter(|(own, _)| *own == kind).map(|(_, file)| file).collect();
    assert!(!files.is_empty(), "there is no {kind}");
    files
}

#[test]
fn every_event_file_is_decoded_or_listed() {
    let typed = TYPED.trim().lines().map(|line| line.split_whitespace().nth(1).unwrap());
    let known: std::collections::BTreeSet<&str> = kinds()
        .map(|(_, file)| file)
        .chain(typed)
        .chain(LISTED.map(|(file, _)| file))
        .chain(crate::http::events::files())
        .collect();
    let files = crate::http::events::every_file();
    let unknown: Vec<_> = files.iter().filter(|file| !known.contains(file.as_str())).collect();
    assert!(unknown.is_empty(), "neither decoded nor listed: {unknown:?}");
    assert_eq!(known.len(), files.len(), "a file is named that is not there");
    let whys = LISTED.iter().map(|(_, why)| why).chain(STRICTER.iter().map(|(.., why)| why));
    assert!(whys.into_iter().all(|why| why.len() > 10));
}

/// Every kind has a test, without which its events would not be decoded.
#[test]
fn every_kind_is_tested() {
    let tests = [include_str!("../events.rs"), include_str!("streams.rs"), include_str!("whole.rs")].concat();
    for (kind, file) in kinds() {
        assert!(tests.contains(&format!("\"{kind}\"")), "{file}: no test has the kind {kind}");
    }
}

/// Listed files do not count as handled events.
#[tokio::test]
async fn what_is_listed_is_no_record() {
    for (file, _) in LISTED {
        let event = event(file);
        let error = seen(&event, |_: Sns<String>| Value::Null).await.1.unwrap_err();
        assert_eq!(error.error_type(), "UnexpectedEvent", "{file}");
        let error = seen(&event, |_: LogRecord| Value::Null).await.1.unwrap_err();
        assert_eq!(error.error_type(), "UnexpectedEvent", "{file}");
    }
}
