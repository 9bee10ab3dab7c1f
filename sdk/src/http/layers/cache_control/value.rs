//! [`Value`]: a value of `Cache-Control`, for everyone and for one caller.

use http::HeaderValue;

use super::directives::{Argument, DIRECTIVES};
use super::error::CacheControlError;
use crate::http::header_list::split;

/// The pairs that contradict each other: caches follow the stricter one.
const CONTRADICTIONS: [[&str; 2]; 4] =
    [["private", "public"], ["no-store", "public"], ["private", "s-maxage"], ["no-store", "s-maxage"]];

/// A value, and the one that is sent to a caller alone. `None` for a value that is not valid.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    shared: Option<HeaderValue>,
    private: Option<HeaderValue>,
}

impl Value {
    pub(super) fn parse(value: &str) -> Result<Self, CacheControlError> {
        let unknown = |item: &str| {
            let known = DIRECTIVES.map(|(name, _)| name).join("`, `");
            format!("{item:?} in {value:?} is not a directive of a response: use `{known}`")
        };
        let wrong = CacheControlError::new;
        let mut directives: Vec<(&'static str, &str)> = Vec::new();
        for item in split(value, b',') {
            let (name, argument) = item.split_once('=').map_or((item, None), |(name, value)| (name, Some(value)));
            let known = DIRECTIVES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
            let (name, takes) = *known.ok_or_else(|| wrong(unknown(item)))?;
            match (takes, argument) {
                (Argument::Seconds, Some(seconds)) if is_seconds(seconds) => {}
                (Argument::Seconds, _) => {
                    let example = format!("`{name}` in {value:?} needs a number of seconds, such as `{name}=60`");
                    return Err(wrong(example));
                }
                (Argument::Names, Some(names)) if !is_quoted(names) => return Err(wrong(unknown(item))),
                (Argument::None, Some(_)) => return Err(wrong(format!("`{name}` in {value:?} takes no value"))),
                (Argument::None | Argument::Names, _) => {}
            }
            if directives.iter().any(|(known, _)| *known == name) {
                return Err(wrong(format!("`{name}` occurs twice in {value:?}")));
            }
            directives.push((name, item));
        }
        let has = |name: &str| directives.iter().any(|(known, _)| *known == name);
        // `no-store` is for caches that do not know `must-understand`.
        let contradicts = |names: &&[&str; 2]| {
            names.iter().all(|name| has(name)) && !(names[0] == "no-store" && has("must-understand"))
        };
        if let Some([one, other]) = CONTRADICTIONS.iter().find(contradicts) {
            return Err(wrong(format!("`{one}` contradicts `{other}` in {value:?}: remove one of them")));
        }
        let header = |text: &str| HeaderValue::from_str(text).map_err(|_| wrong(unknown(value)));
        let is_private = |(name, item): &&(&str, &str)| {
            !matches!(*name, "public" | "s-maxage" | "proxy-revalidate")
                && (*name != "private" || item.len() == name.len())
        };
        let mut private: Vec<_> = directives.iter().filter(is_private).map(|(_, item)| *item).collect();
        // A cache that knows `must-understand` ignores `no-store`.
        let is_kept = |item: &&str| {
            item.eq_ignore_ascii_case("private") || item.eq_ignore_ascii_case("no-store") && !has("must-understand")
        };
        if !private.iter().any(is_kept) {
            private.push("private");
        }
        Ok(Self { shared: Some(header(value.trim())?), private: Some(header(&private.join(", "))?) })
    }

    /// Returns `true` if the header of a response for its caller alone is another one.
    pub(super) fn depends_on_caller(&self) -> bool {
        self.shared != self.private
    }

    /// Returns the header of a response that may be for its caller alone, or for everyone.
    pub(super) fn header(&self, is_for_one: bool) -> Option<HeaderValue> {
        if is_for_one { self.private.clone() } else { self.shared.clone() }
    }
}

/// Returns whether caches read a text as seconds: they treat more than 2^31 as that
/// ([RFC 9111, 1.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-1.2.2)).
fn is_seconds(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_quoted(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('"'))
}
