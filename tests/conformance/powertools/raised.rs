//! The errors that a handler raises: HTTP errors of Powertools as `HttpError`, any other class as a user's error type.

use std::error::Error as StdError;
use std::fmt;

use pilaster::http::{ErrorLayer, HttpError, IntoResponse, Json, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::Answer;
use crate::exchange::Notes;
use crate::{Stop, unsupported};

/// An exception that a handler raises.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raise {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    message: Value,
    status: Option<u16>,
    /// Further members of the response.
    details: Option<Value>,
}

/// A rule for exceptions: `types` in Python, `type` in TypeScript.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(default)]
    types: Vec<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    response: Option<Answer>,
    raise: Option<Raise>,
    returns: Option<Value>,
}

/// The class number `N` of the case: each class that a rule names is a Rust type of its own.
#[derive(Debug)]
struct Class<const N: usize> {
    message: String,
    base: Option<Box<dyn StdError + Send + Sync>>,
}

impl<const N: usize> fmt::Display for Class<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<const N: usize> StdError for Class<N> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.base.as_deref().map(|base| base as &(dyn StdError + 'static))
    }
}

/// The status of an exception class of Powertools' own.
fn status(raise: &Raise) -> Option<u16> {
    Some(match raise.kind.as_str() {
        "BadRequestError" => 400,
        "UnauthorizedError" => 401,
        "ForbiddenError" => 403,
        "NotFoundError" => 404,
        "MethodNotAllowedError" => 405,
        "RequestTimeoutError" => 408,
        "ConflictError" => 409,
        "RequestEntityTooLargeError" => 413,
        "UnprocessableEntityError" => 422,
        "InternalServerError" => 500,
        "ServiceUnavailableError" => 503,
        "ServiceError" | "HttpError" => raise.status?,
        _ => return None,
    })
}

/// A class and those that it derives from.
fn ancestry(kind: &str) -> Vec<&str> {
    let mut classes = vec![kind];
    match kind {
        "SubError" => classes.push("CustomError"),
        "KeyError" | "IndexError" => classes.push("LookupError"),
        "ZeroDivisionError" => classes.push("ArithmeticError"),
        "UnicodeError" | "JSONDecodeError" => classes.push("ValueError"),
        _ => {}
    }
    classes.extend(["ServiceError", "HttpError"].iter().filter(|_| {
        let raise = Raise { kind: kind.to_owned(), message: Value::Null, status: None, details: None };
        status(&raise).is_some()
    }));
    classes.extend(["Exception", "Error"]);
    classes
}

/// The mapping of exceptions to responses in one case.
#[derive(Clone)]
pub(super) struct Exceptions {
    /// The classes that rules name; their place is their number.
    classes: Vec<String>,
    rules: Vec<Rule>,
    typescript: bool,
}

impl Exceptions {
    pub(super) fn new(rules: Vec<Rule>, typescript: bool) -> Result<Self, Stop> {
        let classes: Vec<_> = rules.iter().flat_map(|rule| rule.types.iter().chain(&rule.kind)).cloned().collect();
        if classes.len() > 6 {
            return unsupported("more exception classes than there are types prepared");
        }
        rules.iter().filter_map(|rule| rule.response.as_ref()).try_for_each(Answer::check)?;
        Ok(Self { classes, rules, typescript })
    }

    /// Converts an exception as `?` does in a handler.
    pub(super) fn raise(&self, raise: &Raise) -> HttpError {
        let ancestry = ancestry(&raise.kind);
        let known: Vec<_> = ancestry.iter().filter_map(|class| self.classes.iter().position(|c| c == class)).collect();
        match (known.is_empty(), status(raise)) {
            (true, Some(status)) => self.http(status, raise),
            (true, None) => HttpError::internal(crate::layers::Thrown(text(&raise.message))),
            (false, _) => {
                let chained = known.iter().rev().fold(None, |base, class| Some(instance(*class, raise, base)));
                chained.map_or_else(|| HttpError::from_status(StatusCode::INTERNAL_SERVER_ERROR), HttpError::internal)
            }
        }
    }

    /// An HTTP error whose message is meant to be seen, also in a 5xx: a member.
    fn http(&self, status: u16, raise: &Raise) -> HttpError {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = HttpError::from_status(status).with_member("message", raise.message.clone());
        let error = error.with_member("error", raise.kind.clone());
        match &raise.details {
            Some(details) => error.with_member("details", details.clone()),
            None => error,
        }
    }

    /// The answer to what no route takes.
    pub(super) fn not_found(&self, method: &str, path: &str) -> HttpError {
        let message = match self.typescript {
            true => format!("Route {path} for method {method} not found"),
            false => "Not found".to_owned(),
        };
        // A rule for it applies here, too.
        self.raise(&Raise { kind: "NotFoundError".to_owned(), message: json!(message), status: None, details: None })
    }

    /// The error layer: the case's rules, and the body that the language has for errors.
    pub(super) fn layer(&self, notes: &Notes) -> ErrorLayer {
        let typescript = self.typescript;
        let mut layer = ErrorLayer::new().render_with(move |error| match is_undecoded(error) {
            true => error.clone().into_response(),
            false => render(error, typescript).into_response(),
        });
        for (number, class) in self.classes.iter().enumerate() {
            let rule = self.rules.iter().find(|rule| rule.types.contains(class) || rule.kind.as_ref() == Some(class));
            let Some(rule) = rule.cloned() else { continue };
            let map = self.clone().map(rule, class.clone(), notes.clone());
            layer = match number {
                0 => layer.on_with(move |error: &Class<0>| map(&error.message)),
                1 => layer.on_with(move |error: &Class<1>| map(&error.message)),
                2 => layer.on_with(move |error: &Class<2>| map(&error.message)),
                3 => layer.on_with(move |error: &Class<3>| map(&error.message)),
                4 => layer.on_with(move |error: &Class<4>| map(&error.message)),
                _ => layer.on_with(move |error: &Class<5>| map(&error.message)),
            };
        }
        layer
    }

    fn map(self, rule: Rule, class: String, notes: Notes) -> impl Fn(&str) -> HttpError + Send + Sync + 'static {
        move |message| {
            notes.add(match self.typescript {
                true => json!({ "error_handler": class, "message": message }),
                false => json!({ "error_handler": "eh", "error": message }),
            });
            match (&rule.raise, &rule.response, &rule.returns) {
                (Some(raise), ..) => self.http(status(raise).unwrap_or(500), raise),
                (None, Some(answer), _) => answered(answer.clone()),
                (None, None, returns) => {
                    let body = returns.clone().unwrap_or_default();
                    let status = body["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
                    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
                    HttpError::from_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
                        .with_member("body", body)
                }
            }
        }
    }
}

/// Returns `true` if the adapter could not decode the event: there is no response to compare, and `exchange::rejected` has its problem.
fn is_undecoded(error: &HttpError) -> bool {
    error.detail().is_some_and(|detail| detail.starts_with("the request's ") && detail.ends_with(" is malformed"))
}

/// A response of the rule's own, carried by the error to where it is rendered.
fn answered(answer: Answer) -> HttpError {
    let text = answer.text();
    let response = answer.into_response();
    let mut error = HttpError::from_status(response.status());
    for (name, value) in response.headers() {
        error = error.with_header(name.clone(), value.clone());
    }
    error.with_member("text", text)
}

fn instance(
    class: usize,
    raise: &Raise,
    base: Option<Box<dyn StdError + Send + Sync>>,
) -> Box<dyn StdError + Send + Sync> {
    let message = text(&raise.message);
    match class {
        0 => Box::new(Class::<0> { message, base }),
        1 => Box::new(Class::<1> { message, base }),
        2 => Box::new(Class::<2> { message, base }),
        3 => Box::new(Class::<3> { message, base }),
        4 => Box::new(Class::<4> { message, base }),
        _ => Box::new(Class::<5> { message, base }),
    }
}

/// `{statusCode, message}` in Python, `{statusCode, error, message}` in TypeScript.
fn render(error: &HttpError, typescript: bool) -> Response {
    let status = error.status();
    let members = error.members();
    if let Some(text) = members.get("text").and_then(Value::as_str) {
        let mut response = Response::new(text.to_owned().into());
        *response.status_mut() = status;
        return response;
    }
    if let Some(body) = members.get("body") {
        return (status, Json(body.clone())).into_response();
    }
    let message = members.get("message").cloned().unwrap_or_else(|| json!(error.title()));
    let kind = members.get("error").cloned().unwrap_or_else(|| json!(error.title()));
    let code = status.as_u16();
    let mut body = match typescript {
        true => json!({ "statusCode": code, "error": kind, "message": message }),
        false => json!({ "statusCode": code, "message": message }),
    };
    if let Some(details) = members.get("details") {
        body["details"] = details.clone();
    }
    (status, Json(body)).into_response()
}

fn text(message: &Value) -> String {
    message.as_str().map_or_else(|| message.to_string(), ToOwned::to_owned)
}
