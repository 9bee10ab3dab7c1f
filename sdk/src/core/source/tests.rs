use super::*;

fn detected(event: &str) -> Option<EventSource> {
    Markers::read(event, |_, _| {}).detect()
}

#[test]
fn a_source_is_detected_by_its_members() {
    for (event, source) in [
        (r#"{"type":"TOKEN","methodArn":"arn"}"#, Some(EventSource::Authorizer)),
        (r#"{"requestContext":{"http":{}},"routeArn":"arn"}"#, Some(EventSource::Authorizer)),
        (r#"{"requestContext":{"apiId":"1"},"authorizationToken":"t"}"#, Some(EventSource::Authorizer)),
        (r#"{"requestContext":{"http":{}}}"#, Some(EventSource::HttpApi)),
        (r#"{"requestContext":{"http":{},"domainName":"localhost"}}"#, Some(EventSource::FunctionUrl)),
        (r#"{"requestContext":{"elb":{}}}"#, Some(EventSource::Alb { multi_value: false })),
        (r#"{"requestContext":{"elb":{}},"multiValueHeaders":{}}"#, Some(EventSource::Alb { multi_value: true })),
        (r#"{"requestContext":{"connectionId":"c"}}"#, Some(EventSource::WebSocketApi)),
        (r#"{"raw_path":"/"}"#, Some(EventSource::VpcLatticeV1)),
        (r#"{"method":"GET","path":"/"}"#, Some(EventSource::VpcLattice)),
        (r#"{"httpMethod":"GET","path":"/"}"#, Some(EventSource::RestApi)),
        (r#"{"httpMethod":"GET","path":"/","version":"1.0"}"#, Some(EventSource::HttpApiV1)),
        (r#"{"Records":[{},7,{"eventSource":"aws:sqs"},{"eventSource":"aws:s3"}]}"#, Some(EventSource::Sqs)),
        (r#"{"Records":[{"EventSource":"aws:sns"}]}"#, Some(EventSource::Sns)),
        (r#"{"Records":[],"eventSource":"aws:kinesis"}"#, Some(EventSource::Kinesis)),
        (r#"{"Records":[{}],"detail-type":"Sold"}"#, None),
        (r#"{"Records":[{"eventSource":"aws:codecommit"}]}"#, None),
        (r#"{"records":[],"deliveryStreamArn":"arn"}"#, Some(EventSource::Firehose)),
        (r#"{"tasks":[],"invocationSchemaVersion":"1.0"}"#, Some(EventSource::S3Batch)),
        (r#"{"tasks":{},"invocationSchemaVersion":"1.0"}"#, None),
        (r#"{"records":{},"eventSource":"SelfManagedKafka"}"#, Some(EventSource::Kafka)),
        (r#"{"eventSource":"aws:sqs"}"#, None),
        (r#"{"awslogs":{}}"#, Some(EventSource::Logs)),
        (r#"{"source":"aws.events","detail-type":"Scheduled Event"}"#, Some(EventSource::Schedule)),
        (r#"{"source":"shop","detail-type":"Scheduled Event"}"#, Some(EventSource::EventBridge)),
        (r#"{"source":"aws.events","detail-type":null}"#, None),
        (r#"{"info":{"fieldName":"post","parentTypeName":"Query"}}"#, Some(EventSource::AppSync)),
        (r#"{"typeName":"Query","fieldName":"post","request":{"headers":{}}}"#, Some(EventSource::AppSync)),
        (
            r#"{"info":{"channel":{},"channelNamespace":{},"operation":"PUBLISH"},"events":[]}"#,
            Some(EventSource::Channels { publishes: true }),
        ),
        (
            r#"{"info":{"channel":{},"channelNamespace":{},"operation":"SUBSCRIBE"},"events":null}"#,
            Some(EventSource::Channels { publishes: false }),
        ),
        (r#"{"actionGroup":"a","agent":{},"function":"f"}"#, Some(EventSource::Bedrock)),
        (r#"{"actionGroup":"a","agent":{},"apiPath":"/a","httpMethod":"GET"}"#, Some(EventSource::Bedrock)),
        (r#"{"requestContext":7,"Records":7,"eventSource":7}"#, None),
        (r#"{"requestContext":{"requestId":"1"}}"#, None),
        (r#"[{"eventSource":"aws:sqs"}]"#, None),
        (r#""text""#, None),
    ] {
        assert_eq!(detected(event), source, "{event}");
    }
}

/// Each real event, by its path in `tests/fixtures/events`.
#[cfg(all(feature = "http", feature = "records", feature = "otel"))]
fn events() -> Vec<(String, String)> {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/events"));
    let (mut folders, mut events) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension() {
                None => folders.push(path),
                Some(extension) if extension == "json" => {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    events.push((name, std::fs::read_to_string(path).unwrap()));
                }
                Some(_) => {}
            }
        }
    }
    events
}

#[cfg(all(feature = "http", feature = "records", feature = "otel"))]
#[test]
fn all_that_use_the_source_agree_on_each_real_event() {
    use crate::http::EventKind;
    use crate::records::Source;

    let mut sources = std::collections::BTreeSet::new();
    for (name, text) in events() {
        let source = detected(&text);
        sources.insert(format!("{source:?}"));
        let (kind, records) = (source.and_then(EventKind::of), source.and_then(Source::of));
        assert_eq!(crate::http::adapter::detected(&text), kind, "{name}");
        assert_eq!(crate::records::adapter::detected(&text), records, "{name}");
        let is_request = kind.is_some()
            || matches!(
                source,
                Some(EventSource::Authorizer | EventSource::AppSync | EventSource::Channels { publishes: false })
            );
        // A batch of AppSync is a list, which is not an event of a source.
        if name == "appsync/batch.json" || name == "python/appSyncBatchEvent.json" {
            assert_eq!((crate::observe::traces::trigger_of(&text), source), ("http", None), "{name}");
            continue;
        }
        assert_eq!(crate::observe::traces::trigger_of(&text) == "http", is_request, "{name}");
    }
    // Each of the 26 sources, a load balancer and channels in both forms, and events of others.
    assert_eq!(sources.len(), 29, "{sources:?}");
}

/// Members that the events of AppSync and Bedrock have in common with other events, and each of theirs without one.
#[test]
fn a_few_members_in_common_are_not_enough() {
    for event in [
        r#"{"info":{"fieldName":"post"},"arguments":{},"request":{"headers":{}}}"#,
        r#"{"info":{"parentTypeName":"Query"},"source":null}"#,
        r#"{"info":{"fieldName":7,"parentTypeName":"Query"}}"#,
        r#"{"info":["fieldName","parentTypeName"]}"#,
        r#"{"fieldName":"post","parentTypeName":"Query"}"#,
        r#"{"typeName":"Query","fieldName":"post"}"#,
        r#"{"typeName":"Query","request":{"headers":{}}}"#,
        r#"{"fieldName":"post","request":{"headers":{}},"typeName":null}"#,
        r#"{"info":{"channel":{},"operation":"PUBLISH"},"events":[]}"#,
        r#"{"info":{"channel":{},"channelNamespace":{},"operation":"EVENT_CONNECT"}}"#,
        r#"{"info":{"channel":"/a","channelNamespace":{},"operation":"PUBLISH"}}"#,
        r#"{"info":{"channelNamespace":{},"operation":"PUBLISH"}}"#,
        r#"{"actionGroup":"a","agent":{}}"#,
        r#"{"actionGroup":"a","agent":"x","function":"f"}"#,
        r#"{"agent":{},"function":"f","parameters":[]}"#,
        r#"{"actionGroup":"a","apiPath":"/a","httpMethod":"GET"}"#,
        r#"{"authorizationToken":"t"}"#,
        r#"{"authorizationToken":"t","requestContext":{"requestId":"r"}}"#,
    ] {
        assert_eq!(detected(event), None, "{event}");
    }
    let event = r#"{"Records":[{"eventSource":"aws:sqs"}],"info":{"fieldName":"f","parentTypeName":"Query"}}"#;
    assert_eq!(detected(event), Some(EventSource::Sqs));
}
