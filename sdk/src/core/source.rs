//! [`EventSource`]: the service that sent an event, detected by the members that only its events have.
//!
//! An adapter fills the [`Markers`] from the parse that it makes anyway; [`Markers::read`] reads them from the text of
//! any event.

#![cfg_attr(
    not(all(feature = "http", feature = "records", feature = "otel", feature = "testing")),
    allow(dead_code, reason = "the modules of other features call these")
)]

mod call;
mod first;

use serde_json::value::RawValue;

#[cfg(feature = "otel")]
pub(crate) use self::first::first_item;
pub(crate) use self::first::first_source;
use crate::core::json::members::each_member;
use crate::core::json::text::Text;

/// The service that sent an event, and the form of the event where one service has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventSource {
    RestApi,
    /// An HTTP API with payload 1.0.
    HttpApiV1,
    /// An HTTP API with payload 2.0.
    HttpApi,
    /// A function URL, or a local server that sends the same form.
    FunctionUrl,
    Alb {
        multi_value: bool,
    },
    VpcLatticeV1,
    VpcLattice,
    WebSocketApi,
    /// An API that calls the function as its authorizer.
    Authorizer,
    Sqs,
    Kinesis,
    DynamoDb,
    Kafka,
    Sns,
    S3,
    ActiveMq,
    RabbitMq,
    Firehose,
    Logs,
    Ses,
    S3Batch,
    /// A rule of EventBridge that matches events.
    EventBridge,
    /// A rule of EventBridge with a schedule, or EventBridge Scheduler.
    Schedule,
    /// A field of AppSync GraphQL; the event of a batch is a list of them.
    AppSync,
    /// A channel of AppSync Events.
    Channels {
        publishes: bool,
    },
    /// An action group of a Bedrock agent.
    Bedrock,
}

impl EventSource {
    /// Returns the source that an event or a record names as its `eventSource`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "aws:sqs" => Self::Sqs,
            "aws:kinesis" => Self::Kinesis,
            "aws:dynamodb" => Self::DynamoDb,
            "aws:kafka" | "SelfManagedKafka" | "aws:SelfManagedKafka" => Self::Kafka,
            "aws:sns" => Self::Sns,
            "aws:s3" => Self::S3,
            "aws:amq" | "aws:mq" => Self::ActiveMq,
            "aws:rmq" => Self::RabbitMq,
            "aws:ses" => Self::Ses,
            _ => return None,
        })
    }
}

/// Returns `true` for the `detail-type` of an event that was scheduled.
pub(crate) fn is_scheduled(detail_type: &str) -> bool {
    detail_type == "Scheduled Event"
}

/// Returns `true` for the `source` of an event that EventBridge itself sends.
pub(crate) fn is_scheduler(source: &str) -> bool {
    matches!(source, "aws.events" | "aws.scheduler")
}

/// The members of an event that distinguish the sources. A member that is `null` is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Markers {
    /// `methodArn` or `routeArn`: the event looks like a request otherwise.
    pub(crate) authorizer: bool,
    /// `authorizationToken`, which an authorizer of AppSync has.
    pub(crate) authorization_token: bool,
    /// `requestContext.http`.
    pub(crate) http: bool,
    /// `requestContext.domainName` is that of a function URL.
    pub(crate) url: bool,
    /// `requestContext.elb`.
    pub(crate) elb: bool,
    /// `requestContext.connectionId`.
    pub(crate) connection: bool,
    /// `requestContext.serviceNetworkArn`.
    pub(crate) network: bool,
    pub(crate) multi_value_headers: bool,
    /// `raw_path`, as VPC Lattice writes it.
    pub(crate) lattice_raw_path: bool,
    pub(crate) http_method: bool,
    pub(crate) method: bool,
    pub(crate) path: bool,
    /// `version` is `"1.0"`.
    pub(crate) version_1: bool,
    /// `Records` is a list.
    pub(crate) records: bool,
    /// The first source that a record in `Records` names.
    pub(crate) of_record: Option<EventSource>,
    /// The source that the event names as its `eventSource`.
    pub(crate) of_event: Option<EventSource>,
    pub(crate) delivery_stream: bool,
    /// `tasks` is a list.
    pub(crate) tasks: bool,
    pub(crate) invocation_schema: bool,
    pub(crate) logs: bool,
    pub(crate) detail_type: bool,
    /// `detail-type` is that of a scheduled event.
    pub(crate) scheduled: bool,
    /// `source` is EventBridge itself.
    pub(crate) scheduler: bool,
    /// `requestContext.apiId`.
    pub(crate) api_id: bool,
    /// `info` has the names of a field and its parent type.
    pub(crate) field: bool,
    /// `fieldName` and `typeName`, as the mapping template of Amplify writes them.
    pub(crate) field_name: bool,
    pub(crate) type_name: bool,
    /// `request.headers`.
    pub(crate) request_headers: bool,
    /// `info` has a channel and one of its operations.
    pub(crate) channel: bool,
    /// `info.operation` is `PUBLISH`.
    pub(crate) publishes: bool,
    pub(crate) action_group: bool,
    pub(crate) agent: bool,
    /// `function` or `apiPath`.
    pub(crate) action: bool,
}

impl Markers {
    /// Reads an event in one pass, and calls `each` with each of its members. Returns no markers for any other value.
    pub(crate) fn read<'a>(event: &'a str, mut each: impl FnMut(&str, &'a RawValue)) -> Self {
        let mut markers = Self::default();
        let read = each_member(event, |name, value| {
            if value.get() != "null" {
                markers.mark_request(&name, value.get());
                markers.mark_records(&name, value.get());
                markers.mark_call(&name, value.get());
                each(&name, value);
            }
        });
        read.map_or_else(|_| Self::default(), |()| markers)
    }

    /// Marks a member of a request; its value must not be `null`.
    fn mark_request(&mut self, name: &str, value: &str) {
        match name {
            "methodArn" | "routeArn" => self.authorizer = true,
            "authorizationToken" => self.authorization_token = true,
            "multiValueHeaders" => self.multi_value_headers = true,
            "raw_path" => self.lattice_raw_path = true,
            "httpMethod" => self.http_method = true,
            "method" => self.method = true,
            "path" => self.path = true,
            "version" => self.version_1 = is_version_1(value),
            "requestContext" => {
                let mut context = *self;
                let read = each_member(value, |name, value| match &*name {
                    _ if value.get() == "null" => {}
                    "http" => context.http = true,
                    "elb" => context.elb = true,
                    "apiId" => context.api_id = true,
                    "connectionId" => context.connection = true,
                    "serviceNetworkArn" => context.network = true,
                    "domainName" => context.url = is(value.get(), is_url),
                    _ => {}
                });
                *self = read.map_or(*self, |()| context);
            }
            _ => {}
        }
    }

    /// Marks a member of an event with records; its value must not be `null`.
    pub(crate) fn mark_records(&mut self, name: &str, value: &str) {
        match name {
            "Records" => {
                self.records = value.starts_with('[');
                self.of_record = first_source(value);
            }
            "eventSource" => self.of_event = text(value).and_then(|Text(name)| EventSource::named(&name)),
            "deliveryStreamArn" => self.delivery_stream = true,
            "tasks" => self.tasks = value.starts_with('['),
            "invocationSchemaVersion" => self.invocation_schema = true,
            "awslogs" => self.logs = true,
            "detail-type" => (self.detail_type, self.scheduled) = (true, is(value, is_scheduled)),
            "source" => self.scheduler = is(value, is_scheduler),
            _ => {}
        }
    }

    /// Returns the source of the event; `None` for one that Pilaster does not know.
    pub(crate) fn detect(&self) -> Option<EventSource> {
        use EventSource as Source;

        Some(match self {
            Self { authorizer: true, .. } => Source::Authorizer,
            Self { http: true, url: true, .. } => Source::FunctionUrl,
            Self { http: true, .. } => Source::HttpApi,
            Self { elb: true, multi_value_headers: multi_value, .. } => Source::Alb { multi_value: *multi_value },
            Self { connection: true, .. } => Source::WebSocketApi,
            Self { lattice_raw_path: true, .. } => Source::VpcLatticeV1,
            Self { network: true, .. } | Self { method: true, path: true, .. } => Source::VpcLattice,
            // Bedrock agents send an `httpMethod` too, but no path.
            Self { http_method: true, path: true, version_1: true, .. } => Source::HttpApiV1,
            Self { http_method: true, path: true, .. } => Source::RestApi,
            Self { records: true, of_record, of_event, .. } => return of_record.or(*of_event),
            Self { delivery_stream: true, .. } => Source::Firehose,
            Self { tasks: true, invocation_schema: true, .. } => Source::S3Batch,
            // The others have `Records`.
            Self { of_event: Some(source @ (Source::Kafka | Source::ActiveMq | Source::RabbitMq)), .. } => *source,
            Self { logs: true, .. } => Source::Logs,
            Self { scheduled: true, scheduler: true, .. } => Source::Schedule,
            Self { detail_type: true, .. } => Source::EventBridge,
            Self { field: true, .. } | Self { field_name: true, type_name: true, request_headers: true, .. } => {
                Source::AppSync
            }
            Self { channel: true, publishes, .. } => Source::Channels { publishes: *publishes },
            Self { action_group: true, agent: true, action: true, .. } => Source::Bedrock,
            // A token alone may be a member of any event.
            Self { authorization_token: true, api_id: true, .. } => Source::Authorizer,
            _ => return None,
        })
    }
}

/// Returns `true` for the `version` of an HTTP API with payload 1.0, as JSON.
pub(crate) fn is_version_1(json: &str) -> bool {
    json == r#""1.0""#
}

/// Returns whether a domain is that of a function URL (`{id}.lambda-url.{region}.on.aws`,
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html>), or `localhost`, which `cargo run`, the
/// tests' requests and `cargo lambda watch` use. Whole labels are compared, and the end of the name: an HTTP API may
/// have the domain `localhost.example.com` or `api.lambda-url.example.com`. In China the end is
/// `.on.amazonwebservices.com.cn`.
pub(crate) fn is_url(domain: &str) -> bool {
    let name = domain.split_once(':').map_or(domain, |(name, _)| name);
    let is_of_aws = |end: &&str| name.ends_with(*end);
    name == "localhost"
        || ([".on.aws", ".on.amazonwebservices.com.cn"].iter().any(is_of_aws)
            && name.split('.').nth(1) == Some("lambda-url"))
}

fn text(json: &str) -> Option<Text<'_>> {
    serde_json::from_str(json).ok()
}

fn is(json: &str, expected: fn(&str) -> bool) -> bool {
    text(json).is_some_and(|Text(text)| expected(&text))
}

#[cfg(test)]
mod tests;
