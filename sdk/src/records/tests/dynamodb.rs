use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{at_ms, call, failures, fixture, seen};
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::raw::Incoming;
use crate::function::handler::handler;
use crate::records::{Batch, Change, ChangeRecord, FromRecord};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Note {
    id: u64,
    message: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    id: u64,
}

fn note(id: u64, message: &str) -> Note {
    Note { id, message: message.to_owned() }
}

fn image(id: u64, message: &str) -> Value {
    json!({ "Id": { "N": id.to_string() }, "Message": { "S": message } })
}

/// As the stream of this view type has it.
fn change(number: u32, name: &str, view: &str) -> Value {
    let mut change = json!({
        "eventID": format!("e{number}"),
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/notes/stream/2026-11-21T00:00:00.000",
        "dynamodb": {
            "Keys": { "Id": { "N": "7" } },
            "SequenceNumber": number.to_string(),
            "SizeBytes": 26,
            "StreamViewType": view,
        },
    });
    if name != "REMOVE" && view.contains("NEW") {
        change["dynamodb"]["NewImage"] = image(7, "new");
    }
    if name != "INSERT" && view.contains("OLD") {
        change["dynamodb"]["OldImage"] = image(7, "old");
    }
    change
}

fn stream(records: impl IntoIterator<Item = Value>) -> Value {
    json!({ "Records": records.into_iter().collect::<Vec<_>>() })
}

/// One of each kind.
fn all(view: &str) -> Value {
    stream(["INSERT", "MODIFY", "REMOVE"].into_iter().zip(1..).map(|(name, number)| change(number, name, view)))
}

#[tokio::test]
async fn the_fields_of_a_real_record_are_there() {
    let seen = seen(fixture("python/dynamoStreamEvent.json"), |change: Change<Note, Note, Key>| change).await;
    let Change::Insert { new, keys, record } = &seen[0] else { panic!("{:?}", seen[0]) };
    assert_eq!((new, keys, seen[0].old_image()), (&note(101, "New item!"), &Key { id: 101 }, None));
    assert_eq!((record.sequence_number(), record.event_id().as_deref()), ("111".to_owned(), Some("1")));
    assert_eq!((record.size(), record.view_type().as_deref()), (Some(26), Some("NEW_AND_OLD_IMAGES")));
    assert_eq!((record.created_at(), seen[1].record().created_at()), (at_ms(1_693_997_155_000), None));
    assert_eq!(
        (record.stream_arn().as_deref(), record.region().as_deref()),
        (Some("eventsource_arn"), Some("us-west-2"))
    );
    let Change::Modify { old, new, .. } = &seen[1] else { panic!("{:?}", seen[1]) };
    assert_eq!((old, new), (&note(101, "New item!"), &note(101, "This item has changed")));
}

#[tokio::test]
async fn every_real_event_is_decoded() {
    for (path, records) in [
        ("typescript/parser/dynamodb/base.json", 2),
        ("python-later/dynamoStreamTumblingWindowEvent.json", 3),
        ("java/batch/dynamo_event.json", 3),
        ("java/batch/dynamo_event_big.json", 12),
    ] {
        let changes = seen(fixture(path), |change: Change<Note, Note, Key>| change).await;
        assert_eq!(changes.len(), records, "{path}");
        assert!(changes.iter().all(|change| change.keys().id == 101), "{path}");
        assert!(matches!(&changes[1], Change::Modify { old, new, .. } if old.message < new.message), "{path}");
    }
    let java = seen(fixture("java/batch/dynamo_event.json"), |change: Change<Note>| change).await;
    let record = java[0].record();
    let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/ExampleTableWithStream";
    assert_eq!(
        (record.table_name().as_deref(), record.table_arn().as_deref()),
        (Some("ExampleTableWithStream"), Some(arn))
    );
}

#[tokio::test]
async fn a_change_comes_through_a_stream_of_kinesis() {
    #[derive(Clone, Deserialize)]
    struct Entry {
        id: String,
        data: String,
    }
    let event = fixture("typescript/parser/kinesis/dynamodb-stream.json");
    let seen = seen(event, |change: Change<Entry, (), Entry2>| change).await;
    #[derive(Clone, Deserialize)]
    struct Entry2 {
        id: String,
    }
    let Change::Insert { new, keys, record } = &seen[0] else { panic!("no insert") };
    assert_eq!(
        (new.id.as_str(), keys.id.as_str(), new.data.as_str()),
        ("record-1qit2y819gi", "record-1qit2y819gi", "data-x6aq7ckdpgk")
    );
    assert_eq!(record.sequence_number(), "49657828409187701520019995242508390119953358325192589314");
    assert_eq!((record.created_at(), record.size()), (at_ms(1_731_924_555_370), Some(60)));
    assert!(record.table_name().unwrap().starts_with("PowertoolsEventsStack-DynamoDBTable"));

    let micros = json!({
        "eventName": "REMOVE", "tableName": "notes",
        "dynamodb": { "ApproximateCreationDateTime": 1_731_924_555_370_123_u64, "Keys": { "Id": { "N": "1" } } },
    });
    let event = json!({ "Records": [
        { "eventSource": "aws:kinesis", "kinesis": { "sequenceNumber": "1", "data": STANDARD.encode(micros.to_string()) } },
        { "eventSource": "aws:kinesis", "kinesis": { "sequenceNumber": "2", "data": STANDARD.encode("no change") } },
        { "eventSource": "aws:kinesis", "kinesis": { "sequenceNumber": "3", "data": STANDARD.encode([0xff]) } },
    ] });
    async fn look(record: ChangeRecord, _: Change<()>) -> Result<(), BoxError> {
        assert_eq!(record.created_at(), at_ms(1_731_924_555_370));
        Ok(())
    }
    assert_eq!(call(look, event).await.unwrap(), failures(&["2", "3"]));
}

#[tokio::test]
async fn the_type_says_which_images_are_needed() {
    async fn of<R: FromRecord<Response = ()> + 'static>(view: &str) -> usize {
        seen(all(view), |_: R| ()).await.len()
    }
    for (view, whole, new, old, neither) in [
        ("NEW_AND_OLD_IMAGES", 3, 3, 3, 3),
        ("NEW_IMAGE", 1, 3, 0, 3),
        ("OLD_IMAGE", 1, 0, 3, 3),
        ("KEYS_ONLY", 0, 0, 0, 3),
    ] {
        // From a failure on nothing more is begun, so these are those before the first.
        assert_eq!(of::<Change<Note>>(view).await, if view == "OLD_IMAGE" { 0 } else { whole }, "{view}");
        assert_eq!(of::<Change<Note, (), Key>>(view).await, new, "{view}");
        assert_eq!(
            of::<Change<(), Note, Key>>(view).await,
            if view == "NEW_IMAGE" || view == "KEYS_ONLY" { 1 } else { old },
            "{view}"
        );
        assert_eq!(of::<Change<(), (), Key>>(view).await, neither, "{view}");
        assert_eq!(of::<Change<Option<Note>>>(view).await, neither, "{view}");
    }
    let seen = seen(all("NEW_IMAGE"), |change: Change<Option<Note>>| change).await;
    let Change::Modify { old, new, .. } = &seen[1] else { panic!("{:?}", seen[1]) };
    assert_eq!((old, new), (&None, &Some(note(7, "new"))));
}

#[tokio::test]
async fn a_missing_image_is_told_with_the_view_type() {
    async fn project(_: Change<Note>) -> Result<(), BoxError> {
        Ok(())
    }
    let function = crate::function::handler::handler(project).batch(crate::records::Batch::new().fail_if_all_fail());
    let event = stream([change(1, "MODIFY", "NEW_IMAGE")]);
    let error = super::call_with(function, event, None).await.unwrap_err();
    assert_eq!(error.message(), "the old image of the item could not be decoded");
    let why = super::root(&error);
    assert!(why.starts_with("missing in this stream, whose view type is NEW_IMAGE; take `()` or an `Option`"), "{why}");
}

#[tokio::test]
async fn an_expiry_is_known() {
    let by = |mut change: Value, kind: &str, principal: &str| {
        change["userIdentity"] = json!({ "type": kind, "principalId": principal });
        change
    };
    let view = "NEW_AND_OLD_IMAGES";
    let event = stream([
        by(change(1, "REMOVE", view), "Service", "dynamodb.amazonaws.com"),
        change(2, "REMOVE", view),
        by(change(3, "REMOVE", view), "Service", "lambda.amazonaws.com"),
        by(change(4, "INSERT", view), "Service", "dynamodb.amazonaws.com"),
    ]);
    assert_eq!(seen(event, |change: Change<Note>| change.is_expiry()).await, [true, false, false, false]);
}

#[tokio::test]
async fn from_the_first_failure_on_all_are_returned() {
    async fn project(change: Change<Note>) -> Result<(), BoxError> {
        match change.new_image() {
            Some(new) if new.message == "bad" => Err("bad".into()),
            _ => Ok(()),
        }
    }
    let view = "NEW_AND_OLD_IMAGES";
    let mut records = (1..5).map(|number| change(number, "INSERT", view)).collect::<Vec<_>>();
    assert_eq!(call(project, stream(records.clone())).await.unwrap(), failures(&[]));
    records[1]["dynamodb"]["NewImage"]["Message"]["S"] = json!("bad");
    assert_eq!(call(project, stream(records.clone())).await.unwrap(), failures(&["2", "3", "4"]));
    records[0]["eventName"] = json!("UPSERT");
    assert_eq!(call(project, stream(records)).await.unwrap(), failures(&["1", "2", "3", "4"]));
    let mut records = [change(1, "INSERT", view), change(2, "INSERT", view)];
    records[1]["dynamodb"]["NewImage"]["Id"] = json!({ "X": "1" });
    assert_eq!(call(project, stream(records)).await.unwrap(), failures(&["2"]));
}

#[tokio::test]
async fn the_record_is_an_argument_too_and_prints_no_key() {
    async fn look(record: ChangeRecord, _: Change<()>) -> Result<(), BoxError> {
        assert_eq!((record.keys::<Key>()?.id, record.table_name().as_deref()), (7, Some("notes")));
        assert!(record.keys::<String>().is_err());
        assert_eq!(format!("{record:?}"), r#"ChangeRecord { sequence_number: "1", table: Some("notes"), .. }"#);
        Ok(())
    }
    assert_eq!(call(look, stream([change(1, "INSERT", "KEYS_ONLY")])).await.unwrap(), failures(&[]));
}

#[tokio::test]
async fn changes_of_one_item_are_in_order_or_those_of_one_attribute_of_the_key() {
    let of = |number: u32, account: &str, version: u32| {
        let mut change = change(number, "INSERT", "KEYS_ONLY");
        change["dynamodb"]["Keys"] = json!({ "account": { "S": account }, "version": { "N": version.to_string() } });
        change
    };
    let event = stream([of(1, "a", 1), of(2, "b", 1), of(3, "a", 2), of(4, "b", 2), of(5, "a", 1)]);
    /// Those that ran at the same time as another, by pairs.
    async fn together(batch: crate::records::Batch, event: &Value) -> Vec<(String, String)> {
        let running = Arc::new(Mutex::new((Vec::<String>::new(), Vec::new())));
        let project = {
            let running = Arc::clone(&running);
            move |change: Change<(), (), serde::de::IgnoredAny>| {
                let (running, number) = (Arc::clone(&running), change.record().sequence_number());
                async move {
                    {
                        let (now, pairs) = &mut *running.lock().unwrap();
                        pairs.extend(now.iter().map(|other| (other.clone(), number.clone())));
                        now.push(number.clone());
                    }
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    running.lock().unwrap().0.retain(|other| *other != number);
                    Ok::<_, BoxError>(())
                }
            }
        };
        let function = crate::function::handler::handler(project).batch(batch);
        assert_eq!(super::call_with(function, event.clone(), None).await.unwrap(), failures(&[]));
        std::mem::take(&mut running.lock().unwrap().1)
    }
    let is = |pairs: &[(String, String)], a: &str, b: &str| pairs.contains(&(a.to_owned(), b.to_owned()));
    let batch = crate::records::Batch::new();
    let by_item = together(batch.clone(), &event).await;
    assert!(is(&by_item, "1", "3") && is(&by_item, "1", "2") && !is(&by_item, "1", "5"), "{by_item:?}");
    let by_account = together(batch.clone().ordered_by("account"), &event).await;
    assert!(is(&by_account, "1", "2") && !is(&by_account, "1", "3") && !is(&by_account, "2", "4"), "{by_account:?}");
    assert_eq!(together(batch.ordered_by("acount"), &event).await, [], "a key without it is in order");
}

#[tokio::test]
async fn an_item_is_the_same_however_its_keys_are_spelled() {
    let change = |number: u32, keys: &str| {
        format!(
            r#"{{"eventID":"e{number}","eventName":"INSERT","eventSource":"aws:dynamodb","eventSourceARN":"arn:aws:dynamodb:eu-central-1:1:table/t/stream/x","dynamodb":{{"Keys":{keys},"SequenceNumber":"{number}","StreamViewType":"KEYS_ONLY"}}}}"#
        )
    };
    let ship = |spellings: [&str; 2]| {
        let event = spellings.iter().zip(1..).map(|(keys, number)| change(number, keys)).collect::<Vec<_>>();
        let event = format!(r#"{{"Records":[{}]}}"#, event.join(","));
        async move {
            let calls = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&calls);
            let fail = move |_: Change<(), ()>| {
                *counted.lock().unwrap() += 1;
                std::future::ready(Err::<(), BoxError>("disk full".into()))
            };
            // It is called with the text as it is.
            let function = handler(fail).batch(Batch::new().continue_on_failure()).into_service().unwrap();
            let invocation = Invocation::new(lambda_runtime::Context::default());
            function.oneshot(Incoming { event: crate::RawEvent::parse(event).unwrap(), invocation }).await.unwrap();
            Arc::into_inner(calls).unwrap().into_inner().unwrap()
        }
    };
    let one = r#"{"pk":{"S":"a b"},"sk":{"N":"1"}}"#;
    assert_eq!(ship([one, r#"{"sk":{"N":"1"},"pk":{"S":"a b"}}"#]).await, 1);
    assert_eq!(ship([one, r#"{ "pk": {"S":"a b"}, "sk": {"N":"1"} }"#]).await, 1);
    assert_eq!(ship([r#"{"pk":{"S":"\u0061/"}}"#, r#"{"pk":{"S":"a\/"}}"#]).await, 1);
    assert_eq!(ship([r#"{"pk":{"S":"a"}}"#, r#"{"pk": {"S":"a"}}"#]).await, 1);
    assert_eq!(ship([r#"{"pk":{"S":"a"}}"#, r#"{"pk":{"N":"1"}}"#]).await, 2);
    assert_eq!(ship([one, r#"{"pk":{"S":"ab"},"sk":{"N":"1"}}"#]).await, 2);
}
