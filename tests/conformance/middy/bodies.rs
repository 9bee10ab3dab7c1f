//! The body parsers, as extractors in the arguments of a handler.

use pilaster::http::{Body, Bytes, Form, FromRequest, Json, Multipart, Rejection, Request, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::options;
use crate::compare::byte_string;
use crate::layers::Own;
use crate::{Stop, unsupported};

/// The way in which the body is read.
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
    reviver: Option<Reviver>,
    charset: Option<String>,
    busboy: Busboy,
}

/// A callback for each value.
#[derive(Deserialize)]
#[serde(tag = "$custom", deny_unknown_fields)]
enum Reviver {
    #[serde(rename = "reviver.uppercase_strings")]
    UppercaseStrings {},
}

/// Options of the parser of multipart forms.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Busboy {
    limits: BusboyLimits,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct BusboyLimits {
    field_name_size: Option<usize>,
    file_size: Option<usize>,
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
    pub(super) fn read(name: &str, config: &Value, base64: bool, own: &mut Own) -> Result<Self, Stop> {
        let options: Options = options(config)?;
        let (reader, media_type) = match name {
            "http-json-body-parser" => (Reader::Json, "application/json"),
            "ws-json-body-parser" => (Reader::Json, "application/json"),
            "http-urlencode-body-parser" => (Reader::Form, "application/x-www-form-urlencoded"),
            _ => (Reader::Multipart, ""),
        };
        let reader = match (options.reviver, reader) {
            (None, reader) => reader,
            (Some(Reviver::UppercaseStrings {}), Reader::Json) => Reader::Revived,
            (Some(_), _) => return unsupported("a callback for each value of a body that is not JSON"),
        };
        match options.charset.as_deref() {
            None | Some("utf8" | "utf-8") => {}
            // The adapter decodes a body that the event marks as base64.
            Some("base64") if base64 => {}
            Some(other) => return unsupported(format!("the charset `{other}`")),
        }
        // Without its type a form has no boundary, so the type of a form cannot be put in its place.
        if options.disable_content_type_check && !media_type.is_empty() {
            let value = pilaster::http::HeaderValue::from_static(media_type);
            own.push(tower_http::set_header::SetRequestHeaderLayer::overriding(
                pilaster::http::header::CONTENT_TYPE,
                value,
            ));
        }
        let BusboyLimits { field_name_size, file_size } = options.busboy.limits;
        let limits = Limits { name: field_name_size.unwrap_or(100), file: file_size };
        if reader == Reader::Multipart {
            own.push(axum::Extension(limits));
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

/// A body that is not read.
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

/// Limits of single parts: the loop over the parts is the user's, so they are the user's, too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of a name; the loop over the parts is the user's.
    name: usize,
    file: Option<usize>,
}

/// The record of a part that exceeds a limit.
pub(super) const BEYOND: &str = "a part is beyond the limits";

/// The parts of a form as middy's handlers see them.
pub(super) struct Parts(Value);

impl FromRequest<()> for Parts {
    type Rejection = Rejection;

    async fn from_request(request: Request<Body>, state: &()) -> Result<Self, Rejection> {
        let limits = request.extensions().get::<Limits>().copied();
        let mut form = Multipart::from_request(request, state).await?;
        if let Some(bytes) = limits.and_then(|limits| limits.file) {
            form = form.file_limit(bytes);
        }
        let mut all = Map::new();
        while let Some(part) = form.next_field().await? {
            // A part without a name is none of a form.
            let Some(name) = part.name().map(ToOwned::to_owned) else { continue };
            let file = part.file_name().map(ToOwned::to_owned);
            let media_type = part.content_type().unwrap_or("text/plain").to_owned();
            let encoding = part.headers().get("content-transfer-encoding").and_then(|value| value.to_str().ok());
            let encoding = encoding.unwrap_or("7bit").to_ascii_lowercase();
            let content = part.bytes().await?;
            if limits.is_some_and(|limits| name.len() > limits.name) {
                return Err(Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, BEYOND));
            }
            match file {
                None if media_type != "application/octet-stream" => put_field(&mut all, &name, &content),
                file => {
                    let media_type = media_type.split(';').next().unwrap_or_default().to_ascii_lowercase();
                    let file = json!({
                        "filename": file,
                        "mimetype": media_type,
                        "encoding": encoding,
                        "truncated": false,
                        "content": byte_string(&content),
                    });
                    put_file(&mut all, name, file);
                }
            }
        }
        Ok(Self(Value::Object(all)))
    }
}

impl Seen for Parts {
    fn value(self) -> Value {
        self.0
    }
}

/// `name[]` and `name[x]` are lists under `name`; of a name that occurs again the last value stays.
fn put_field(all: &mut Map<String, Value>, name: &str, content: &[u8]) {
    let value = json!(String::from_utf8_lossy(content));
    match name.strip_suffix(']').and_then(|rest| rest.rfind('[')).filter(|at| *at > 0) {
        None => drop(all.insert(name.to_owned(), value)),
        Some(at) => match all.entry(&name[..at]).or_insert_with(|| json!([])) {
            Value::Array(values) => values.push(value),
            other => *other = json!([value]),
        },
    }
}

/// Files of one name are a list, the last one first.
fn put_file(all: &mut Map<String, Value>, name: String, file: Value) {
    match all.get_mut(&name) {
        None => drop(all.insert(name, file)),
        Some(Value::Array(files)) => files.insert(0, file),
        Some(first) => *first = json!([file, first.take()]),
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
