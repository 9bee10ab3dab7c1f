use axum_core::response::IntoResponse;
use futures_util::FutureExt as _;
use http_body_util::BodyExt;
use serde_json::json;

use super::*;

#[test]
fn the_detail_of_a_5xx_is_never_in_the_response() {
    let error = HttpError::bad_gateway("db password is hunter2").with_field(FieldError::new("/hunter2", "hunter2"));
    assert!(!error.problem().to_string().contains("hunter2"));
    let rendered = crate::http::error::renderer::Renderer::new(|error| format!("{error:?}").into_response());
    let response = crate::http::error::renderer::rendered(Some(&rendered), &error);
    let text = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&text).contains("hunter2"), "{text:?}");
}

#[test]
fn any_error_is_an_opaque_500_that_keeps_its_chain() {
    let error: HttpError = std::io::Error::other("disk full").into();
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(error.chain(), ["disk full"]);
    assert!(!error.problem().to_string().contains("disk"));
}

#[test]
fn a_rejection_that_passes_by_question_mark_keeps_its_status() {
    let error: HttpError = Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "no").into();
    assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let rejection = || Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "no");
    let shared: Arc<dyn StdError + Send + Sync> = Arc::new(rejection());
    for error in [
        HttpError::from(Box::new(rejection())),
        HttpError::from(Arc::new(rejection())),
        HttpError::from(shared),
        HttpError::from(std::io::Error::other(rejection())),
    ] {
        assert_eq!((error.status(), error.detail()), (StatusCode::UNPROCESSABLE_ENTITY, Some("no")));
    }
    let caused = crate::FunctionError::new("Save", "not saved").with_source(rejection());
    assert_eq!(HttpError::from(caused).status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[test]
fn a_member_does_not_overwrite_a_standard_one() {
    let problem = HttpError::conflict("taken").with_member("status", 200).problem();
    assert_eq!(problem["status"], 409);
}

#[test]
fn the_response_lists_each_field_with_its_pointer() {
    let error = HttpError::unprocessable_entity("the request body does not match the expected schema")
        .with_member("errors", "not these")
        .with_field(FieldError::new("/age", "is missing"));
    assert_eq!(error.problem()["errors"], json!([{ "pointer": "/age", "detail": "is missing" }]));
    assert_eq!(error.problem().as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn the_body_of_a_response_is_the_problem() {
    let error = HttpError::conflict("taken").with_member("field", "email").with_field(FieldError::new("/a", "b"));
    let body = error.clone().into_response().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), error.problem());
    assert_eq!(
        body,
        r#"{"title":"Conflict","status":409,"detail":"taken","errors":[{"pointer":"/a","detail":"b"}],"field":"email"}"#
    );
}

#[tokio::test]
async fn an_error_is_never_a_success() {
    let statuses = [100, 200, 204, 301, 304, 600, 999].map(|status| StatusCode::from_u16(status).unwrap());
    for status in statuses {
        for error in [
            HttpError::from_status(status),
            HttpError::new(status, "hunter2"),
            HttpError::clone(&Rejection::new(status, "hunter2")),
        ] {
            assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR, "{status}");
            assert_eq!(error.problem(), json!({ "title": "Internal Server Error", "status": 500 }));
        }
        let mut error = HttpError::not_found("no such user");
        error.set_status(status);
        assert_eq!(error.status(), StatusCode::NOT_FOUND, "{status}");
    }
    for status in [400, 499, 500, 599].map(|status| StatusCode::from_u16(status).unwrap()) {
        assert_eq!(HttpError::from_status(status).status(), status);
    }
}

#[cfg(feature = "logging")]
#[test]
fn a_status_that_is_not_one_of_an_error_is_logged_where_it_is_used() {
    let captured = crate::observe::logging::CapturedLogs::default();
    tracing::subscriber::with_default(crate::observe::logging::Logs::new().writer(captured.clone()).build(), || {
        drop(HttpError::new(StatusCode::OK, "fine"));
        drop(HttpError::from_status(StatusCode::LOCKED));
    });
    let lines = captured.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["level"], &lines[0]["status"]), (&"ERROR".into(), &200.into()));
}
