//! [`Valid`] as a response: the value is validated before it is sent.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use axum_core::response::{IntoResponse, Response};
use garde::{Report, Validate, with_i18n};
use serde::Serialize;

use super::messages::Messages;
use super::{VIOLATIONS, Valid, pointer, steps};
use crate::core::at_start::defer;
use crate::http::error::HttpError;
use crate::http::extract::Json;

/// A response whose value [`Valid`] can validate. Implement it for your own response.
#[diagnostic::on_unimplemented(
    message = "`Valid` cannot validate the response `{Self}`",
    note = "`Valid` wraps `Json<T>`, `Created<T>`, `Form<T>` or `Negotiate<T>`, such as `Valid<Json<T>>`, where `T: garde::Validate`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait ValidResponse: IntoResponse {
    /// The type that is validated.
    type Value;

    /// Returns the value that is sent.
    fn value(&self) -> &Self::Value;
}

impl<T: Serialize> ValidResponse for Json<T> {
    type Value = T;

    fn value(&self) -> &T {
        &self.0
    }
}

#[cfg(feature = "form")]
impl<T: Serialize> ValidResponse for crate::http::extract::Form<T> {
    type Value = T;

    fn value(&self) -> &T {
        &self.0
    }
}

/// Set if responses are also validated in a release build.
static IS_CHOSEN: AtomicBool = AtomicBool::new(false);

/// Validates the responses of this process in a release build, too.
pub(crate) fn validate_responses() {
    defer(|| IS_CHOSEN.store(true, Ordering::Relaxed));
}

/// Returns `true` if responses are validated: in a debug build, in tests, and where a stack chooses it.
fn is_checked() -> bool {
    cfg!(any(debug_assertions, feature = "testing")) || IS_CHOSEN.load(Ordering::Relaxed)
}

impl<E> IntoResponse for Valid<E>
where
    E: ValidResponse,
    E::Value: Validate<Context: Default>,
{
    fn into_response(self) -> Response {
        if is_checked()
            && let Err(report) = with_i18n(Messages, || self.0.value().validate())
        {
            return HttpError::internal(InvalidResponse::of(&report)).with_fixed_status().into_response();
        }
        self.0.into_response()
    }
}

/// The error of a response that breaks the rules of its type, for the log.
#[derive(Debug)]
struct InvalidResponse(Vec<(String, String)>);

impl InvalidResponse {
    fn of(report: &Report) -> Self {
        let violations = report.iter().take(VIOLATIONS);
        Self(violations.map(|(path, error)| (pointer(steps(path)), error.message().to_owned())).collect())
    }
}

impl fmt::Display for InvalidResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response breaks the rules of its type")?;
        for (at, (pointer, message)) in self.0.iter().enumerate() {
            let separator = if at == 0 { ':' } else { ';' };
            write!(f, "{separator} {pointer} {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidResponse {}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::core::at_start::perform;
    use crate::http::Created;

    #[derive(Serialize, Validate)]
    struct User {
        #[garde(length(chars, min = 1))]
        name: String,
        #[garde(range(max = 150))]
        age: u8,
    }

    fn user(name: &str, age: u8) -> User {
        User { name: name.to_owned(), age }
    }

    #[test]
    fn a_value_that_breaks_a_rule_is_a_500_with_pointers_for_the_log() {
        assert_eq!(Valid(Json(user("Ada", 36))).into_response().status(), 200);
        assert_eq!(Valid(Created::at("/users/1", user("Ada", 36))).into_response().status(), 201);
        for response in
            [Valid(Json(user("", 200))).into_response(), Valid(Created::at("/users/1", user("", 200))).into_response()]
        {
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers().get("location"), None);
            let error = response.extensions().get::<HttpError>().unwrap();
            let cause = error.source().unwrap().to_string();
            let text = "the response breaks the rules of its type: /age must be at most 150; /name must not be empty";
            let other = "the response breaks the rules of its type: /name must not be empty; /age must be at most 150";
            assert!(cause == text || cause == other, "{cause}");
        }
    }

    #[cfg(all(feature = "testing", feature = "logging"))]
    #[tokio::test]
    async fn a_function_logs_the_pointers_and_sends_nothing_of_the_value() {
        use crate::observe::logging::CapturedLogs;
        use crate::testing::{Caller, http::get};

        async fn show(crate::http::Path(age): crate::http::Path<u8>) -> Valid<Json<User>> {
            Valid(Json(user("hunter2", age)))
        }

        let logs = CapturedLogs::default();
        let function = crate::handler(show).route("GET /{age}");
        let caller = Caller::new(function).with_logs(&logs);
        assert_eq!(caller.send(get("/36")).await.unwrap().text(), r#"{"name":"hunter2","age":36}"#);
        let refused = caller.send(get("/200")).await.unwrap();
        assert_eq!((refused.status(), refused.header("content-type")), (500, Some("application/problem+json")));
        let lines = format!("{:?}", logs.lines());
        assert!(lines.contains("the response breaks the rules of its type: /age must be at most 150"), "{lines}");
        for text in [&*refused.text(), &lines] {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[cfg(all(feature = "testing", feature = "logging"))]
    #[tokio::test]
    async fn it_is_a_500_with_pointers_for_the_log_also_in_a_tuple_with_any_status() {
        use http::StatusCode;

        use crate::observe::logging::CapturedLogs;
        use crate::testing::{Caller, http::get};

        #[derive(serde::Deserialize)]
        struct Asked {
            status: u16,
            age: u8,
        }

        async fn show(
            crate::http::Query(Asked { status, age }): crate::http::Query<Asked>,
        ) -> (StatusCode, [(&'static str, &'static str); 1], Valid<Json<User>>) {
            (StatusCode::from_u16(status).unwrap(), [("x-own", "1")], Valid(Json(user("hunter2", age))))
        }

        for status in [200, 202, 302, 400, 404, 412, 422, 499, 502, 503] {
            for is_in_stack in [false, true] {
                let logs = CapturedLogs::default();
                let send = async |age: u8| {
                    let request = get(format!("/?status={status}&age={age}"));
                    if is_in_stack {
                        let errors = crate::http::ErrorLayer::new().render_with(|error| error.title().to_owned());
                        let function = crate::handler(show).layer(crate::http::Stack::new().errors(errors));
                        return Caller::new(function).with_logs(&logs).send(request).await.unwrap();
                    }
                    Caller::new(crate::handler(show)).with_logs(&logs).send(request).await.unwrap()
                };
                assert_eq!(send(36).await.status(), status);
                assert_eq!(send(200).await.status(), 500, "{status}");
                let lines = format!("{:?}", logs.lines());
                assert!(
                    lines.contains("the response breaks the rules of its type: /age must be at most 150"),
                    "{lines}"
                );
                assert!(!lines.contains("the request was rejected"), "{lines}");
            }
        }
    }

    #[test]
    fn a_stack_chooses_it_when_the_function_starts() {
        validate_responses();
        assert!(!IS_CHOSEN.load(Ordering::Relaxed), "a layer that is applied alone changes nothing");
        let _ = perform(|| {
            validate_responses();
            Ok::<_, ()>(())
        });
        assert!(IS_CHOSEN.swap(false, Ordering::Relaxed));
    }
}
