//! One field of another form than AWS documents hides that field alone, and none of the others.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::*;
use crate::records::{
    Change, EventBridge, Firehose, FromRecord, Kafka, Kinesis, MqMessage, S3BatchTask, S3Object, Sns, TransformedRecord,
};

/// The values of a record, by the name of its method.
type Values = BTreeMap<&'static str, String>;

macro_rules! values {
    ($record:expr; $($method:ident)*) => {{
        let record = &$record;
        Values::from([$((stringify!($method), shown(record.$method()))),*])
    }};
}

mod kinds;

fn shown(value: impl Debug) -> String {
    format!("{value:?}")
}

/// Values that a field may have instead.
fn others() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1.5),
        json!(""),
        json!("x"),
        json!([]),
        json!([["x"]]),
        json!({}),
        json!({ "x": { "y": 1 } }),
    ]
}

/// Returns the values of each event, which has one record.
async fn values_of<R>(event: Value, read: fn(R) -> Values) -> Values
where
    R: FromRecord + 'static,
    R::Response: Default + Send,
{
    let seen = Arc::new(Mutex::new(Vec::new()));
    let function = {
        let seen = Arc::clone(&seen);
        move |record: R| {
            seen.lock().unwrap().push(read(record));
            std::future::ready(Ok::<R::Response, BoxError>(R::Response::default()))
        }
    };
    call_with(handler(function), event.clone(), None).await.unwrap();
    let mut seen = seen.lock().unwrap();
    seen.pop().unwrap_or_else(|| panic!("it was not decoded: {event}"))
}

/// Changes each field of the record at `at`, and sees that only what is made of it is another.
async fn each_field_is_read_alone<R>(event: Value, at: &str, fields: &[(&str, &[&str])], read: fn(R) -> Values)
where
    R: FromRecord + 'static,
    R::Response: Default + Send,
{
    let all = values_of(event.clone(), read).await;
    for (field, made_of_it) in fields {
        for name in *made_of_it {
            assert!(all.contains_key(name), "{name}");
        }
        for other in others() {
            let mut changed = event.clone();
            let place = format!("{at}/{field}");
            let field = changed.pointer_mut(&place).unwrap_or_else(|| panic!("no {place} in {event}"));
            *field = other.clone();
            let values = values_of(changed, read).await;
            for (name, value) in &values {
                if !made_of_it.contains(name) {
                    assert_eq!(value, &all[name], "{name}, where {place} is {other}");
                }
            }
        }
    }
}
