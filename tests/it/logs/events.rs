//! Events of the sources, as AWS documents them: written without `pilaster::testing`, which could have the same faults as the library.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// A request as a client sends it.
pub(super) struct Asked {
    pub(super) headers: Vec<(String, String)>,
    /// Names and values before they are escaped.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
}

fn single(pairs: &[(String, String)], change: fn(&str) -> String) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (change(name), json!(value))).collect())
}

fn multi(pairs: &[(String, String)], change: fn(&str) -> String) -> Value {
    let mut map = Map::new();
    for (name, value) in pairs {
        let values = map.entry(change(name)).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(json!(value));
    }
    Value::Object(map)
}

pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn escaped_pairs(pairs: &[(String, String)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (escaped(name), escaped(value))).collect()
}

pub(super) const HTTP_SOURCES: usize = 9;

/// Returns the event of a source for a request, by its documentation.
pub(super) fn http_event(source: usize, asked: &Asked) -> Value {
    let Asked { headers, query, body } = asked;
    let (same, lower) = (str::to_owned as fn(&str) -> String, str::to_ascii_lowercase as fn(&str) -> String);
    let header =
        |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, v)| v.clone());
    let raw_query =
        escaped_pairs(query).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    match source % HTTP_SOURCES {
        // A REST API, and an HTTP API with payload 1.0, which writes the version.
        version @ (0 | 1) => {
            let mut event = json!({
                "resource": "/", "path": "/", "httpMethod": "POST", "headers": single(headers, same),
                "multiValueHeaders": multi(headers, same), "queryStringParameters": single(query, same),
                "multiValueQueryStringParameters": multi(query, same), "body": body, "isBase64Encoded": false,
                "requestContext": {"stage": "prod", "identity": {"sourceIp": "192.0.2.1", "apiKey": header("x-api-key")}},
            });
            if version == 1 {
                event["version"] = "1.0".into();
            }
            event
        }
        // An HTTP API with payload 2.0, and a function URL, whose cookies stand among the headers as well.
        url @ (2 | 3) => {
            let cookies: Vec<_> = header("cookie").iter().flat_map(|all| all.split("; ")).map(str::to_owned).collect();
            let others: Vec<_> =
                headers.iter().filter(|(name, _)| url == 3 || !name.eq_ignore_ascii_case("cookie")).cloned().collect();
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": raw_query, "cookies": cookies,
                "headers": single(&others, lower), "queryStringParameters": single(query, same), "body": body,
                "isBase64Encoded": false, "requestContext": {"stage": "$default", "http": {"method": "POST", "path": "/"}},
            })
        }
        // A load balancer passes the escaped query on.
        4 => json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/b"}},
            "httpMethod": "POST", "path": "/", "headers": single(headers, lower), "body": body, "isBase64Encoded": false,
            "queryStringParameters": single(&escaped_pairs(query), same),
        }),
        5 => json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/b"}},
            "httpMethod": "POST", "path": "/", "multiValueHeaders": multi(headers, lower), "body": body,
            "multiValueQueryStringParameters": multi(&escaped_pairs(query), same), "isBase64Encoded": false,
        }),
        6 => json!({
            "raw_path": format!("/?{raw_query}"), "method": "POST", "headers": single(headers, lower), "body": body,
            "query_string_parameters": single(query, same), "is_base64_encoded": false,
        }),
        7 => json!({
            "version": "2.0", "path": "/", "method": "POST", "headers": multi(headers, lower), "body": body,
            "queryStringParameters": multi(query, same), "isBase64Encoded": false,
            "requestContext": {"serviceNetworkArn": "arn:aws:vpc-lattice:eu-west-1:123456789012:servicenetwork/sn-1"},
        }),
        // The authorizer of an HTTP API repeats its identity sources.
        _ => json!({
            "version": "2.0", "type": "REQUEST", "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:a/b/POST/",
            "identitySource": headers.iter().chain(query).map(|(_, value)| value).collect::<Vec<_>>(),
            "rawQueryString": raw_query, "headers": single(headers, lower), "queryStringParameters": single(query, same),
            "cookies": header("cookie").into_iter().collect::<Vec<_>>(),
        }),
    }
}

/// Returns an event of a record source with this payload, and the path of the payload; `true` if it is text there.
pub(super) fn records_event(source: usize, payload: &str) -> (Value, &'static str, bool) {
    let data = STANDARD.encode(payload);
    let arn = "arn:aws:sqs:eu-west-1:123456789012:orders";
    match source % 14 {
        0 => (
            json!({"Records": [{"messageId": "1", "body": payload, "eventSource": "aws:sqs", "eventSourceARN": arn}]}),
            ".Records.[].body",
            true,
        ),
        1 => (
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": payload, "MessageId": "1"}}]}),
            ".Records.[].Sns.Message",
            true,
        ),
        2 => {
            let envelope = json!({"Type": "Notification", "Message": payload}).to_string();
            (
                json!({"Records": [{"messageId": "1", "body": envelope, "eventSource": "aws:sqs"}]}),
                ".Records.[].body.Message",
                true,
            )
        }
        3 => (
            json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": data, "sequenceNumber": "1"}}]}),
            ".Records.[].kinesis.data",
            false,
        ),
        4 => (
            json!({"deliveryStreamArn": "arn", "records": [{"recordId": "1", "data": data}]}),
            ".records.[].data",
            false,
        ),
        5 => (
            json!({"eventSource": "aws:kafka", "records": {"orders-0": [{"topic": "orders", "value": data}]}}),
            ".records.*.[].value",
            false,
        ),
        6 => (
            json!({"eventSource": "aws:kafka", "records": {"orders-0": [{"key": data, "value": null}]}}),
            ".records.orders-0.[].key",
            false,
        ),
        7 => (
            json!({"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"NewImage": {"note": {"S": payload}}}}]}),
            ".Records.[].dynamodb.NewImage.note.S",
            true,
        ),
        8 => {
            let detail = serde_json::from_str::<Value>(payload).unwrap_or_else(|_| json!(payload));
            (json!({"source": "shop", "detail-type": "Sold", "detail": detail}), ".detail", true)
        }
        9 => (json!({"awslogs": {"data": data}}), ".awslogs.data", false),
        10 => (
            json!({"eventSource": "aws:mq", "messages": [{"messageID": "1", "data": data}]}),
            ".messages.[].data",
            false,
        ),
        11 => (
            json!({"eventSource": "aws:rmq", "rmqMessagesByQueue": {"orders::/": [{"data": data}]}}),
            ".rmqMessagesByQueue.*.[].data",
            false,
        ),
        // A pipe of EventBridge calls with the records alone.
        12 => (json!([{"messageId": "1", "body": payload, "eventSource": "aws:sqs"}]), ".[].body", true),
        _ => (json!({"input": {"order": payload}}), ".input.order", true),
    }
}
