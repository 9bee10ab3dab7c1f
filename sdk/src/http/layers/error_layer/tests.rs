use std::convert::Infallible;

use axum_core::body::Body;
use axum_core::response::Response;
use http::{Request, header};
use http_body_util::BodyExt;
use tower::{ServiceExt, service_fn};

use super::*;
use crate::core::error::BoxError;
use crate::http::error::Rejection;

#[derive(Debug)]
struct Taken;
impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("taken")
    }
}
impl StdError for Taken {}

async fn answer(layer: ErrorLayer, error: HttpError) -> (StatusCode, String) {
    let handler = service_fn(move |_: Request<Body>| {
        let error = error.clone();
        async move { Ok::<_, Infallible>(error.into_response()) }
    });
    let response = layer.layer(handler).oneshot(Request::default()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_rule_finds_its_error_below_others() {
    let outer = crate::FunctionError::new("Save", "not saved").with_source(Taken);
    let (status, body) = answer(ErrorLayer::new().on::<Taken>(409), outer.into()).await;
    assert_eq!(status, 409);
    assert_eq!(body, r#"{"title":"Conflict","status":409,"detail":"taken"}"#);
}

#[tokio::test]
async fn the_outermost_error_that_a_rule_matches_counts_and_of_its_rules_the_first() {
    #[derive(Debug)]
    struct Save(Taken);
    impl fmt::Display for Save {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("not saved")
        }
    }
    impl StdError for Save {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }
    for (layer, status) in [
        (ErrorLayer::new().on::<Taken>(409).on::<Save>(503), 503),
        (ErrorLayer::new().on::<Save>(503).on::<Taken>(409), 503),
        (ErrorLayer::new().on::<Taken>(409).on::<Save>(503).on::<Save>(422), 503),
        (ErrorLayer::new().on::<fmt::Error>(503).on::<Taken>(409).on::<Taken>(410), 409),
    ] {
        assert_eq!(answer(layer, Save(Taken).into()).await.0, status);
    }
}

#[tokio::test]
async fn a_rule_finds_its_error_in_whatever_holds_it() {
    use std::sync::Arc;

    let shared: Arc<dyn StdError + Send + Sync> = Arc::new(Taken);
    let rejection = || Rejection::new(StatusCode::CONFLICT, "taken");
    for error in [
        HttpError::from(Box::new(Taken)),
        Arc::new(Taken).into(),
        shared.into(),
        std::io::Error::other(Taken).into(),
        std::io::Error::other(Box::new(Taken)).into(),
        crate::FunctionError::new("Save", "not saved").with_source(Box::new(Taken)).into(),
        App::Body(rejection()).into(),
        Box::new(App::Body(rejection())).into(),
    ] {
        let layer = ErrorLayer::new().on::<Taken>(409).transparent(|error: &App| match error {
            App::Body(error) => Some(error),
            _ => None,
        });
        let text = format!("{error:?}");
        let (status, body) = answer(layer, error).await;
        assert_eq!((status.as_u16(), body.contains("taken")), (409, true), "{text}");
    }
}

#[derive(Debug, thiserror::Error)]
enum App {
    #[error(transparent)]
    Save(#[from] Save),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Body(#[from] Rejection),
    #[error("it has another form")]
    Form,
}

#[derive(Debug, thiserror::Error)]
enum Save {
    #[error(transparent)]
    Taken(#[from] NameTaken),
    #[error("not saved")]
    Lost(#[source] NameTaken),
}

#[derive(Debug, thiserror::Error)]
#[error("the name is taken")]
struct NameTaken;

#[tokio::test]
async fn a_rule_finds_its_error_in_a_transparent_one() {
    let layer = || {
        ErrorLayer::new()
            .on::<NameTaken>(409)
            .on::<std::io::Error>(503)
            .transparent(|error: &App| match error {
                App::Save(error) => Some(error),
                App::Io(error) => Some(error),
                App::Body(error) => Some(error),
                App::Form => None,
            })
            .transparent(|error: &Save| match error {
                Save::Taken(error) => Some(error),
                Save::Lost(_) => None,
            })
    };
    let outer = |error: App| crate::FunctionError::new("Outer", "outer").with_source(error);
    for (error, status) in [
        (HttpError::from(App::Save(Save::Taken(NameTaken))), 409),
        (App::Save(Save::Lost(NameTaken)).into(), 409),
        (App::Io(std::io::Error::other("disk full")).into(), 503),
        (outer(App::Save(Save::Taken(NameTaken))).into(), 409),
        (App::Body(Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "it is wrong")).into(), 422),
        (App::Form.into(), 500),
    ] {
        let text = format!("{error:?}");
        let (answered, body) = answer(layer(), error).await;
        assert_eq!(answered, status, "{text}");
        assert_eq!(body.contains("the name is taken"), status == 409, "{body}");
    }
}

#[tokio::test]
async fn errors_that_hold_each_other_for_ever_end() {
    #[derive(Debug, thiserror::Error)]
    #[error("round")]
    struct Round;
    let layer = ErrorLayer::new().on::<NameTaken>(409).transparent(|error: &Round| Some(error));
    assert_eq!(answer(layer, Round.into()).await.0, 500);
}

#[test]
#[should_panic(expected = "Taken>(200)` takes a status from 400 to 599")]
fn a_status_that_is_not_an_error_panics_when_the_layer_is_applied() {
    let layer = ErrorLayer::new().on::<Taken>(200).on::<Taken>(409);
    let _ = layer.layer(());
}

#[tokio::test]
async fn an_error_without_a_rule_is_an_opaque_500() {
    let (status, body) = answer(ErrorLayer::new(), Taken.into()).await;
    assert_eq!(status, 500);
    assert!(!body.contains("taken"));
}

#[tokio::test]
async fn render_with_changes_the_body_and_keeps_the_headers() {
    let layer = ErrorLayer::new().render_with(|error| (error.status(), error.title().to_owned()));
    let error = HttpError::unauthorized("who?").with_header(header::WWW_AUTHENTICATE, "Bearer".parse().unwrap());
    let handler = service_fn(move |_: Request<Body>| {
        let error = error.clone();
        async move { Ok::<_, Infallible>(error.into_response()) }
    });
    let response = layer.layer(handler).oneshot(Request::default()).await.unwrap();
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "Unauthorized");
}

#[tokio::test]
async fn an_error_of_a_layer_within_becomes_an_answer() {
    let failing = service_fn(|_: Request<Body>| async { Err::<Response, BoxError>(Box::new(Taken)) });
    let response = ErrorLayer::new().on::<Taken>(503).layer(failing).oneshot(Request::default()).await.unwrap();
    assert_eq!(response.status(), 503);
}

#[tokio::test]
async fn the_status_of_a_tuple_wins_unless_it_is_a_success() {
    for (status, expected) in [(410, 410), (503, 503), (200, 404), (302, 404), (600, 404)] {
        let status = StatusCode::from_u16(status).unwrap();
        let handler = service_fn(move |_: Request<Body>| async move {
            Ok::<_, Infallible>((status, HttpError::not_found("no such user")).into_response())
        });
        let response = ErrorLayer::new().layer(handler).oneshot(Request::default()).await.unwrap();
        assert_eq!(response.status(), expected, "{status}");
    }
}

#[tokio::test]
async fn the_detail_of_a_5xx_is_never_sent_also_where_a_tuple_makes_it_a_4xx() {
    let handler = service_fn(|_: Request<Body>| async {
        let error = HttpError::internal_server_error("password hunter2").with_source(std::io::Error::other("hunter2"));
        Ok::<_, Infallible>((StatusCode::NOT_FOUND, error).into_response())
    });
    let own = ErrorLayer::new().render_with(|error| {
        (error.status(), format!("{:?} {:?}", error.detail(), error.source().map(ToString::to_string)))
    });
    for layer in [ErrorLayer::new(), own] {
        let response = layer.layer(handler).oneshot(Request::default()).await.unwrap();
        assert_eq!(response.status(), 404);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"), "{body:?}");
    }
}
