//! Requests as clients send them.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{bytes, text};

/// A request as a client sends it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) method: &'static str,
    /// Escaped, as it stands on the wire.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// `true` if a space in the query is sent as `+`.
    pub(super) plus: bool,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    pub(super) cookies: Vec<String>,
    /// `true` if each cookie is a field of its own, as HTTP/2 allows.
    pub(super) split_cookies: bool,
    pub(super) body: Vec<u8>,
    /// `true` if a body that is text is text in the event, too.
    pub(super) as_text: bool,
}

/// Returns the values of a header that every gateway passes on.
pub(super) fn header_value() -> impl Strategy<Value = String> {
    "[!-~é🦀]([ -~é🦀]{0,30}[!-~é🦀])?"
}

/// A segment of a path: letters, escaped characters of any kind, and escaped escapes.
fn segment() -> impl Strategy<Value = String> {
    let escaped = any::<char>().prop_map(|c| utf8_percent_encode(&c.to_string(), NON_ALPHANUMERIC).to_string());
    let plain = "[a-zA-Z0-9._~!$&'()*+,;=:@-]{1,6}";
    let special = prop::sample::select(vec![
        "%2F", "%2e%2e", "%25", "%3F", "%23", "%252F", "%253F", "%2525", "%252541", "%25252F", "%20", "%5C", ".",
    ]);
    vec(prop_oneof![3 => plain, 1 => escaped, 1 => special.prop_map(str::to_owned)], 1..4)
        .prop_map(|parts| parts.concat())
}

pub(super) fn sent() -> impl Strategy<Value = Sent> {
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]);
    let path = vec(segment(), 1..4).prop_map(|segments| format!("/{}", segments.join("/")));
    let query = (vec(("[a-zé&=% +]{1,6}", text(12)), 0..5), any::<bool>());
    let headers = btree_map("x-[a-z0-9]{1,6}", vec(header_value(), 1..3), 0..4);
    let cookies = (vec("[a-z]{1,4}=[!-+--:<-~]{0,12}", 0..4), any::<bool>());
    let body = (prop_oneof![bytes(100), text(60).prop_map(String::into_bytes)], any::<bool>());
    (method, path, query, headers, cookies, body).prop_map(
        |(method, path, (query, plus), headers, (cookies, split_cookies), (body, as_text))| Sent {
            method,
            path,
            query,
            plus,
            headers,
            cookies,
            split_cookies,
            body,
            as_text,
        },
    )
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Names with their values in the order in which they were sent.
fn grouped<'p>(pairs: impl IntoIterator<Item = (&'p str, String)>) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name.to_owned()).or_default().push(value);
    }
    all
}

impl Sent {
    pub(super) fn raw_query(&self) -> String {
        let escape = |text: &str| {
            let escaped = escaped(text);
            if self.plus { escaped.replace("%20", "+") } else { escaped }
        };
        self.query
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
            .collect::<Vec<_>>()
            .join("&")
    }

    /// The query as a map, each name and value escaped as it was sent.
    pub(super) fn escaped_query(&self) -> BTreeMap<String, Vec<String>> {
        let raw = self.raw_query();
        let pairs = raw.split('&').filter_map(|pair| pair.split_once('='));
        grouped(pairs.map(|(name, value)| (name, value.to_owned())))
    }

    pub(super) fn decoded_query(&self) -> BTreeMap<String, Vec<String>> {
        grouped(self.query.iter().map(|(name, value)| (name.as_str(), value.clone())))
    }

    /// The headers with the cookies among them, in one field or in several.
    pub(super) fn all_headers(&self, split: bool) -> BTreeMap<String, Vec<String>> {
        let mut headers = self.headers.clone();
        if !self.cookies.is_empty() {
            let one = vec![self.cookies.join("; ")];
            headers.insert("cookie".to_owned(), if split { self.cookies.clone() } else { one });
        }
        headers
    }
}
