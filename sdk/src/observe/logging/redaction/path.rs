//! [`Path`]: a path of [`omit`](super::super::LoggingLayer::omit), and the other places of an event that hold the same
//! value.

use std::borrow::Cow;

/// The steps from an event or a response to an omitted value.
pub(super) type Path = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    /// A header's name, which is case-insensitive (RFC 9110, 5.1).
    Header(String),
    /// A name of a query, which some sources send percent-encoded.
    Parameter(String),
    /// A name of the query of a URL, behind its `?`; the whole query without a name.
    OfUrl(Option<String>),
    /// `[]`: each item.
    Items,
    /// `*`: each item or member.
    Any,
}

impl Step {
    /// Returns `true` if it leads to this member of an object.
    pub(super) fn is_member(&self, key: &str) -> bool {
        match self {
            Self::Name(name) => name == key,
            Self::Header(name) => name.eq_ignore_ascii_case(key),
            Self::Parameter(name) => name == key || *name == decoded(key),
            Self::Any => true,
            Self::OfUrl(_) | Self::Items => false,
        }
    }
}

/// The maps of headers. REST APIs and load balancers may send both, with the same headers.
const HEADERS: [&str; 2] = ["headers", "multiValueHeaders"];

/// The maps of a query.
const QUERIES: [&str; 3] = ["queryStringParameters", "multiValueQueryStringParameters", "query_string_parameters"];

/// Members beside the headers and the query from which an event of an authorizer repeats a credential
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>).
const IDENTITY: [&str; 2] = ["identitySource", "authorizationToken"];

/// Headers that API Gateway repeats in its context.
const IN_CONTEXT: [(&str, [&str; 3]); 5] = [
    ("x-api-key", ["requestContext", "identity", "apiKey"]),
    ("user-agent", ["requestContext", "identity", "userAgent"]),
    ("user-agent", ["requestContext", "http", "userAgent"]),
    ("x-forwarded-for", ["requestContext", "identity", "sourceIp"]),
    ("x-forwarded-for", ["requestContext", "http", "sourceIp"]),
];

/// Parses `root.name."a.b".[].*`, or `root.name[]`, with at least one step after the root.
pub(super) fn steps(path: &str) -> Option<(String, Path)> {
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
        // There is nothing between two dots.
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

/// Returns the path, and the paths to other places at which an event has the same value.
pub(super) fn with_repetitions(path: Path) -> Vec<Path> {
    let mut all = Vec::new();
    for (at, step) in path.iter().enumerate() {
        let (before, rest) = (&path[..at], &path[at + 1..]);
        let Step::Name(name) = step else { continue };
        let mut add = |names: &[&str], rest: &[Step]| {
            let names = names.iter().map(|name| Step::Name((*name).to_owned()));
            all.push(before.iter().cloned().chain(names).chain(rest.iter().cloned()).collect());
        };
        if HEADERS.contains(&name.as_str()) {
            of_headers(rest, &mut add);
        } else if name == "cookies" {
            for cookie in ["cookie", "set-cookie"] {
                HEADERS.iter().for_each(|map| add(&[map], &[Step::Header(cookie.to_owned())]));
            }
            IDENTITY.iter().for_each(|place| add(&[place], &[]));
        } else if QUERIES.contains(&name.as_str()) || name == "rawQueryString" {
            of_query(rest, &mut add);
        } else {
            for (header, place) in IN_CONTEXT {
                let is_place = path[at..].iter().zip(place).filter(|(step, name)| step.is_member(name)).count() == 3;
                if is_place && path.len() == at + 3 {
                    HEADERS.iter().for_each(|map| add(&[map], &[Step::Header(header.to_owned())]));
                    IDENTITY.iter().for_each(|place| add(&[place], &[]));
                }
            }
        }
    }
    all.push(path);
    all
}

/// Extends a path into one map of headers to both, and a path to a cookie to the list of cookies.
fn of_headers(rest: &[Step], add: &mut impl FnMut(&[&str], &[Step])) {
    let named = named(rest, Step::Header);
    HEADERS.iter().for_each(|map| add(&[map], &named));
    IDENTITY.iter().for_each(|place| add(&[place], &[]));
    let reaches = |header: &str| match named.iter().find(|step| **step != Step::Items) {
        Some(step) => step.is_member(header),
        None => true,
    };
    if reaches("cookie") || reaches("set-cookie") {
        add(&["cookies"], &[]);
    }
    IN_CONTEXT.iter().filter(|(header, _)| reaches(header)).for_each(|(_, place)| add(place, &[]));
}

/// Extends a path into one form of a query to all forms.
fn of_query(rest: &[Step], add: &mut impl FnMut(&[&str], &[Step])) {
    let named = named(rest, Step::Parameter);
    QUERIES.iter().for_each(|map| add(&[map], &named));
    IDENTITY.iter().for_each(|place| add(&[place], &[]));
    match named.iter().find(|step| **step != Step::Items) {
        Some(Step::Parameter(name)) => {
            add(&["rawQueryString"], &[Step::Parameter(name.clone())]);
            // A request of VPC Lattice's first form has its query in its path.
            add(&["raw_path"], &[Step::OfUrl(Some(name.clone()))]);
        }
        _ => {
            add(&["rawQueryString"], &[]);
            add(&["raw_path"], &[Step::OfUrl(None)]);
        }
    }
}

/// Returns the steps below a map of headers or of a query, whose first name is a header or a parameter.
fn named(rest: &[Step], name: fn(String) -> Step) -> Path {
    let mut steps = rest.to_vec();
    if let Some(first) = steps.iter_mut().find(|step| **step != Step::Items)
        && let Step::Name(of) = first
    {
        *first = name(std::mem::take(of));
    }
    steps
}

/// Decodes a name of a form (<https://url.spec.whatwg.org/#urlencoded-parsing>).
pub(super) fn decoded(name: &str) -> Cow<'_, str> {
    if !name.contains(['%', '+']) {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |at: usize| behind.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &behind[2..];
            }
            (first, ..) => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = behind;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
