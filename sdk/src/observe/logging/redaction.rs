//! Leaves parts of an event or an answer out of the line that tells it, without decoding the rest of it.

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use super::bound::Entries;

/// What is not to be logged.
#[derive(Clone, Debug, Default)]
pub(super) struct Redaction {
    event: Vec<Path>,
    response: Vec<Path>,
    mask: Option<String>,
    /// The first path that is none.
    mistake: Option<String>,
}

type Path = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    /// `[]`: each item.
    Items,
    /// `*`: each item or member.
    Any,
}

impl Redaction {
    /// Adds a path, which starts with `event` or `response`.
    pub(super) fn omit(&mut self, path: &str) {
        match steps(path) {
            Some((root, steps)) if root == "event" => self.event.push(steps),
            Some((root, steps)) if root == "response" => self.response.push(steps),
            _ => drop(self.mistake.get_or_insert_with(|| path.to_owned())),
        }
    }

    pub(super) fn mask(&mut self, mask: String) {
        self.mask = Some(mask);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.event.is_empty() && self.response.is_empty()
    }

    /// The text that is no path, if there is one.
    pub(super) fn mistake(&self) -> Option<&str> {
        self.mistake.as_deref()
    }

    pub(super) fn of_event<'a>(&'a self, event: &'a RawValue) -> impl Serialize + 'a {
        self.redacted(&self.event, event)
    }

    pub(super) fn of_response<'a>(&'a self, response: &'a RawValue) -> impl Serialize + 'a {
        self.redacted(&self.response, response)
    }

    fn redacted<'a>(&'a self, paths: &'a [Path], json: &'a RawValue) -> Redacted<'a> {
        Redacted { json, paths: paths.iter().map(Vec::as_slice).collect(), mask: self.mask.as_deref() }
    }
}

/// `root.name."a.b".[].*`, or `root.name[]`; at least one step behind the root.
fn steps(path: &str) -> Option<(String, Path)> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let length = names.len();
        if let Some(quoted) = rest.strip_prefix('"') {
            let (name, behind) = quoted.split_once('"')?;
            names.push(Step::Name(name.to_owned()));
            rest = behind;
        } else {
            let (name, behind) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
            match name {
                "" => {}
                "*" => names.push(Step::Any),
                name => names.push(Step::Name(name.to_owned())),
            }
            rest = behind;
        }
        while let Some(behind) = rest.strip_prefix("[]") {
            names.push(Step::Items);
            rest = behind;
        }
        // Nothing stands between two dots.
        if names.len() == length {
            return None;
        }
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix('.')?;
    }
    let Step::Name(root) = names.remove(0) else { return None };
    (!names.is_empty()).then_some((root, names))
}

/// JSON without what these paths lead to.
struct Redacted<'a> {
    json: &'a RawValue,
    paths: Vec<&'a [Step]>,
    mask: Option<&'a str>,
}

/// What the paths make of a member or an item.
enum Part<'a> {
    Omitted,
    Masked(&'a str),
    Kept(Redacted<'a>),
}

impl<'a> Redacted<'a> {
    fn part(&self, json: &'a RawValue, leads_there: impl Fn(&Step) -> bool) -> Part<'a> {
        let further =
            |path: &&'a [Step]| path.split_first().filter(|(step, _)| leads_there(step)).map(|(_, rest)| rest);
        let paths: Vec<_> = self.paths.iter().filter_map(further).collect();
        match (paths.iter().any(|path| path.is_empty()), self.mask) {
            (false, _) => Part::Kept(Redacted { json, paths, mask: self.mask }),
            (true, Some(mask)) => Part::Masked(mask),
            (true, None) => Part::Omitted,
        }
    }
}

impl Serialize for Redacted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = self.json.get();
        match json.as_bytes().first() {
            _ if self.paths.is_empty() => self.json.serialize(serializer),
            Some(b'{') => {
                // What cannot be read is not told: it may hold what is to be left out.
                let entries = serde_json::from_str::<Entries<'_>>(json).map_err(S::Error::custom)?.0;
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in &entries {
                    match self.part(value, |step| {
                        matches!(step, Step::Any) || matches!(step, Step::Name(name) if name == key)
                    }) {
                        Part::Omitted => {}
                        Part::Masked(mask) => map.serialize_entry(key, mask)?,
                        Part::Kept(value) => map.serialize_entry(key, &value)?,
                    }
                }
                map.end()
            }
            Some(b'[') => {
                let items = serde_json::from_str::<Vec<&RawValue>>(json).map_err(S::Error::custom)?;
                let mut list = serializer.serialize_seq(None)?;
                for (at, item) in items.into_iter().enumerate() {
                    let is_this = |step: &Step| match step {
                        Step::Items | Step::Any => true,
                        Step::Name(name) => name.parse() == Ok(at),
                    };
                    match self.part(item, is_this) {
                        Part::Omitted => {}
                        Part::Masked(mask) => list.serialize_element(mask)?,
                        Part::Kept(item) => list.serialize_element(&item)?,
                    }
                }
                list.end()
            }
            Some(b'"') => match inner(json) {
                Some(inner) => {
                    let paths = self.paths.clone();
                    let redacted = serde_json::to_string(&Redacted { json: &inner, paths, mask: self.mask });
                    serializer.serialize_str(&redacted.map_err(S::Error::custom)?)
                }
                None => self.json.serialize(serializer),
            },
            _ => self.json.serialize(serializer),
        }
    }
}

/// The object or list in a text, such as the body of a request.
fn inner(json: &str) -> Option<Box<RawValue>> {
    let text: String = serde_json::from_str(json).ok()?;
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    RawValue::from_string(text.to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(paths: &[&str], mask: Option<&str>, json: &str) -> String {
        let mut redaction = Redaction::default();
        paths.iter().for_each(|path| redaction.omit(path));
        assert_eq!(redaction.mistake(), None);
        redaction.mask = mask.map(str::to_owned);
        serde_json::to_string(&redaction.of_event(&RawValue::from_string(json.to_owned()).unwrap())).unwrap()
    }

    #[test]
    fn what_a_path_leads_to_is_left_out_and_all_else_stays_as_it_was_written() {
        let json = r#"{"z":{"b":1.10,"c":123456789012345678901234567890},"a":[ 1 , {"b":2}]}"#;
        assert_eq!(
            redacted(&["event.z.b"], None, json),
            r#"{"z":{"c":123456789012345678901234567890},"a":[ 1 , {"b":2}]}"#
        );
        assert_eq!(redacted(&["event.a.[].b", "event.z"], None, json), r#"{"a":[1,{}]}"#);
        assert_eq!(redacted(&["event.a[].b", "event.z"], None, json), r#"{"a":[1,{}]}"#);
        assert_eq!(redacted(&["event.*.b", "event.z.c"], None, json), r#"{"z":{},"a":[1,{"b":2}]}"#);
        assert_eq!(
            redacted(&["event.a.*", "event.z.nowhere.else"], Some("*"), r#"{"a":[1,[2]]}"#),
            r#"{"a":["*","*"]}"#
        );
        assert_eq!(redacted(&["event.a.1"], None, r#"{"a":[1,2,3]}"#), r#"{"a":[1,3]}"#);
    }

    #[test]
    fn a_name_with_a_dot_stands_in_quotes_and_an_escaped_name_is_the_same_name() {
        assert_eq!(
            redacted(&[r#"event.claims."https://x.y/email""#], None, r#"{"claims":{"https://x.y/email":1}}"#),
            r#"{"claims":{}}"#
        );
        assert_eq!(redacted(&["event.secret"], None, r#"{"\u0073ecret":1,"secret":2}"#), "{}");
    }

    #[test]
    fn a_text_that_is_json_is_read_and_any_other_text_has_no_members() {
        let event = r#"{"body":"{\"password\":\"p\",\"user\":\"u\"}","other":"plain"}"#;
        let told = redacted(&["event.body.password", "event.other.password"], Some("***"), event);
        assert_eq!(told, r#"{"body":"{\"password\":\"***\",\"user\":\"u\"}","other":"plain"}"#);
    }

    #[test]
    fn an_object_that_cannot_be_read_is_not_told() {
        let mut redaction = Redaction::default();
        redaction.omit("event.secret");
        let unpaired = RawValue::from_string(r#"{"\ud800":1,"secret":2}"#.to_owned()).unwrap();
        assert!(serde_json::to_string(&redaction.of_event(&unpaired)).is_err());
    }

    #[test]
    fn what_is_no_path_is_a_mistake() {
        for path in [
            "",
            "event",
            "headers.authorization",
            "event.",
            ".event",
            "event..a",
            "event.a[",
            "event.\"a",
            "[].a",
            "event.a[0]",
        ] {
            let mut redaction = Redaction::default();
            redaction.omit(path);
            assert_eq!(redaction.mistake(), Some(path), "{path}");
        }
    }
}
