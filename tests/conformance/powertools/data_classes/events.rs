//! `data_classes` of records and of whole events: the values that the type has, by the accessors of Powertools. A case with an
//! accessor that no type of Pilaster has is unsupported.

use std::collections::BTreeMap;

use pilaster::records::{Record, RecordError, TransformedRecord};
use pilaster::{BoxError, Change, Firehose, S3BatchTask};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{only_these, read as read_as, variables};
use super::views::{Named, Views};
use crate::case::Case;
use crate::exchange::{Sent, send};
use crate::records::complete;
use crate::{Compared, Replay, Stop, unsupported};

/// The input of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(rename = "event")]
    _event: Option<Value>,
    #[serde(rename = "event_file")]
    _event_file: Option<String>,
    #[serde(rename = "patch")]
    _patch: Option<Value>,
    #[serde(rename = "attribute")]
    _attribute: Option<Value>,
    #[serde(default)]
    records: Vec<Answered>,
    result_code: Option<String>,
    result_string: Option<String>,
}

/// The answer to a record of Firehose.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    record_id: String,
    result: String,
    json: Option<Value>,
    #[serde(alias = "text")]
    data: Option<String>,
    #[serde(default)]
    partition_keys: BTreeMap<String, String>,
    metadata: Option<Metadata>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Metadata {
    partition_keys: BTreeMap<String, String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    let input = &case.json["input"];
    variables(case, &[])?;
    let Input { .. } = read_as("an input", input)?;
    match case.json["config"]["class"].as_str() {
        Some(class) => accessors(case, class),
        None if input.get("attribute").is_some() => attribute(case),
        None if input.get("records").is_some() => transformation(case),
        None if input.get("result_code").is_some() => task_result(case),
        None => unsupported("cases without a class"),
    }
}

fn accessors(case: &Case, class: &str) -> Replay {
    only_these(&case.json["expected"], &["accessors"])?;
    let wanted = case.json["expected"]["accessors"].as_object().cloned().unwrap_or_default();
    let mut event = case.event().map_err(Stop::Unsupported)?;
    // Each record has its source.
    let source = match class {
        "SQSEvent" => Some("aws:sqs"),
        "KinesisStreamEvent" => Some("aws:kinesis"),
        "DynamoDBStreamEvent" => Some("aws:dynamodb"),
        "S3Event" => Some("aws:s3"),
        "SESEvent" => Some("aws:ses"),
        _ => None,
    };
    // If an access must fail, the missing field is the subject of the case.
    let fails = wanted.values().any(|value| value.get("$error").is_some());
    let records = event.get_mut("Records").and_then(Value::as_array_mut).filter(|_| !fails);
    for record in records.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(source) = source {
            record.entry("eventSource").or_insert(json!(source));
        }
    }
    let kind = crate::records::Kind::of(&event);
    let event = kind.filter(|_| !fails).map_or_else(|| event.clone(), |kind| complete(&event, kind));
    let views = Views::of(class, &event)?;
    let mut found = Map::new();
    for (text, expected) in &wanted {
        let Some(accessor) = Accessor::read(text) else {
            return unsupported(format!("the accessor `{text}`"));
        };
        let Some(value) = accessor.ask(&views) else {
            return unsupported(format!("the accessor `{text}` of `{class}`"));
        };
        // An empty map of Python's stands for what is not there.
        let missing = value.is_null() && expected.as_object().is_some_and(Map::is_empty);
        found.insert(text.clone(), if missing { json!({}) } else { value });
    }
    Ok(Compared { expected: json!({ "accessors": wanted }), observed: json!({ "accessors": found }) })
}

/// An accessor of Python's: `e.source`, `R(1).kinesis.data_as_text()`, `list(e.messages)[0].decoded_data`.
enum Accessor {
    Event(String),
    Record(usize, String),
    /// `[{'name': x.path, …} for x in extract_cloudwatch_logs_from_event(e)]`
    Logs(Vec<(String, String)>),
}

impl Accessor {
    fn read(text: &str) -> Option<Self> {
        let regex = |pattern: &str| regex_lite::Regex::new(pattern).ok();
        let path = r"((\.\w+(\(\))?|\.get\('[^']*'\)|\['[^']*'\]|\[\d+\])*)$";
        if let Some(found) = regex(&format!("^e{path}"))?.captures(text) {
            return Some(Self::Event(found[1].to_owned()));
        }
        if let Some(found) = regex(&format!(r"^R\((\d*)\){path}"))?.captures(text) {
            return Some(Self::Record(found[1].parse().unwrap_or_default(), found[2].to_owned()));
        }
        if let Some(found) = regex(&format!(r"^list\(e\.(?:records|messages|record)\)\[(\d+)\]{path}"))?.captures(text)
        {
            return Some(Self::Record(found[1].parse().ok()?, found[2].to_owned()));
        }
        if let Some(found) = regex(&format!(r"^next\(e\.(?:records|messages|record)\){path}"))?.captures(text) {
            return Some(Self::Record(0, found[1].to_owned()));
        }
        let all = regex(r"^\[\{(.*)\} for x in extract_cloudwatch_logs_from_event\(e\)\]$")?.captures(text)?;
        let item = regex(&format!(r"^'(\w+)': x{path}"))?;
        let items = all[1].split(", ").map(|text| {
            let found = item.captures(text)?;
            Some((found[1].to_owned(), found[2].to_owned()))
        });
        items.collect::<Option<Vec<_>>>().map(Self::Logs)
    }

    /// The answer; `None` where nothing of that name is known.
    fn ask(&self, views: &Views) -> Option<Value> {
        match self {
            Self::Event(path) => views.event.ask(path),
            Self::Record(index, path) => views.records.get(*index)?.ask(path),
            Self::Logs(items) => {
                let one = |view: &Named| {
                    let fields = items.iter().map(|(name, path)| Some((name.clone(), view.ask(path)?)));
                    fields.collect::<Option<Map<_, _>>>().map(Value::Object)
                };
                views.logs.iter().map(one).collect::<Option<Vec<_>>>().map(Value::Array)
            }
        }
    }
}

/// The answer to a task of S3 Batch Operations.
fn task_result(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["response"])?;
    let Input { result_code, result_string, .. } = read_as("an input", &case.json["input"])?;
    let (code, text) = (result_code.unwrap_or_default(), result_string.unwrap_or_default());
    if !["Succeeded", "TemporaryFailure", "PermanentFailure"].contains(&code.as_str()) {
        return unsupported(format!("the result {code} of a task"));
    }
    let function = move |_: S3BatchTask| {
        std::future::ready(match code.as_str() {
            "Succeeded" => Ok(text.clone()),
            "PermanentFailure" => Err(BoxError::from(RecordError::discard(text.clone()))),
            _ => Err(text.clone().into()),
        })
    };
    let event = case.event().map_err(Stop::Unsupported)?;
    let observed = match send(pilaster::handler(function), &event) {
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    Ok(Compared { expected: json!({ "response": case.json["expected"]["response"] }), observed })
}

/// One attribute of an item: as it is in the new image of a change.
fn attribute(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["value"])?;
    let attribute = &case.json["input"]["attribute"];
    let event = json!({ "Records": [{
        "eventSource": "aws:dynamodb", "eventName": "INSERT",
        "dynamodb": { "SequenceNumber": "1", "NewImage": { "value": attribute } },
    }] });
    type Image<T> = Option<std::collections::BTreeMap<String, T>>;
    let seen = match attribute.as_object().and_then(|attribute| attribute.keys().next()).map(String::as_str) {
        // A type that takes anything is given bytes as numbers, unless it requests bytes.
        Some("B") => crate::records::each(&event, |change: Change<Image<Vec<u8>>, ()>| {
            let image = change.new_image().cloned().flatten();
            image.map_or(Value::Null, |image| {
                image.into_values().map(|bytes| crate::compare::byte_string(&bytes)).collect()
            })
        }),
        Some("BS") => crate::records::each(&event, |change: Change<Image<Vec<Vec<u8>>>, ()>| {
            let image = change.new_image().cloned().flatten();
            let all = |set: Vec<Vec<u8>>| set.iter().map(|bytes| crate::compare::byte_string(bytes)).collect::<Value>();
            image.map_or(Value::Null, |image| image.into_values().map(all).collect())
        }),
        _ => crate::records::each(&event, |change: Change<Image<Value>, ()>| {
            let image = change.new_image().cloned().flatten();
            image.map_or(Value::Null, |image| image.into_values().collect())
        }),
    };
    let value = seen.first().and_then(|of_record| of_record.first()).and_then(|values| values.get(0));
    let observed = match value {
        Some(value) => json!({ "value": value }),
        None => json!({ "value": { "$error": "the record failed" } }),
    };
    let expected = json!({ "value": as_bytes(attribute, &case.json["expected"]["value"]) });
    Ok(Compared { expected, observed })
}

/// Python leaves base64 as it is; here bytes are bytes, and must be the same.
fn as_bytes(attribute: &Value, expected: &Value) -> Value {
    let bytes = |text: &Value| json!({ "$bytes_b64": text });
    match (attribute.get("B"), attribute.get("BS"), expected["$set"].as_array()) {
        (Some(_), ..) => bytes(expected),
        (None, Some(_), Some(set)) => json!({ "$set": set.iter().map(bytes).collect::<Vec<_>>() }),
        _ => expected.clone(),
    }
}

/// `KinesisFirehoseDataTransformationResponse`: a function answers each record.
fn transformation(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["response"])?;
    let Input { records, .. } = read_as("an input", &case.json["input"])?;
    if let Some(other) = records.iter().find(|of| !["Ok", "Dropped", "ProcessingFailed"].contains(&of.result.as_str()))
    {
        return unsupported(format!("the result {} of a record", other.result));
    }
    let of_event = |record: &Answered| json!({ "recordId": record.record_id, "data": "" });
    let event = json!({
        "invocationId": "1", "deliveryStreamArn": "arn:aws:firehose:eu-west-1:1:deliverystream/x",
        "records": records.iter().map(of_event).collect::<Vec<_>>(),
    });
    let transform = move |record: Record, _: Firehose<()>| {
        let of = &records[record.index()];
        let transformed = match (of.result.as_str(), &of.json, &of.data) {
            ("Dropped", ..) => Ok(TransformedRecord::dropped()),
            ("ProcessingFailed", ..) => Ok(TransformedRecord::failed()),
            (_, Some(json), _) => TransformedRecord::json(json).map_err(BoxError::from),
            (_, None, text) => Ok(TransformedRecord::ok(text.clone().unwrap_or_default())),
        };
        let keys = of.partition_keys.iter().chain(of.metadata.iter().flat_map(|metadata| &metadata.partition_keys));
        let transformed = keys.fold(transformed, |transformed, (name, value)| {
            transformed.map(|transformed| transformed.partition_key(name, value))
        });
        std::future::ready(transformed)
    };
    let mut expected = json!({ "response": case.json["expected"]["response"] });
    let mut observed = match send(pilaster::handler(transform), &event) {
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    // Data that is JSON is compared as such, without its spaces and the end of its line.
    for side in [&mut expected, &mut observed] {
        for record in side["response"]["records"].as_array_mut().into_iter().flatten() {
            record["data"] = read(&record["data"]);
        }
    }
    Ok(Compared { expected, observed })
}

fn read(data: &Value) -> Value {
    use base64::Engine as _;
    let bytes = data.as_str().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_else(|| data.clone())
}
