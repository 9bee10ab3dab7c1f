//! Requests and responses of HTTP functions.
//!
//! A [`Request`] becomes the event of an HTTP API (payload 2.0), from `localhost`, whose path is escaped as the client
//! sent it. [`Caller::send`](super::Caller::send) sends it through the whole function; the [`TestResponse`] is decoded from
//! the format of any event source. To test another source, call the function with its event:
//! `TestResponse::try_from(caller.call(event).await?)`.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{Claims, Path};
//! use pilaster::testing::{Caller, http};
//! use serde_json::{Value, json};
//!
//! async fn greet(Path(name): Path<String>, Claims(who): Claims<Value>) -> String {
//!     format!("hello {name}, says {}", who["sub"])
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let caller = Caller::new(pilaster::handler(greet));
//! let request = http::get("/greetings/ada").path_parameter("name", "ada").claims(json!({ "sub": 7 }));
//! let response = caller.send(request).await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.text(), "hello ada, says 7");
//!
//! let anonymous = caller.send(http::get("/greetings/ada").path_parameter("name", "ada")).await?;
//! assert_eq!(anonymous.status(), 401);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::core::error::{BoxError, FunctionError};
use crate::http::adapter::synthesize::event;
use crate::http::credentials;

/// Creates a `GET` request to this path, which may have a query: `/users?limit=10`.
pub fn get(path: impl AsRef<str>) -> Request {
    request("GET", path)
}

/// Creates a `POST` request to this path.
pub fn post(path: impl AsRef<str>) -> Request {
    request("POST", path)
}

/// Creates a `PUT` request to this path.
pub fn put(path: impl AsRef<str>) -> Request {
    request("PUT", path)
}

/// Creates a `PATCH` request to this path.
pub fn patch(path: impl AsRef<str>) -> Request {
    request("PATCH", path)
}

/// Creates a `DELETE` request to this path.
pub fn delete(path: impl AsRef<str>) -> Request {
    request("DELETE", path)
}

/// Creates a request with this method.
pub fn request(method: impl AsRef<str>, path: impl AsRef<str>) -> Request {
    let request = http::Request::builder().method(method.as_ref()).uri(path.as_ref()).body(());
    let (request, mistake) = match request {
        Ok(request) => (request, None),
        Err(error) => (http::Request::default(), Some(error.into())),
    };
    let parameters = Map::new();
    Request { parts: request.into_parts().0, body: Body::Text(String::new()), parameters, claims: None, mistake }
}

/// A request to a function under test. See the [module docs](self).
///
/// An invalid part, such as a header name with a space, is an error when the request is sent. `Debug` prints no header
/// that carries a credential.
#[derive(Debug)]
#[must_use = "a request does nothing until `Caller::send` gets it"]
pub struct Request {
    parts: http::request::Parts,
    body: Body,
    parameters: Map<String, Value>,
    claims: Option<Value>,
    mistake: Option<BoxError>,
}

#[derive(Debug)]
enum Body {
    Text(String),
    Base64(Vec<u8>),
}

impl Request {
    /// Adds a header; an existing one of the same name is kept.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = HeaderName::from_bytes(name.as_ref().as_bytes());
        let value = HeaderValue::from_bytes(value.as_ref().as_bytes());
        match (name, value) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(credentials::is_credential(name.as_str()));
                self.parts.headers.append(name, value);
            }
            (Err(error), _) => self = self.fail(error),
            (_, Err(error)) => self = self.fail(error),
        }
        self
    }

    /// Adds an `Authorization` header with this bearer token.
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header(header::AUTHORIZATION, format!("Bearer {}", token.as_ref()))
    }

    /// Sets a JSON body, with its `Content-Type` unless one is set.
    pub fn json(self, value: impl Serialize) -> Self {
        match serde_json::to_string(&value) {
            Ok(text) => self.typed("application/json").text(text),
            Err(error) => self.fail(error),
        }
    }

    /// Sets a form body, with its `Content-Type` unless one is set.
    pub fn form(self, fields: impl Serialize) -> Self {
        match serde_html_form::to_string(&fields) {
            Ok(text) => self.typed("application/x-www-form-urlencoded").text(text),
            Err(error) => self.fail(error),
        }
    }

    /// Sets a text body, without a `Content-Type`.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.body = Body::Text(text.into());
        self
    }

    /// Sets a binary body, which is base64 in the event, without a `Content-Type`.
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Base64(bytes.into());
        self
    }

    /// Sets a decoded parameter of the route, as API Gateway extracts it from the path. A function with a
    /// [`route`](crate::Function::route) needs none; a router inside the function extracts its own.
    pub fn path_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into().into());
        self
    }

    /// Sets the claims that the API's JWT authorizer has verified, which [`Claims`](crate::http::Claims) reads.
    pub fn claims(mut self, claims: Value) -> Self {
        self.claims = Some(claims);
        self
    }

    /// Returns the event of this request.
    ///
    /// # Errors
    ///
    /// `InvalidRequest`, with the invalid part.
    pub fn into_event(self) -> Result<Value, FunctionError> {
        self.into_event_of(&[])
    }

    /// Returns the event of an API with these routes.
    pub(super) fn into_event_of(mut self, routes: &[&'static str]) -> Result<Value, FunctionError> {
        if let Some(mistake) = self.mistake {
            return Err(FunctionError::new("InvalidRequest", mistake.to_string()).with_source(mistake));
        }
        // API Gateway accepts only this form.
        self.parts.headers.entry("x-forwarded-proto").or_insert(HeaderValue::from_static("https"));
        let text = match &self.body {
            Body::Text(text) => text.as_bytes(),
            Body::Base64(_) => &[],
        };
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut event = event(&self.parts, text, routes, peer, super::REQUEST_ID);
        if let Body::Base64(bytes) = &self.body {
            event["body"] = STANDARD.encode(bytes).into();
            event["isBase64Encoded"] = true.into();
        }
        if !self.parameters.is_empty() {
            event["pathParameters"] = self.parameters.into();
        }
        if let Some(claims) = self.claims {
            event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
        }
        Ok(event)
    }

    /// Returns the parts and the body, as the client sends them.
    #[cfg(feature = "json-schema")]
    pub(super) fn sent(&self) -> (&http::request::Parts, &[u8]) {
        let body = match &self.body {
            Body::Text(text) => text.as_bytes(),
            Body::Base64(bytes) => bytes,
        };
        (&self.parts, body)
    }

    fn typed(mut self, content_type: &'static str) -> Self {
        self.parts.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        self
    }

    /// Keeps the first error, so that a chain needs no `?`.
    fn fail(mut self, mistake: impl Into<BoxError>) -> Self {
        self.mistake.get_or_insert(mistake.into());
        self
    }
}

/// The response of an HTTP function, decoded from the format of any event source. See the [module docs](self).
///
/// The `Debug` text of a response from [`Caller::send`](super::Caller::send) has the log lines of the call, also the
/// causes of a 500. See [failing tests](super#failing-tests).
#[derive(Clone)]
pub struct TestResponse {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    lines: String,
}

impl fmt::Debug for TestResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TestResponse");
        shown.field("status", &self.status).field("headers", &self.headers).field("body", &self.body);
        if !self.lines.is_empty() {
            shown.field("log", &format_args!("\n{}", self.lines));
        }
        shown.finish()
    }
}

impl TestResponse {
    pub(super) fn with_lines(self, lines: String) -> Self {
        Self { lines, ..self }
    }

    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the first value of a header, whose name is case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(text_of)
    }

    /// Returns all headers, including `set-cookie`.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the cookies of the response, each as a whole line: `id=7; Secure`.
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().filter_map(text_of).collect()
    }

    /// Returns the body as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Decodes the JSON body as a `T`.
    ///
    /// # Errors
    ///
    /// If the body is not JSON or not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// Returns the body, decoded from base64 if necessary.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }
}

fn text_of(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

/// Decodes the response to any HTTP event: `headers` or `multiValueHeaders`, `cookies` or several spellings of
/// `set-cookie`.
impl TryFrom<Value> for TestResponse {
    type Error = FunctionError;

    /// # Errors
    ///
    /// `InvalidResponse`, if it is not the response of an HTTP function.
    fn try_from(response: Value) -> Result<Self, FunctionError> {
        Self::read(&response)
            .map_err(|error| FunctionError::new("InvalidResponse", error.to_string()).with_source(error))
    }
}

impl TestResponse {
    fn read(response: &Value) -> Result<Self, BoxError> {
        let status = response["statusCode"].as_u64().ok_or("the response has no `statusCode`")?;
        let mut headers = HeaderMap::new();
        let mut add = |name: &str, value: &Value| {
            let value = value.as_str().ok_or("a header's value must be a string")?;
            headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_bytes(value.as_bytes())?);
            Ok::<_, BoxError>(())
        };
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            add(name, value)?;
        }
        for (name, values) in response["multiValueHeaders"].as_object().into_iter().flatten() {
            values.as_array().into_iter().flatten().try_for_each(|value| add(name, value))?;
        }
        response["cookies"].as_array().into_iter().flatten().try_for_each(|cookie| add("set-cookie", cookie))?;
        credentials::mark(&mut headers);
        let body = response["body"].as_str().unwrap_or_default();
        let body = match response["isBase64Encoded"].as_bool().unwrap_or_default() {
            true => STANDARD.decode(body)?,
            false => body.as_bytes().to_vec(),
        };
        Ok(Self { status: u16::try_from(status)?, headers, body: body.into(), lines: String::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Claims, Json, Path, StatusCode};
    use crate::testing::Caller;

    #[test]
    fn a_request_is_the_event_of_an_http_api() {
        let request = post("/users/a%20b?tag=x&tag=y")
            .header("X-Trace", "1")
            .header("x-trace", "2")
            .header("cookie", "a=1; b=2")
            .path_parameter("id", "a b")
            .claims(json!({ "sub": "7" }))
            .json(json!({ "name": "Ada" }));
        let event = request.into_event().unwrap();
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["rawPath"], "/users/a%20b");
        assert_eq!(event["rawQueryString"], "tag=x&tag=y");
        assert_eq!(event["headers"]["x-trace"], "1,2");
        assert_eq!(event["headers"]["content-type"], "application/json");
        assert_eq!(event["headers"]["x-forwarded-proto"], "https");
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["pathParameters"], json!({ "id": "a b" }));
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"], "7");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(r#"{"name":"Ada"}"#), &json!(false)));
    }

    #[test]
    fn debug_prints_no_credential_header() {
        let request = get("/").header("Authorization", "hunter2").header("cookie", "hunter2").header("x-trace", "seen");
        let shown = format!("{request:?}");
        assert!(shown.contains("seen") && !shown.contains("hunter2"), "{shown}");
        assert_eq!(request.into_event().unwrap()["headers"]["authorization"], "hunter2");
        let response = json!({ "statusCode": 200, "headers": { "x-api-key": "hunter2" }, "cookies": ["id=hunter2"] });
        let response = TestResponse::try_from(response).unwrap();
        assert!(!format!("{response:?}").contains("hunter2"), "{response:?}");
        assert_eq!((response.header("x-api-key"), response.cookies()), (Some("hunter2"), vec!["id=hunter2"]));
    }

    #[test]
    fn each_body_has_its_form_in_the_event() {
        let form = put("/").form([("a", "1"), ("b", "&")]).into_event().unwrap();
        assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("a=1&b=%26"), &json!(false)));
        assert_eq!(form["headers"]["content-type"], "application/x-www-form-urlencoded");
        let bytes = patch("/").bytes(*b"abc").into_event().unwrap();
        assert_eq!((&bytes["body"], &bytes["isBase64Encoded"]), (&json!("YWJj"), &json!(true)));
        let text = delete("/").header("content-type", "text/csv").text("a,b").into_event().unwrap();
        assert_eq!((&text["body"], &text["headers"]["content-type"]), (&json!("a,b"), &json!("text/csv")));
        let own = post("/").header("content-type", "application/vnd.api+json").json(1).into_event().unwrap();
        assert_eq!(own["headers"]["content-type"], "application/vnd.api+json");
        assert!(get("/").into_event().unwrap().get("body").is_none());
    }

    #[test]
    fn a_part_that_cannot_be_sent_is_told_at_the_end() {
        for request in
            [get("no path"), request("G T", "/"), get("/").header("a b", "1").text("x"), get("/").header("a", "\n")]
        {
            assert_eq!(request.into_event().unwrap_err().error_type(), "InvalidRequest");
        }
    }

    #[tokio::test]
    async fn a_request_reaches_the_extractors_and_its_answer_is_read() {
        async fn echo(
            Path(id): Path<u8>,
            Claims(who): Claims<Value>,
            Json(body): Json<Value>,
        ) -> (StatusCode, [(&'static str, &'static str); 1], Json<Value>) {
            let all = json!({ "id": id, "who": who["sub"], "body": body });
            (StatusCode::CREATED, [("set-cookie", "a=1; Secure")], Json(all))
        }
        let caller = Caller::new(crate::handler(echo));
        let request = post("/7").path_parameter("id", "7").claims(json!({ "sub": "ada" })).json([1, 2]);
        let response = caller.send(request).await.unwrap();
        assert_eq!((response.status(), response.header("Content-Type")), (201, Some("application/json")));
        assert_eq!(response.cookies(), ["a=1; Secure"]);
        assert_eq!(response.json::<Value>().unwrap(), json!({ "id": 7, "who": "ada", "body": [1, 2] }));
    }

    #[test]
    fn the_answer_of_every_source_is_read() {
        for response in [
            json!({ "headers": { "x-a": "1" }, "cookies": ["a=1", "b=2"] }),
            json!({ "headers": { "x-a": "1", "set-cookie": "a=1", "Set-cookie": "b=2" }, "statusDescription": "200 OK" }),
            json!({ "multiValueHeaders": { "x-a": ["1", "2"], "set-cookie": ["a=1", "b=2"] } }),
        ] {
            let mut response = response;
            response["statusCode"] = 200.into();
            response["body"] = "/wA=".into();
            response["isBase64Encoded"] = true.into();
            let response = TestResponse::try_from(response).unwrap();
            assert_eq!(response.header("X-A"), Some("1"));
            let mut cookies = response.cookies();
            cookies.sort_unstable();
            assert_eq!(cookies, ["a=1", "b=2"]);
            assert_eq!(response.bytes(), &b"\xFF\x00"[..]);
            assert_eq!(response.text(), "\u{FFFD}\0");
        }
        assert_eq!(TestResponse::try_from(json!("no response")).unwrap_err().error_type(), "InvalidResponse");
    }
}
