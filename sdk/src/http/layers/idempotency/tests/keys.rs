//! The key of a request: where it comes from, and to whom it belongs.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_missing_and_an_unreadable_key_are_400s_where_one_is_required() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    let mut without = post("k", "");
    without.headers_mut().remove("idempotency-key");
    let long = "k".repeat(256);
    let quoted = format!("\"{long}\"");
    for request in [without, post("", ""), post("\"\"", ""), post(&long, ""), post(&quoted, ""), post("é", "")] {
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 400);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let mut get = post("k", "");
    *get.method_mut() = Method::GET;
    get.headers_mut().remove("idempotency-key");
    assert_eq!(service.oneshot(get).await.unwrap().status(), 200, "a GET needs none");
}

#[tokio::test(start_paused = true)]
async fn two_keys_and_broken_strings_are_400s() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    for two in [
        "a,b",
        "a, b",
        r#""a","b""#,
        r#""a", "b""#,
        r#""a";n=1, "b""#,
        r#"a"b"#,
        r#""a"b""#,
        r#""a"#,
        r#""a\""#,
        r#""a\b""#,
        "a\"",
    ] {
        assert_eq!(service.clone().oneshot(post(two, "")).await.unwrap().status(), 400, "{two}");
    }
    let mut lines = post("a", "");
    lines.headers_mut().append("idempotency-key", HeaderValue::from_static("b"));
    assert_eq!(service.clone().oneshot(lines).await.unwrap().status(), 400);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let ask = async |key: &str| text(service.clone().oneshot(post(key, "")).await.unwrap()).await;
    assert_eq!(ask(r#""a, b""#).await, "1");
    assert_eq!(ask(r#""a\"b""#).await, "2");
    assert_eq!(ask(r#""a\\b""#).await, "3");
    assert_eq!(ask(r"a\b").await, "3");
    assert_eq!(ask(r#""c";n=1"#).await, "4");
    assert_eq!(ask("c").await, "4");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_measured_without_its_quotes() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    let longest = "k".repeat(MAX_KEY);
    for key in [format!("\"{longest}\""), longest] {
        assert_eq!(text(service.clone().oneshot(post(&key, "")).await.unwrap()).await, "1");
    }
}

#[tokio::test(start_paused = true)]
async fn any_part_of_the_request_can_be_the_key() {
    let idempotency = Idempotency::new(MemoryStore::new(), "f");
    let once =
        IdempotencyLayer::new(idempotency.key("[powertools_json(body).id, queryStringParameters.a]").require_key());
    let calls = Arc::default();
    let service = once.layer(function(&calls, |call| call.to_string().into_response()));
    let ask = async |body: &str| service.clone().oneshot(post("ignored", body)).await.unwrap();
    assert_eq!(text(ask("{\"id\": 1, \"note\": \"a\"}").await).await, "1");
    assert_eq!(text(ask("{\"id\": 1, \"note\": \"b\"}").await).await, "1");
    assert_eq!(text(ask("{\"id\": 2}").await).await, "2");
    assert_eq!(ask("{").await.status(), 400);
}

/// A function whose response is what the extractor finds: the key and an id, or the status of the rejection.
async fn extracted(layer: IdempotencyLayer, request: Request<Body>) -> Result<(String, String), StatusCode> {
    use axum_core::extract::FromRequestParts as _;
    let seen = Arc::new(std::sync::Mutex::new(None));
    let kept = Arc::clone(&seen);
    let function = service_fn(move |request: Request<Body>| {
        let kept = Arc::clone(&kept);
        async move {
            let (mut parts, _) = request.into_parts();
            let key = IdempotencyKey::from_request_parts(&mut parts, &()).await;
            let optional = Option::<IdempotencyKey>::from_request_parts(&mut parts, &()).await;
            match (&key, &optional) {
                (Ok(key), Ok(Some(optional))) => assert!(key == optional),
                (Err(rejection), Ok(None)) => assert_eq!(rejection.status(), 400),
                (Err(rejection), Err(optional)) => assert_eq!(rejection.status(), optional.status()),
                mixed => panic!("{mixed:?}"),
            }
            let found = key.map(|key| (key.as_str().to_owned(), key.effect_id("charge")));
            *kept.lock().unwrap() = Some(found.map_err(|rejection| rejection.status()));
            Ok::<_, Infallible>(StatusCode::OK.into_response())
        }
    });
    layer.layer(function).oneshot(request).await.unwrap();
    let found = seen.lock().unwrap().take();
    found.expect("the function ran")
}

fn by_user(store: &MemoryStore) -> IdempotencyLayer {
    let who = |parts: &Parts| parts.headers.get("x-user").and_then(|user| user.to_str().ok()).map(str::to_owned);
    IdempotencyLayer::new(Idempotency::new(store.clone(), "f")).caller(who)
}

#[tokio::test(start_paused = true)]
async fn an_id_belongs_to_the_caller_the_method_the_path_the_key_and_the_prefix() {
    let find = |layer: IdempotencyLayer, request| async move { extracted(layer, request).await.unwrap() };
    let by_user = || by_user(&MemoryStore::new());
    let of = |user: &'static str, mut request: Request<Body>| {
        request.headers_mut().insert("x-user", HeaderValue::from_static(user));
        request
    };
    let (text, id) = find(by_user(), of("ada", post("k", "1"))).await;
    assert_eq!(text, "k");
    // A change of this id would charge once more what is retried during a deployment.
    assert_eq!(id, "ae955476586fbb3914804b3bb9ff258d5b72b7169f98be1d3477fea175c87b32");
    assert_eq!(find(by_user(), of("ada", post("\"k\"", "2"))).await, (text, id.clone()), "without quotes; any payload");

    let mut patch = post("k", "1");
    *patch.method_mut() = Method::PATCH;
    let mut elsewhere = post("k", "1");
    *elsewhere.uri_mut() = Uri::from_static("/refunds");
    let mut ids = vec![id];
    for request in [of("bob", post("k", "1")), of("ada", patch), of("ada", elsewhere), of("ada", post("K", "1"))] {
        ids.push(find(by_user(), request).await.1);
    }
    let other_prefix =
        IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "g")).caller(|_| Some("ada".to_owned()));
    ids.push(find(other_prefix, post("k", "1")).await.1);
    let distinct = ids.iter().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(distinct.len(), 6, "{ids:?}");
    assert!(ids.iter().all(|id| id.len() == 64));
}

#[tokio::test(start_paused = true)]
async fn a_key_of_an_expression_is_what_it_selects_and_belongs_to_no_caller() {
    let layer = |expression| IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").key(expression));
    let order = r#"{"id":7,"name":"o-7"}"#;
    let mut of_bob = post("another", order);
    of_bob.headers_mut().insert("authorization", HeaderValue::from_static("Bearer bob"));
    let number = extracted(layer("powertools_json(body).id"), post("k", order)).await.unwrap();
    assert_eq!(number.0, "7");
    assert_eq!(extracted(layer("powertools_json(body).id"), of_bob).await.unwrap(), number);
    let list = "powertools_json(body).[name, id]";
    assert_eq!(extracted(layer(list), post("k", order)).await.unwrap().0, r#"["o-7", 7]"#);
    assert_eq!(extracted(layer("powertools_json(body).other"), post("k", order)).await, Err(StatusCode::BAD_REQUEST));
}

#[tokio::test(start_paused = true)]
async fn a_function_without_a_key_gets_a_400_and_without_the_layer_a_500() {
    let layer = || by_user(&MemoryStore::new());
    let mut without = post("k", "");
    without.headers_mut().remove("idempotency-key");
    for request in [without, post("", ""), post("\"\"", "")] {
        assert_eq!(extracted(layer(), request).await, Err(StatusCode::BAD_REQUEST));
    }
    let mut put = post("k", "");
    *put.method_mut() = Method::PUT;
    assert_eq!(extracted(layer(), put).await, Err(StatusCode::INTERNAL_SERVER_ERROR), "not a method of the layer");
    let mut put = post("k", "");
    *put.method_mut() = Method::PUT;
    assert_eq!(extracted(layer().methods([Method::PUT]), put).await.unwrap().0, "k");

    use axum_core::extract::FromRequestParts as _;
    let (mut parts, _) = post("k", "").into_parts();
    let rejection = IdempotencyKey::from_request_parts(&mut parts, &()).await.unwrap_err();
    assert_eq!(rejection.status(), 500);
    assert!(rejection.detail().contains("http::Stack::idempotency"), "{rejection}");
}

#[tokio::test(start_paused = true)]
async fn the_function_has_its_key_while_idempotency_is_disabled() {
    let disabled = || IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").off());
    let enabled = IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f"));
    let found = extracted(disabled(), post("k", "")).await.unwrap();
    assert_eq!(found, extracted(enabled, post("k", "")).await.unwrap());
    assert_eq!(extracted(disabled(), post("a,b", "")).await, Err(StatusCode::BAD_REQUEST));
}
