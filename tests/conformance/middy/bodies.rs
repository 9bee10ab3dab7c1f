//! The body parsers, as extractors in the arguments of a handler.

use pilaster::http::{Body, Bytes, Form, FromRequest, Json, Rejection, Request, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{custom, options};
use crate::layers::Own;
use crate::{Stop, unsupported};

/// How the body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Not at all.
    None,
    Json,
    /// JSON into a type that changes each string on the way.
    Revived,
    Form,
    Multipart,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    disable_content_type_check: bool,
    disable_content_type_error: bool,
    reviver: Value,
    charset: Value,
    busboy: Map<String, Value>,
}

/// A reader and whether another content type leaves the body as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parser {
    pub(super) reader: Reader,
    pub(super) lenient: bool,
}

impl Parser {
    pub(super) const NONE: Self = Self { reader: Reader::None, lenient: false };

    /// The parser that a middleware is; what it changes of the request is a layer of the user's.
    pub(super) fn read(name: &str, config: &Value, own: &mut Own) -> Result<Self, Stop> {
        let options: Options = options(config)?;
        let (reader, media_type) = match name {
            "http-json-body-parser" => (Reader::Json, "application/json"),
            "ws-json-body-parser" => (Reader::Json, "application/json"),
            "http-urlencode-body-parser" => (Reader::Form, "application/x-www-form-urlencoded"),
            _ => (Reader::Multipart, ""),
        };
        let reader = match custom(&options.reviver) {
            None => reader,
            Some("reviver.uppercase_strings") => Reader::Revived,
            Some(other) => return unsupported(format!("the callback `{other}` is not known")),
        };
        if !options.busboy.is_empty() {
            return unsupported("the option `busboy`: limits of single fields of a form");
        }
        if !matches!(options.charset.as_str(), None | Some("utf8" | "utf-8" | "base64")) {
            return unsupported("the option `charset`");
        }
        if options.disable_content_type_check {
            if media_type.is_empty() {
                return unsupported("the option `disableContentTypeCheck`: without its type a form has no boundary");
            }
            let value = pilaster::http::HeaderValue::from_static(media_type);
            own.push(tower_http::set_header::SetRequestHeaderLayer::overriding(
                pilaster::http::header::CONTENT_TYPE,
                value,
            ));
        }
        Ok(Self { reader, lenient: options.disable_content_type_error })
    }
}

/// A value whose strings are in upper case: what a `reviver` does, a type does in Rust.
pub(super) struct Revived(Value);

impl<'de> Deserialize<'de> for Revived {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn upper(value: Value) -> Value {
            match value {
                Value::String(text) => json!(text.to_uppercase()),
                Value::Array(items) => items.into_iter().map(upper).collect(),
                Value::Object(map) => map.into_iter().map(|(name, value)| (name, upper(value))).collect(),
                other => other,
            }
        }
        Value::deserialize(deserializer).map(upper).map(Self)
    }
}

/// A body that was read, as the value that middy's handlers see.
pub(super) trait Seen: FromRequest<()> + Send + 'static {
    fn value(self) -> Value;
}

/// A body that nobody reads.
pub(super) struct Unread;

impl FromRequest<()> for Unread {
    type Rejection = Rejection;

    async fn from_request(_: Request<Body>, _: &()) -> Result<Self, Rejection> {
        Ok(Self)
    }
}

impl Seen for Unread {
    fn value(self) -> Value {
        Value::Null
    }
}

impl Seen for Json<Value> {
    fn value(self) -> Value {
        self.0
    }
}

impl Seen for Json<Revived> {
    fn value(self) -> Value {
        self.0.0
    }
}

/// Names and values as they come.
pub(super) type Pairs = Vec<(String, String)>;

impl Seen for Form<Pairs> {
    /// A name that occurs once has a value, one that occurs more often a list.
    fn value(self) -> Value {
        let mut all = Map::new();
        for (name, value) in self.0 {
            match all.get_mut(&name) {
                None => drop(all.insert(name, json!(value))),
                Some(Value::Array(values)) => values.push(json!(value)),
                Some(first) => *first = json!([first.take(), value]),
            }
        }
        Value::Object(all)
    }
}

/// A body that is left as text where it is of another type: what a user writes for `disableContentTypeError`.
pub(super) enum Lenient<B> {
    Read(B),
    Left(Bytes),
}

impl<B: Seen<Rejection = Rejection>> FromRequest<()> for Lenient<B> {
    type Rejection = Rejection;

    async fn from_request(request: Request<Body>, state: &()) -> Result<Self, Rejection> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::new(body), state).await?;
        let request = Request::from_parts(parts, Body::from(bytes.clone()));
        match B::from_request(request, state).await {
            Err(rejection) if rejection.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE => Ok(Self::Left(bytes)),
            read => read.map(Self::Read),
        }
    }
}

impl<B: Seen<Rejection = Rejection>> Seen for Lenient<B> {
    fn value(self) -> Value {
        match self {
            Self::Read(body) => body.value(),
            Self::Left(bytes) => json!(String::from_utf8_lossy(&bytes)),
        }
    }
}
