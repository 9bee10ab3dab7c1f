//! Public types that can grow are `#[non_exhaustive]`: structs with public fields, and enums, those of errors included.

use std::collections::BTreeSet;
use std::fs;

use super::root;

/// The types that are complete, each with the reason. A wrapper of one value (`Json(value)`) and an enum without variants are, too.
const COMPLETE: &[(&str, &str)] = &[
    ("Begun", "a caller matches each outcome of a call"),
    ("Change", "a handler matches each change of an item"),
    ("Firehose", "a handler takes it apart in its arguments"),
    ("IdempotencyRecord", "a store makes it by a literal"),
    ("Incoming", "a raw layer makes it by a literal"),
    ("Kafka", "a handler takes it apart in its arguments"),
    ("Kinesis", "a handler takes it apart in its arguments"),
    ("Level", "the levels are those of `tracing`"),
    ("LockOutcome", "a store that wraps another one matches it"),
    ("MqMessage", "a handler takes it apart in its arguments"),
    ("Name", "only macros use it"),
    ("Own", "its module is private"),
    ("PutIfAbsent", "a caller matches both outcomes"),
    ("ResourceRequest", "a handler matches each operation of CloudFormation"),
    ("Sent", "a caller matches both outcomes"),
    ("Sns", "a handler takes it apart in its arguments"),
    ("Sqs", "a handler takes it apart in its arguments"),
    ("Taken", "a store that wraps another one matches it"),
];

/// Returns the names of the types that can grow and are not `#[non_exhaustive]`.
fn exhaustive(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let Some((kind, rest)) = line.strip_prefix("pub ").and_then(|item| item.split_once(' ')) else { continue };
        let end = code[at..].find("\n}").map_or(code.len(), |end| at + end);
        let fields = rest.split_once('(').map(|(_, fields)| fields.matches("pub ").count());
        let grows = match (kind, fields) {
            ("enum", _) => !rest.trim_end().ends_with("{}"),
            ("struct", Some(fields)) => fields > 1,
            ("struct", None) => rest.trim_end().ends_with('{') && code[at..end].contains("\n    pub "),
            _ => false,
        };
        // The attributes stand between the last blank line and the item.
        let attributes = code[..at].rsplit("\n\n").next().unwrap_or_default();
        if grows && !attributes.contains("#[non_exhaustive]") {
            found.push(rest.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect());
        }
    }
    found
}

#[test]
fn a_public_type_that_can_grow_is_non_exhaustive() {
    let (mut files, folder) = (Vec::new(), root().join("sdk/src"));
    super::rust_files(&folder, &mut files);
    files.retain(|file| {
        let module = file.strip_prefix(&folder).unwrap().with_extension("");
        module.iter().all(|part| part != "tests")
    });
    let found: BTreeSet<String> =
        files.iter().flat_map(|file| exhaustive(&fs::read_to_string(file).unwrap())).collect();
    let complete: BTreeSet<String> = COMPLETE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let missing = Vec::from_iter(found.difference(&complete));
    assert!(missing.is_empty(), "add `#[non_exhaustive]`, or a line to `COMPLETE` with the reason: {missing:?}");
    let stale = Vec::from_iter(complete.difference(&found));
    assert!(stale.is_empty(), "remove from `COMPLETE`: {stale:?}");
}

#[test]
fn the_types_of_a_source_are_read() {
    let source = "#[non_exhaustive]\npub enum Marked {\n    A,\n}\n\npub enum Plain {\n    A,\n}\n\npub enum Nothing {}\n\n\
                  pub struct Fields {\n    pub a: u8,\n}\n\npub struct Private {\n    a: u8,\n}\n\npub struct Wrapper<T>(pub T);\n\n\
                  pub struct Pair(pub u8, pub u8);\n";
    assert_eq!(exhaustive(source), ["Plain", "Fields", "Pair"]);
}
