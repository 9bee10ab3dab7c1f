//! The large events. They are made and not kept: the smallest has 6 MB.

use std::fmt::Write as _;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::expect::Expect;
use crate::suite::{Case, Suite, http};

/// Bytes of an event, Lambda's limit less what is around the body.
const EVENT: usize = 6_000_000;
/// Bytes of a binary body, which base64 makes a third longer.
const BINARY: usize = EVENT / 4 * 3;
const CHUNK: usize = 64 << 10;
const CHUNKS: usize = 200_000_000 / CHUNK;
const RECORDS: usize = 10_000;

/// A case with the functions that it is sent to.
#[derive(Debug)]
pub(crate) struct Large {
    pub(crate) work: &'static str,
    pub(crate) case: Case,
    /// What the time is divided by: the event's length, or the response's.
    pub(crate) bytes: usize,
    /// Invocations of a round.
    pub(crate) count: usize,
    /// Package and binary.
    pub(crate) by_hand: (&'static str, &'static str),
    pub(crate) pilaster: (&'static str, &'static str),
}

/// Makes all of them.
pub(crate) fn all() -> anyhow::Result<Vec<Large>> {
    let large = |work, case: Case, count| {
        let (by_hand, pilaster) = (("bare-large", "bare-large"), ("bench-large", "bench-large"));
        Large { work, bytes: case.event.len(), case, count, by_hand, pilaster }
    };
    let bytes: Vec<u8> = (0..BINARY).map(|index| (index % 251) as u8).collect();
    let received =
        |bytes: &[u8]| json!({"bytes": bytes.len(), "sum": bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>()});
    let form = ["--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n", "\r\n--x--\r\n"]
        .map(str::as_bytes);
    let form = [form[0], &bytes, form[1]].concat();
    let (octets, multipart) = ("application/octet-stream", "multipart/form-data; boundary=x");
    let upload = upload();
    let download = http("/download", &format!("bytes={BINARY}"), "text/plain", "", false)?;
    let stream = http("/", &format!("chunks={CHUNKS}"), "text/plain", "", false)?;
    let stream = stream.replace("execute-api.eu-central-1.amazonaws.com", "lambda-url.eu-central-1.on.aws");
    Ok(vec![
        large(
            "JSON in",
            case(http("/json", "", "application/json", &upload.text, false)?, json!({"body": upload.counted}))?,
            20,
        ),
        large(
            "binary in, as base64",
            case(
                http("/binary", "", octets, &BASE64_STANDARD.encode(&bytes), true)?,
                json!({"body": received(&bytes)}),
            )?,
            20,
        ),
        large(
            "multipart in, as base64",
            case(
                http("/multipart", "", multipart, &BASE64_STANDARD.encode(&form), true)?,
                json!({"body": received(&bytes)}),
            )?,
            20,
        ),
        Large { bytes: BINARY, ..large("binary out, as base64", case(download, json!({"bytes": BINARY}))?, 20) },
        Large {
            bytes: CHUNK * CHUNKS,
            by_hand: ("bare-large", "bare-stream"),
            pilaster: ("bench-large", "bench-stream"),
            ..large("a stream out, in chunks of 64 KB", case(stream, json!({"bytes": CHUNK * CHUNKS}))?, 2)
        },
        Large {
            by_hand: ("bare-sqs", "bare-sqs"),
            pilaster: ("bench-orders", "bench-orders"),
            ..large("10,000 records of 1 kB", batch()?, 10)
        },
    ])
}

/// The case of an HTTP event, whose response is a 200.
fn case(event: String, mut expect: serde_json::Value) -> anyhow::Result<Case> {
    expect["status"] = "200".into();
    Ok(Case { name: "large".to_owned(), event: event.into(), measured: true, expect: serde_json::from_value(expect)? })
}

struct Upload {
    text: String,
    counted: serde_json::Value,
}

/// JSON whose event has about 6 MB: every quote is escaped there.
fn upload() -> Upload {
    let (mut text, mut items, mut total, mut quotes) = (r#"{"items":["#.to_owned(), 0u64, 0, 0);
    while text.len() + quotes < EVENT {
        let comma = if items == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(text, r#"{comma}{{"sku":"sku-{items:06}","count":{items}}}"#);
        total += items + "sku-000000".len() as u64;
        items += 1;
        quotes += 6;
    }
    text += "]}";
    Upload { text, counted: json!({ "items": items, "total": total }) }
}

/// A batch whose messages have a body of 1,000 bytes each.
fn batch() -> anyhow::Result<Case> {
    let suite = Suite::load("sqs")?;
    let case =
        suite.cases.iter().find(|case| !case.measured).context("the suite has no batch without a bad message")?;
    let mut batch: serde_json::Value = serde_json::from_slice(&case.event)?;
    let template = batch["Records"][0].take();
    let mut records = Vec::with_capacity(RECORDS);
    for index in 0..RECORDS {
        let body = format!(r#"{{"orderId":"o-{index:06}","amount":{index}.5,"currency":"EUR","note":""}}"#);
        let note = "n".repeat(1000 - body.len());
        let mut record = template.clone();
        record["messageId"] = format!("059f36b4-87a3-44ab-83d2-{index:012}").into();
        record["body"] = body.replace(r#""note":"""#, &format!(r#""note":"{note}""#)).into();
        records.push(record);
    }
    let event = json!({ "Records": records }).to_string();
    let expect: Expect = serde_json::from_value(json!({"body": {"batchItemFailures": []}}))?;
    Ok(Case { name: "batch".to_owned(), event: event.into(), measured: true, expect })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_are_as_large_as_the_table_says() {
        for large in all().unwrap() {
            let event: serde_json::Value = serde_json::from_slice(&large.case.event).unwrap();
            match large.work {
                "10,000 records of 1 kB" => {
                    let records = event["Records"].as_array().unwrap();
                    assert_eq!(records.len(), RECORDS);
                    assert!(records.iter().all(|record| record["body"].as_str().unwrap().len() == 1000));
                }
                work if work.contains("out") => assert!(large.case.event.len() < 3000, "{work}"),
                work => {
                    // Lambda's limit is 6 MiB.
                    assert!((EVENT..6 << 20).contains(&large.case.event.len()), "{work}: {}", large.case.event.len());
                    assert_eq!(event["headers"]["content-length"], event["body"].as_str().unwrap().len().to_string());
                }
            }
        }
    }
}
