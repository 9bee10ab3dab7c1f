//! Changes of a table in the format of DynamoDB Streams
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html>).
//!
//! An item is any value that `serde_dynamo` serializes. [`attributes`] accepts DynamoDB attributes, for sets, bytes and
//! numbers of 38 digits.
//!
//! # Example
//!
//! ```
//! use pilaster::testing::{insert, modify, remove};
//! use serde_json::json;
//!
//! let [old, new] = [json!({ "id": "u1", "age": 41 }), json!({ "id": "u1", "age": 42 })];
//! let event = insert(&old).and(modify(&old, &new)).and(remove(&new)).event();
//! assert_eq!(event["Records"][1]["eventName"], "MODIFY");
//! assert_eq!(event["Records"][1]["dynamodb"]["Keys"]["id"]["S"], "u1");
//! assert_eq!(event["Records"][1]["dynamodb"]["NewImage"]["age"]["N"], "42");
//! ```

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::content::{ACCOUNT, REGION, TIME_MS, built};

/// The default keys: the first of these that occurs in the item.
const KEYS: [&[&str]; 5] = [&["pk", "sk"], &["PK", "SK"], &["id"], &["Id"], &["ID"]];

/// Builds the change of an item that was created.
///
/// # Panics
///
/// If the item cannot be serialized as a DynamoDB item.
pub fn insert(new: impl Item) -> DynamoDbEvent {
    DynamoDbEvent::one("INSERT", None, Some(new.into_attributes()))
}

/// Builds the change of an item that was replaced or updated.
///
/// # Panics
///
/// If an item cannot be serialized as a DynamoDB item.
pub fn modify(old: impl Item, new: impl Item) -> DynamoDbEvent {
    DynamoDbEvent::one("MODIFY", Some(old.into_attributes()), Some(new.into_attributes()))
}

/// Builds the change of an item that was removed.
///
/// # Panics
///
/// If the item cannot be serialized as a DynamoDB item.
pub fn remove(old: impl Item) -> DynamoDbEvent {
    DynamoDbEvent::one("REMOVE", Some(old.into_attributes()), None)
}

/// Creates an item from its attributes: `{"id": {"S": "u1"}, "tags": {"SS": ["a"]}, "n": {"N": "1234567890…"}}`.
///
/// # Panics
///
/// If it is not an object.
pub fn attributes(item: Value) -> Attributes {
    match item {
        Value::Object(item) => Attributes(item),
        _ => panic!("the attributes of an item must be an object"),
    }
}

/// An item, given by its attributes. See [`attributes`].
#[derive(Clone, Debug)]
pub struct Attributes(Map<String, Value>);

/// An item: any value that serializes as one, or its [`attributes`].
pub trait Item {
    /// Converts it into attributes, as in the stream.
    fn into_attributes(self) -> Attributes;
}

impl<T: Serialize> Item for T {
    fn into_attributes(self) -> Attributes {
        let item = serde_dynamo::to_item::<_, serde_dynamo::Item>(self).map_err(|error| error.to_string());
        let item = item.and_then(|item| serde_json::to_value(item).map_err(|error| error.to_string()));
        match item {
            Ok(item) => attributes(item),
            Err(error) => panic!("the item cannot be serialized as a DynamoDB item: {error}"),
        }
    }
}

impl Item for Attributes {
    fn into_attributes(self) -> Attributes {
        self
    }
}

/// The view type of a stream, which determines the images in its records
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViewType {
    /// `KEYS_ONLY`
    KeysOnly,
    /// `NEW_IMAGE`
    NewImage,
    /// `OLD_IMAGE`
    OldImage,
    /// `NEW_AND_OLD_IMAGES`
    #[default]
    NewAndOldImages,
}

/// A builder of an event of DynamoDB Streams. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct DynamoDbEvent {
    changes: Vec<Change>,
    table: String,
    keys: Option<Vec<String>>,
    view: ViewType,
}

#[derive(Clone, Debug)]
struct Change {
    name: &'static str,
    old: Option<Attributes>,
    new: Option<Attributes>,
    expired: bool,
}

impl DynamoDbEvent {
    fn one(name: &'static str, old: Option<Attributes>, new: Option<Attributes>) -> Self {
        let changes = vec![Change { name, old, new, expired: false }];
        Self { changes, table: "users".to_owned(), keys: None, view: ViewType::default() }
    }

    /// Sets the key attributes of the table; the default is `pk` and `sk`, otherwise `id`, in upper or lower case.
    pub fn keys(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.keys = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the view type of the stream; the default is both images.
    pub fn view_type(mut self, view: ViewType) -> Self {
        self.view = view;
        self
    }

    /// Sets the name of the table; the default is `users`.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Marks the last item as removed because its time to live expired
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>).
    pub fn expired(mut self) -> Self {
        if let Some(change) = self.changes.last_mut() {
            change.expired = true;
        }
        self
    }

    /// Adds the changes of another event of this table.
    pub fn and(mut self, other: DynamoDbEvent) -> Self {
        self.changes.extend(other.changes);
        self
    }

    /// Returns the event.
    ///
    /// # Panics
    ///
    /// If an item lacks a key, or lacks the default keys and [`keys`](Self::keys) was not called.
    pub fn event(&self) -> Value {
        let records = self.changes.iter().enumerate().map(|(at, change)| self.record(at, change));
        json!({ "Records": records.collect::<Vec<_>>() })
    }

    fn record(&self, at: usize, change: &Change) -> Value {
        let image = change.new.as_ref().or(change.old.as_ref()).map(|Attributes(image)| image);
        let mut data = json!({
            // DynamoDB rounds to seconds.
            "ApproximateCreationDateTime": TIME_MS / 1000,
            "Keys": self.keys_of(image.unwrap_or(&Map::new())),
            "SequenceNumber": format!("44215845000000000174{at:09}"),
            "StreamViewType": match self.view {
                ViewType::KeysOnly => "KEYS_ONLY",
                ViewType::NewImage => "NEW_IMAGE",
                ViewType::OldImage => "OLD_IMAGE",
                ViewType::NewAndOldImages => "NEW_AND_OLD_IMAGES",
            },
        });
        if let (Some(Attributes(new)), ViewType::NewImage | ViewType::NewAndOldImages) = (&change.new, self.view) {
            data["NewImage"] = new.clone().into();
        }
        if let (Some(Attributes(old)), ViewType::OldImage | ViewType::NewAndOldImages) = (&change.old, self.view) {
            data["OldImage"] = old.clone().into();
        }
        data["SizeBytes"] = data.to_string().len().into();
        let mut record = json!({
            "eventID": format!("{:032x}", at + 1),
            "eventName": change.name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "dynamodb": data,
            "eventSourceARN":
                format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}/stream/2026-01-01T00:00:00.000", self.table),
        });
        if change.expired {
            record["userIdentity"] = json!({ "principalId": "dynamodb.amazonaws.com", "type": "Service" });
        }
        record
    }

    fn keys_of(&self, image: &Map<String, Value>) -> Map<String, Value> {
        let names: Vec<&str> = match &self.keys {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => match KEYS.iter().find(|names| image.contains_key(names[0])) {
                Some(names) => names.iter().copied().filter(|name| image.contains_key(*name)).collect(),
                None => panic!("the item has neither `pk` nor `id`: set its keys with `.keys([..])`"),
            },
        };
        let value = |name: &str| match image.get(name) {
            Some(value) => (name.to_owned(), value.clone()),
            None => panic!("the item lacks the key attribute `{name}`"),
        };
        names.into_iter().map(value).collect()
    }
}

built!(DynamoDbEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn a_change_has_the_fields_of_a_real_one() {
        let item = |message: &str| json!({ "Id": 101, "Message": message });
        shape::same("python/dynamoStreamEvent.json", &insert(item("new")).event(), &[]);
        let both = modify(item("old"), item("new")).expired().event();
        let but = ["Records.[].dynamodb.OldImage"];
        shape::same("java/batch/dynamo_event.json", &both, &but);
        assert_eq!(both["Records"][0]["dynamodb"]["OldImage"]["Message"], json!({ "S": "old" }));
    }

    #[test]
    fn the_view_decides_which_images_there_are() {
        let change = modify(json!({ "pk": "a", "sk": 1, "x": 1 }), json!({ "pk": "a", "sk": 1, "x": 2 }));
        for (view, name, new, old) in [
            (ViewType::KeysOnly, "KEYS_ONLY", false, false),
            (ViewType::NewImage, "NEW_IMAGE", true, false),
            (ViewType::OldImage, "OLD_IMAGE", false, true),
            (ViewType::NewAndOldImages, "NEW_AND_OLD_IMAGES", true, true),
        ] {
            let event = change.clone().view_type(view).event();
            let data = &event["Records"][0]["dynamodb"];
            assert_eq!(data["StreamViewType"], name);
            assert_eq!((data.get("NewImage").is_some(), data.get("OldImage").is_some()), (new, old));
            assert_eq!(data["Keys"], json!({ "pk": { "S": "a" }, "sk": { "N": "1" } }));
        }
    }

    #[test]
    fn numbers_of_38_digits_and_sets_are_given_as_attributes() {
        let digits = "12345678901234567890123456789012345678";
        let item = attributes(json!({ "id": { "S": "a" }, "n": { "N": digits }, "s": { "SS": ["b"] } }));
        let image = insert(item).event()["Records"][0]["dynamodb"]["NewImage"].clone();
        assert_eq!((&image["n"]["N"], &image["s"]["SS"][0]), (&json!(digits), &json!("b")));
    }

    #[test]
    fn sequence_numbers_rise_and_a_removed_item_has_its_old_image_only() {
        let event = insert(json!({ "id": 1 })).and(remove(json!({ "id": 1, "b": true }))).table("t").event();
        let number = |at: usize| event["Records"][at]["dynamodb"]["SequenceNumber"].as_str().unwrap().to_owned();
        assert!(number(0) < number(1) && number(0).len() == number(1).len());
        let data = &event["Records"][1]["dynamodb"];
        assert_eq!((data.get("NewImage"), &data["OldImage"]["b"]), (None, &json!({ "BOOL": true })));
        assert!(event["Records"][1]["eventSourceARN"].as_str().is_some_and(|arn| arn.contains(":table/t/stream/")));
    }

    #[test]
    #[should_panic(expected = "set its keys")]
    fn an_item_without_known_keys_is_told() {
        let _ = insert(json!({ "email": "a@b.c" })).event();
    }
}
