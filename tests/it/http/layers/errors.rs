//! Errors, which are rendered and logged once.

use super::*;

/// Ends in the way that the body of the request names.
async fn ends(how: String) -> Result<Response, HttpError> {
    match how.as_str() {
        "error" => Err(std::io::Error::other("the disk is full"))?,
        "refused" => Err(HttpError::conflict("it is taken")),
        "status" => Ok(StatusCode::BAD_GATEWAY.into_response()),
        "own" => Ok((StatusCode::INTERNAL_SERVER_ERROR, "a page").into_response()),
        _ => Ok("fine".into_response()),
    }
}

/// Returns the response to each outcome, and the log lines.
async fn endings<R: RawService>(caller: Caller<R>) -> Vec<(u64, String, Vec<Value>)> {
    let mut endings = Vec::new();
    for how in ["error", "refused", "status", "own", "well"] {
        let captured = CapturedLogs::default();
        let mut event = smallest("http api");
        event["body"] = json!(how);
        let answer = call(&caller.clone().with_logs(&captured), &event.to_string()).await.unwrap();
        let body = answer["body"].as_str().unwrap().to_owned();
        endings.push((answer["statusCode"].as_u64().unwrap(), body, captured.lines()));
    }
    endings
}

#[tokio::test]
async fn an_error_is_rendered_and_logged_once_whatever_the_layers() {
    let router = || axum::Router::new().route("/p", axum::routing::post(ends));
    let timeout = || TimeoutLayer::new(Duration::from_secs(9));
    let cors = || tower_http::cors::CorsLayer::permissive();
    let both = tower::ServiceBuilder::new().layer(timeout()).layer(signed());
    let all = [
        ("stack", endings(Caller::new(pilaster::handler(ends).layer(Stack::new()))).await),
        ("time-out", endings(Caller::new(pilaster::handler(ends).without_stack().layer(timeout()))).await),
        ("cors", endings(Caller::new(pilaster::handler(ends).without_stack().layer(cors()))).await),
        ("both", endings(Caller::new(pilaster::handler(ends).without_stack().layer(both))).await),
        ("nothing", endings(Caller::new(pilaster::handler(ends).without_stack())).await),
        ("router", endings(Caller::new(http::service(router()).without_stack().layer(timeout()))).await),
        (
            "in the router",
            endings(Caller::new(http::service(router().layer(cors())).without_stack().layer(cors()))).await,
        ),
        (
            "a stack within",
            endings(Caller::new(pilaster::handler(ends).without_stack().layer((timeout(), Stack::new())))).await,
        ),
    ];
    for (layers, endings) in all {
        let [error, refused, status, own, well] = &endings[..] else { panic!("{layers}") };
        let line = |lines: &[Value]| {
            assert_eq!(lines.len(), 1, "{layers}: {lines:?}");
            lines[0].clone()
        };
        let logged = line(&error.2);
        assert_eq!((error.0, &*error.1), (500, r#"{"title":"Internal Server Error","status":500}"#), "{layers}");
        assert_eq!((&logged["level"], &logged["error"]), (&json!("ERROR"), &json!("the disk is full")), "{layers}");
        assert_eq!((&logged["method"], &logged["path"]), (&json!("POST"), &json!("/p")), "{layers}");
        let logged = line(&refused.2);
        assert_eq!((refused.0, refused.1.contains("it is taken")), (409, true), "{layers}");
        assert_eq!((&logged["level"], &logged["status"]), (&json!("INFO"), &json!(409)), "{layers}");
        let logged = line(&status.2);
        assert_eq!((status.0, &logged["level"], &logged["status"]), (502, &json!("ERROR"), &json!(502)), "{layers}");
        assert_eq!((own.0, &*own.1, line(&own.2)["status"].as_u64()), (500, "a page", Some(500)), "{layers}");
        assert_eq!((well.0, &*well.1, well.2.len()), (200, "fine", 0), "{layers}");
    }
}

#[tokio::test]
async fn an_error_that_a_layer_has_rendered_stays_as_it_is_and_is_logged() {
    async fn page(request: Request, next: Next) -> Response {
        let (mut parts, _) = next.run(request).await.into_parts();
        parts.headers.insert("content-type", "text/html".parse().unwrap());
        Response::from_parts(parts, Body::from("<h1>sorry</h1>"))
    }
    for (_, body, lines) in
        endings(Caller::new(pilaster::handler(ends).without_stack().layer(from_fn(page)))).await.iter().take(2)
    {
        assert_eq!((&**body, lines.len()), ("<h1>sorry</h1>", 1));
    }
}
