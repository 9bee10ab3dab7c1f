use axum_core::response::IntoResponse;
use http_body_util::BodyExt;
use serde_json::json;

use super::*;

#[test]
fn the_detail_of_a_5xx_is_never_in_the_response() {
    let error = HttpError::bad_gateway("db password is hunter2");
    assert!(!error.problem().to_string().contains("hunter2"));
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
