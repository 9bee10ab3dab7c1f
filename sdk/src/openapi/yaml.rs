//! [`FinishedDocument::to_yaml`]: the YAML text of a document.

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;

use super::build::{FinishedDocument, in_order};

impl FinishedDocument {
    /// Returns the document as YAML text, with an end of line. Parsers of YAML 1.2 and 1.1 read the same values as from
    /// [`to_json`](Self::to_json): a text that one of them takes for a boolean, a number or a date has quotes. The same
    /// service always has the same text.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::{self, Method, NoContent};
    ///
    /// #[http::operation(route = "DELETE /orders")]
    /// async fn delete_orders(_: Method) -> NoContent {
    ///     NoContent
    /// }
    ///
    /// let document = pilaster::openapi::of(&http::service(http::routes![delete_orders]))?;
    /// assert!(document.to_yaml().starts_with("openapi: \"3.1.0\"\ninfo:\n"));
    /// assert!(document.to_yaml().contains("        \"204\":\n"));
    /// # Ok::<(), pilaster::openapi::Faults>(())
    /// ```
    pub fn to_yaml(&self) -> String {
        // Writing to memory does not fail, and all keys are texts.
        serde_saphyr::to_string(&Members(&self.value)).unwrap_or_default()
    }
}

/// A document, whose members are in the order in which people read them.
struct Members<'v>(&'v Value);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(in_order(self.0).map(|(name, member)| (name, Node(member))))
    }
}

/// A value, whose texts have quotes where parsers differ.
struct Node<'v>(&'v Value);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if needs_quotes(text) => serde_saphyr::DoubleQuoted(text).serialize(serializer),
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Node(item))?;
                }
                list.end()
            }
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, member) in members {
                    map.serialize_entry(name, &Node(member))?;
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

/// Returns `true` for lines that need an indentation indicator, or of blanks alone: the npm packages `yaml` and `js-yaml`
/// read them otherwise than PyYAML.
fn needs_quotes(text: &str) -> bool {
    let is_blank = |line: &str| !line.is_empty() && line.bytes().all(|c| matches!(c, b' ' | b'\t'));
    text.contains('\n') && (text.starts_with([' ', '\t', '\n']) || text.split('\n').any(is_blank))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn texts_that_a_parser_takes_for_another_value_have_quotes() {
        let values =
            ["no", "on", "y", "~", "null", "1e3", "200", "0x1F", "1:30", "2024-01-01", "a: b", "", "- a", "\ta"];
        let value = json!({ "openapi": "3.1.0", "info": { "no": values }, "paths": { "200": null } });
        let document = FinishedDocument { value, warnings: Vec::new(), rests: BTreeSet::new() };
        let yaml = document.to_yaml();
        let quoted = values.iter().map(|value| format!("- {value:?}\n")).collect::<String>();
        let lines = yaml.replace('\'', "\"").lines().map(|line| format!("{}\n", line.trim_start())).collect::<String>();
        assert!(lines.contains(&quoted), "{yaml}");
        assert!(yaml.contains("  \"no\":\n") && yaml.ends_with("  \"200\": null\n"), "{yaml}");
    }

    #[test]
    fn the_text_has_each_member_of_the_root() {
        let value = json!({ "x-owner": "ops", "paths": {}, "externalDocs": { "url": "/d" }, "openapi": "3.1.0" });
        let document = FinishedDocument { value, warnings: Vec::new(), rests: BTreeSet::new() };
        let yaml = "openapi: \"3.1.0\"\npaths: {}\nexternalDocs:\n  url: /d\nx-owner: ops\n";
        assert_eq!(document.to_yaml(), yaml);
        let names = document.to_json().lines().filter(|line| line.starts_with("  \"")).count();
        assert_eq!(names, 4, "{}", document.to_json());
    }

    #[test]
    fn lines_are_a_block_unless_blanks_make_parsers_differ() {
        let lines = |text: &str| serde_saphyr::to_string(&Node(&json!({ "a": text }))).unwrap();
        assert_eq!(lines("One.\n\nTwo: 2."), "a: |-\n  One.\n\n  Two: 2.\n");
        assert_eq!(lines("  One.\nTwo."), "a: \"  One.\\nTwo.\"\n");
        assert_eq!(lines("One.\n  \nTwo."), "a: \"One.\\n  \\nTwo.\"\n");
    }
}
