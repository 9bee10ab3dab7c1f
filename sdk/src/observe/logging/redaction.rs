//! Leaves parts of an event or an answer out of the line that tells it, without decoding the rest of it.

mod path;
mod query;

use std::borrow::Cow;

use serde_json::value::RawValue;

use self::path::{Path, Step, steps, with_repetitions};
use super::bound::Entries;
use super::fields::write_str;

/// How many lists and texts may contain each other where a path leads through them: each is read once more.
const NESTED: usize = 16;

/// What is not to be logged.
#[derive(Clone, Debug, Default)]
pub(super) struct Redaction {
    event: Vec<Path>,
    response: Vec<Path>,
    mask: Option<String>,
    /// The first path that is none.
    mistake: Option<String>,
}

impl Redaction {
    /// Adds a path, which starts with `event` or `response`.
    pub(super) fn omit(&mut self, path: &str) {
        match steps(path) {
            Some((root, steps)) if root == "event" => self.event.extend(with_repetitions(steps)),
            Some((root, steps)) if root == "response" => self.response.extend(with_repetitions(steps)),
            _ => drop(self.mistake.get_or_insert_with(|| path.to_owned())),
        }
    }

    pub(super) fn mask(&mut self, mask: String) {
        self.mask = Some(mask);
    }

    /// Leaves out what the other one does as well; its mask counts where this one has none.
    pub(super) fn add(&mut self, other: &Self) {
        for (paths, more) in [(&mut self.event, &other.event), (&mut self.response, &other.response)] {
            for path in more {
                if !paths.contains(path) {
                    paths.push(path.clone());
                }
            }
        }
        if self.mask.is_none() {
            self.mask.clone_from(&other.mask);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.event.is_empty() && self.response.is_empty()
    }

    /// The text that is no path, if there is one.
    pub(super) fn mistake(&self) -> Option<&str> {
        self.mistake.as_deref()
    }

    pub(super) fn of_event<'a>(&self, event: &'a RawValue) -> Cow<'a, RawValue> {
        self.redacted(&self.event, event)
    }

    pub(super) fn of_response<'a>(&self, response: &'a RawValue) -> Cow<'a, RawValue> {
        self.redacted(&self.response, response)
    }

    fn redacted<'a>(&self, paths: &[Path], json: &'a RawValue) -> Cow<'a, RawValue> {
        if paths.is_empty() {
            return Cow::Borrowed(json);
        }
        let paths: Vec<_> = paths.iter().map(Vec::as_slice).collect();
        let mut to = Vec::with_capacity(json.get().len());
        let redactor = Redactor { mask: self.mask.as_deref() };
        if redactor.write(json, &paths, 0, &mut to).is_none() {
            to.clear();
            match &self.mask {
                Some(mask) => write_str(&mut to, mask),
                None => to.extend_from_slice(b"null"),
            }
        }
        let text = String::from_utf8(to).unwrap_or_default();
        Cow::Owned(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

struct Redactor<'m> {
    mask: Option<&'m str>,
}

impl Redactor<'_> {
    /// Appends the JSON without what the paths lead to. `None` where it cannot be told what they lead to: then it is left out
    /// as a whole, and what was appended is worth nothing.
    fn write(&self, json: &RawValue, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let text = json.get();
        match text.as_bytes().first() {
            _ if paths.is_empty() => to.extend_from_slice(text.as_bytes()),
            Some(b'{') => self.write_object(text, paths, nested, to)?,
            Some(b'[' | b'"') if nested == NESTED => return None,
            Some(b'[') => self.write_list(text, paths, nested + 1, to)?,
            Some(b'"') => self.write_text(text, paths, nested + 1, to)?,
            _ => to.extend_from_slice(text.as_bytes()),
        }
        Some(())
    }

    fn write_object(&self, text: &str, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let entries = serde_json::from_str::<Entries<'_>>(text).ok()?.0;
        to.push(b'{');
        let first = to.len();
        for (key, value) in &entries {
            let rests: Vec<_> = paths.iter().filter_map(|path| behind_member(path, key)).collect();
            let start = to.len();
            if start > first {
                to.push(b',');
            }
            write_str(to, key);
            to.push(b':');
            if !self.write_part(value, &rests, nested, to) {
                to.truncate(start);
            }
        }
        to.push(b'}');
        Some(())
    }

    fn write_list(&self, text: &str, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let items = serde_json::from_str::<Vec<&RawValue>>(text).ok()?;
        to.push(b'[');
        let first = to.len();
        for (at, item) in items.into_iter().enumerate() {
            let rest_for = |path: &&'_ [Step]| match path.split_first()? {
                (Step::Items | Step::Any, _) => Some(1),
                (Step::Name(name), _) => match name.parse::<usize>() {
                    Ok(index) => (index == at).then_some(1),
                    // A list stands where an object was thought of: the name is one of its items' members.
                    Err(_) => Some(0),
                },
                _ => Some(0),
            };
            let rests: Vec<_> = paths.iter().filter_map(|path| Some(&path[rest_for(path)?..])).collect();
            let start = to.len();
            if start > first {
                to.push(b',');
            }
            if !self.write_part(item, &rests, nested, to) {
                to.truncate(start);
            }
        }
        to.push(b']');
        Some(())
    }

    /// Appends a member's value or an item; `false` if it is to be left out, with what introduces it.
    fn write_part(&self, json: &RawValue, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> bool {
        let start = to.len();
        let is_end = paths.iter().any(|path| path.is_empty());
        if !is_end && self.write(json, paths, nested, to).is_some() {
            return true;
        }
        to.truncate(start);
        if let Some(mask) = self.mask {
            write_str(to, mask);
        }
        self.mask.is_some()
    }

    /// A text that a path leads into: JSON, such as the body of a request, or a query.
    fn write_text(&self, json: &str, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let text: String = serde_json::from_str(json).ok()?;
        let firsts: Vec<_> = paths.iter().filter_map(|path| path.first()).collect();
        if firsts.iter().any(|step| matches!(step, Step::Parameter(_) | Step::OfUrl(_))) {
            write_str(to, &query::without(&text, &firsts, self.mask)?);
            return Some(());
        }
        let inner = text.trim_start_matches('\u{feff}').trim();
        if inner.is_empty() {
            to.extend_from_slice(json.as_bytes());
            return Some(());
        }
        // A number or a word has no members, so the path is meant for another text.
        let inner = inner.starts_with(['{', '[', '"']).then(|| RawValue::from_string(inner.to_owned()).ok())??;
        let mut redacted = Vec::with_capacity(inner.get().len());
        self.write(&inner, paths, nested, &mut redacted)?;
        write_str(to, std::str::from_utf8(&redacted).ok()?);
        Some(())
    }
}

/// What follows the step to this member. An object where a list was thought of is its own only item.
fn behind_member<'p>(mut path: &'p [Step], key: &str) -> Option<&'p [Step]> {
    while let [Step::Items, rest @ ..] = path
        && !rest.is_empty()
    {
        path = rest;
    }
    let (step, rest) = path.split_first()?;
    (*step == Step::Items || step.is_member(key)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(paths: &[&str], mask: Option<&str>, json: &str) -> String {
        let mut redaction = Redaction::default();
        paths.iter().for_each(|path| redaction.omit(path));
        assert_eq!(redaction.mistake(), None);
        redaction.mask = mask.map(str::to_owned);
        redaction.of_event(&RawValue::from_string(json.to_owned()).unwrap()).get().to_owned()
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
        assert_eq!(redacted(&["event.*.b", "event.z.c"], None, json), r#"{"z":{},"a":[1,{}]}"#);
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
    fn a_text_that_is_json_is_read_and_any_other_text_is_left_out_as_a_whole() {
        let event = r#"{"body":"{\"password\":\"p\",\"user\":\"u\"}","other":"plain","empty":""}"#;
        let paths = ["event.body.password", "event.other.password", "event.empty.password"];
        let told = redacted(&paths, Some("***"), event);
        assert_eq!(told, r#"{"body":"{\"password\":\"***\",\"user\":\"u\"}","other":"***","empty":""}"#);
        assert_eq!(redacted(&paths, None, event), r#"{"body":"{\"user\":\"u\"}","empty":""}"#);
    }

    #[test]
    fn a_text_that_only_looks_like_json_or_is_encoded_is_left_out_as_a_whole() {
        for body in [
            r#"{"password":"hunter2",}"#,
            r#"{'password':'hunter2'}"#,
            r#"{"password":"hunter2"} trailing"#,
            r#"{"password":"hunter2""#,
            r#"{"\ud800":1,"password":"hunter2"}"#,
            "password=hunter2&user=u",
            "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--x--",
            "<password>hunter2</password>",
            "eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==",
            "hunter2",
            "123456",
        ] {
            let event = serde_json::json!({"body": body}).to_string();
            assert_eq!(redacted(&["event.body.password"], Some("***"), &event), r#"{"body":"***"}"#, "{body}");
            assert_eq!(redacted(&["event.body.password"], None, &event), "{}", "{body}");
        }
    }

    #[test]
    fn json_behind_a_byte_order_mark_within_json_and_in_a_list_is_read() {
        let json = r#"{"password":"hunter2","user":"u"}"#;
        for body in [
            format!("\u{feff}{json}"),
            serde_json::json!(json).to_string(),
            serde_json::json!(serde_json::json!(json).to_string()).to_string(),
            format!("[{json}]"),
            serde_json::json!([json, [json]]).to_string(),
        ] {
            let event = serde_json::json!({"body": body}).to_string();
            let told = redacted(&["event.body.password"], None, &event);
            assert!(!told.contains("hunter2") && told.contains("user"), "{told}");
        }
    }

    #[test]
    fn a_header_has_no_letter_case_and_stands_in_both_maps_and_among_the_cookies() {
        let event = r#"{"headers":{"Authorization":"s","COOKIE":"s","x":"1"},"multiValueHeaders":{"authorization":["s"],"x":["1"]},
            "cookies":["s"],"authorizationToken":"s","identitySource":["s"],"requestContext":{"identity":{"apiKey":"k"}}}"#;
        for paths in [
            &["event.headers.authorization", "event.headers.cookie"],
            &["event.multiValueHeaders.AUTHORIZATION", "event.cookies"],
        ] {
            let told = redacted(paths, None, event);
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            let kept = serde_json::json!({
                "headers": {"x": "1"}, "multiValueHeaders": {"x": ["1"]}, "requestContext": {"identity": {"apiKey": "k"}},
            });
            assert_eq!(told, kept, "{paths:?}");
        }
        assert_eq!(redacted(&["event.headers"], None, event), r#"{"requestContext":{"identity":{}}}"#);
        let key = r#"{"headers":{"X-API-Key":"k"},"requestContext":{"identity":{"apiKey":"k"}}}"#;
        for path in ["event.headers.x-api-key", "event.requestContext.identity.apiKey"] {
            assert_eq!(redacted(&[path], None, key), r#"{"headers":{},"requestContext":{"identity":{}}}"#);
        }
        let kafka = r#"{"records":{"t-0":[{"headers":[{"Token":[104]},{"x":[1]}]}]}}"#;
        assert_eq!(
            redacted(&["event.records.*.[].headers.token"], None, kafka),
            r#"{"records":{"t-0":[{"headers":[{},{"x":[1]}]}]}}"#
        );
    }

    #[test]
    fn a_parameter_of_a_query_is_left_out_in_every_form_that_the_query_has() {
        let event = r#"{"queryStringParameters":{"to%6ben":"s","a":"1"},"multiValueQueryStringParameters":{"token":["s"]},
            "rawQueryString":"a=1&token=s&to%6Ben=s&b","raw_path":"/p?token=s&a=1"}"#;
        let told = redacted(&["event.queryStringParameters.token"], Some("***"), event);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let kept = serde_json::json!({
            "queryStringParameters": {"to%6ben": "***", "a": "1"}, "multiValueQueryStringParameters": {"token": "***"},
            "rawQueryString": "a=1&token=***&to%6Ben=***&b", "raw_path": "/p?token=***&a=1",
        });
        assert_eq!(told, kept);
        let none = redacted(&["event.rawQueryString"], None, event);
        assert_eq!(none, r#"{"raw_path":"/p?"}"#);
    }

    #[test]
    fn lists_that_contain_each_other_without_end_are_left_out_as_a_whole() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for (path, json) in
            [("event.a.secret", deep.clone()), ("event.b.a.secret", serde_json::json!({"b": deep}).to_string())]
        {
            let told = redacted(&[path], Some("***"), &json);
            assert!(told.contains("***") && told.len() < 100, "{path}: {} bytes", told.len());
        }
        let body = format!("{}{{\"password\":\"hunter2\"}}{}", "[".repeat(200), "]".repeat(200));
        let told = redacted(&["event.body.password"], None, &serde_json::json!({"body": body}).to_string());
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn an_object_that_cannot_be_read_is_not_told() {
        let unpaired = r#"{"\ud800":1,"secret":2}"#;
        assert_eq!(redacted(&["event.secret"], None, unpaired), "null");
        assert_eq!(redacted(&["event.secret"], Some("***"), unpaired), r#""***""#);
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
