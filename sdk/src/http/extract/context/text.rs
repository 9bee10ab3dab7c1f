//! [`ContextText`]: `requestContext` as a part of the event's text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::value::RawValue;

use crate::core::json::members::{Members, member};
use crate::core::raw::RawEvent;

/// The text of `requestContext`, with the positions of its members, so that one of them is found without reading the
/// text again. A clone shares them.
#[derive(Clone)]
pub(crate) struct ContextText(Arc<Positions>);

struct Positions {
    event: RawEvent,
    /// The position of the object.
    whole: Range<usize>,
    /// The positions of the names and the values. `None` if a name has an escape: then the text is read again.
    members: Option<Vec<(Range<usize>, Range<usize>)>>,
    /// Set by the first use.
    raw: OnceLock<Box<RawValue>>,
}

impl ContextText {
    /// Finds the context in the event's text by its members, which were borrowed from there.
    pub(crate) fn within(event: &RawEvent, members: &Members<'_>) -> Self {
        let members = positions(event, members);
        let whole = members.as_deref().and_then(|members| enclosing(event.get(), members)).unwrap_or_else(|| {
            let context = member(event.get(), "requestContext");
            context.and_then(|context| event.position(context.get())).unwrap_or_default()
        });
        Self(Arc::new(Positions { event: event.clone(), whole, members, raw: OnceLock::new() }))
    }

    /// Creates it of a text of its own; `None` if that is not a JSON object.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let event = RawEvent::unchecked(text.trim_ascii());
        let members = positions(&event, &serde_json::from_str(event.get()).ok()?);
        let whole = 0..event.get().len();
        Some(Self(Arc::new(Positions { event, whole, members, raw: OnceLock::new() })))
    }

    /// Returns the JSON text.
    pub(crate) fn get(&self) -> &str {
        self.0.event.get().get(self.0.whole.clone()).filter(|text| !text.is_empty()).unwrap_or("{}")
    }

    /// Returns the JSON text as a value.
    pub(crate) fn raw(&self) -> &RawValue {
        let raw = || RawValue::from_string(self.get().to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned());
        self.0.raw.get_or_init(raw)
    }

    /// Returns the JSON text of one member; of a name that occurs twice, the last.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let text = self.0.event.get();
        match &self.0.members {
            Some(members) => {
                let (_, value) = members.iter().rev().find(|(at, _)| text.get(at.clone()) == Some(name))?;
                text.get(value.clone())
            }
            None => member(self.get(), name).map(RawValue::get),
        }
    }
}

fn positions(event: &RawEvent, members: &Members<'_>) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let positions = members.0.iter().map(|(name, value)| match name {
        Cow::Borrowed(name) => Some((event.position(name)?, event.position(value.get())?)),
        Cow::Owned(_) => None,
    });
    positions.collect()
}

/// Returns the position of the object that has these members: its braces are around the first name and the last value,
/// with white space at most.
fn enclosing(text: &str, members: &[(Range<usize>, Range<usize>)]) -> Option<Range<usize>> {
    let ((name, _), (_, value)) = (members.first()?, members.last()?);
    let before = text.get(..name.start)?.strip_suffix('"')?.trim_ascii_end().strip_suffix('{')?;
    let after = text.get(value.end..)?.trim_ascii_start().strip_prefix('}')?;
    Some(before.len()..text.len() - after.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_spelling_of_the_context_gives_its_text_and_its_members() {
        for context in [
            "{}",
            "{ }",
            r#"{"a":1}"#,
            "{\n \"a\" : {\"b}\":[1]} ,\t\"c\":\"}\" \r\n}",
            r#"{"a":1,"a":2}"#,
            r#"{"\u0061":1}"#,
            r#"{"x{\"":1,"a":[{}]}"#,
            r#"{"a":"é","\u00e9":"}"}"#,
            r#"{"requestContext":{"a":1},"\u0063":2}"#,
        ] {
            assert_eq!(ContextText::parse(context).unwrap().get(), context);
            for event in [
                format!(r#"{{"requestContext":{context}}}"#),
                format!(r#"{{"body":"{{\"requestContext\":1}}","requestContext" : {context} , "z":{{"a":"z"}}}}"#),
            ] {
                let event = RawEvent::unchecked(event);
                let raw = member(event.get(), "requestContext").unwrap();
                let text = ContextText::within(&event, &serde_json::from_str(raw.get()).unwrap());
                assert_eq!((text.get(), text.raw().get()), (context, context), "{}", event.get());
                for name in ["a", "c", "é", "z", "x{\""] {
                    assert_eq!(text.member(name), member(context, name).map(RawValue::get), "{name} of {context}");
                }
            }
        }
        assert!(ContextText::parse("[]").is_none());
    }
}
