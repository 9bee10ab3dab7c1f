//! What ends the start, and what does not.

use super::*;

#[test]
fn a_wrong_member_of_the_document_is_named() {
    let rest = r#""openapi": "3.1.0", "info": { "title": "Users" }"#;
    for (document, says) in [
        (r#"["3.1.0", ["x"], []]"#.to_owned(), "the document has no `openapi` of version 3 and `info.title`; write it"),
        (r#"{ "openapi": "3.1.0", "info": ["x"] }"#.to_owned(), "no `openapi` of version 3 and `info.title`"),
        (format!("{{ \"openapi\": \"3.1.0\",\n{rest} }}"), "openapi.json` (line 2)"),
        (format!("{{ {rest}, \"info\": {{ \"title\": \"b\" }} }}"), "the document has a member twice; write it"),
        (r#"{ "openapi": "3.1.0", "info": { "title": "a", "title": "b" } }"#.to_owned(), "has a member twice"),
        (format!("{{ {rest}, \"servers\": [], \"servers\": [] }}"), "has a member twice"),
        (
            format!("{{ {rest}, \"servers\": null }}"),
            "`servers` of the document must be a list of objects with a `url`",
        ),
        (
            format!("{{ {rest},\n\"servers\": [{{}}] }}"),
            "objects with a `url`; write it with `cargo run -- openapi > openapi.json` (line 2)",
        ),
        (format!("{{ {rest}, \"servers\": [[\"https://a.example.com\"]] }}"), "`servers` of the document must be"),
        (format!("{{ {rest}, \"paths\": [] }}"), "`paths` of the document, each path and"),
        (
            format!("{{ {rest}, \"paths\": {{ \"/a\": {{ \"servers\": [{{}}] }} }} }}"),
            "`paths` of the document, each path",
        ),
    ] {
        let mistake = mistake(OpenApiViewerLayer::new(document.clone()));
        assert!(mistake.contains(says), "{document}: {mistake}");
    }
}

#[test]
fn a_mistake_ends_the_start_with_a_sentence() {
    for (layer, says) in [
        (OpenApiViewerLayer::new("{\n\"openapi\": \"3.1.0\",\n}"), "not valid JSON; write it with `cargo run"),
        (OpenApiViewerLayer::new("{\n\"openapi\": \"3.1.0\",\n}"), "(line 3)"),
        (OpenApiViewerLayer::new(""), "not valid JSON"),
        (OpenApiViewerLayer::new(&b"\"\xff\""[..]), "not valid JSON"),
        (OpenApiViewerLayer::new(format!("{DOCUMENT}{{}}")), "not valid JSON"),
        (OpenApiViewerLayer::new("openapi: 3.1.0\n"), "not valid JSON"),
        (OpenApiViewerLayer::new("[]"), "no `openapi` of version 3"),
        (OpenApiViewerLayer::new(DOCUMENT.replace("3.1.0", "2.0")), "no `openapi` of version 3"),
        (OpenApiViewerLayer::new(DOCUMENT.replace("title", "name")), "`info.title`"),
        (layer().document_at("openapi.json"), "a path must be `/` and a name"),
        (layer().document_at("/"), "a path must be"),
        (layer().page("/docs/", Viewer::scalar()), "a path must be"),
        (layer().page("/{docs}", Viewer::scalar()), "a path must be"),
        (layer().page("/a/../docs", Viewer::scalar()), "a path must be"),
        (layer().page("/a\"b", Viewer::scalar()), "a path must be"),
        (layer().page("/docs", Viewer::scalar()), "different paths"),
        (layer().document_at("/docs"), "different paths"),
        (layer().page("/x", Viewer::scalar().integrity("standalone.js", "sha256-abc")), "64 characters of Base64"),
        (
            layer().page("/x", Viewer::scalar().integrity("swagger-ui.css", format!("sha384-{}", "a".repeat(64)))),
            "takes a file",
        ),
    ] {
        let mistake = mistake(layer);
        assert!(mistake.contains(says), "{says}: {mistake}");
    }
    for assets in [
        "",
        "a",
        "//a.example.com",
        "http://a.example.com",
        "http://localhost.example.com",
        "https://",
        "https:///a",
        "https://u@a.example.com",
        "https://:80/a",
        "https://a.example.com:x/y",
        "https://a.example.com:65536/y",
        "https://[x/y",
        "https://%61.example.com",
        "javascript:alert(1)",
        "https://a.example.com/\"onload=",
        "https://a/ b",
        "https://a.example.com/;script-src",
        "https://a.example.com/?a",
        "https://a.example.com/'self'",
        "https://a/<b",
    ] {
        let mistake = mistake(layer().page("/x", Viewer::scalar().assets(assets)));
        assert!(mistake.contains("`assets` takes the `https` URL of a folder"), "{assets}: {mistake}");
    }
    for assets in [
        "https://a.example.com",
        "https://a.example.com:8443/x@1/",
        "http://127.0.0.1:99",
        "http://[::1]",
        "HTTPS://A",
        "/x",
    ] {
        assert!(layer().page("/x", Viewer::scalar().assets(assets)).served().is_ok(), "{assets}");
    }
}

#[tokio::test]
async fn two_viewers_of_a_stack_both_serve() {
    let other =
        |title: &str| OpenApiViewerLayer::new(DOCUMENT.replace("Users", title)).page("/other", Viewer::scalar());
    let start = |stack: Stack| {
        let function = crate::handler(async |_: Method| StatusCode::IM_A_TEAPOT).layer(stack);
        function.into_service().map(|_| ()).map_err(|error| error.to_string())
    };
    for second in [other("Orders").document_at("/orders.json"), other("Orders").document_at("/orders.json").public()] {
        for stack in [
            Stack::new().openapi_viewer(layer()).openapi_viewer(second.clone()),
            Stack::new().openapi_viewer(second).openapi_viewer(layer()),
        ] {
            assert_eq!(start(stack.clone()), Ok(()));
            let inner = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty())));
            let service = Layer::layer(&stack, inner);
            for (path, title) in
                [("/docs", "Users"), ("/openapi.json", "Users"), ("/orders.json", "Orders"), ("/other", "Orders")]
            {
                let request = Request::builder().uri(path).body(Body::empty()).unwrap();
                let text = text(service.clone().oneshot(request).await.unwrap()).await;
                assert!(text.contains(title), "{path}: {text}");
            }
        }
    }
    // One document with pages of two layers, and two documents at one path.
    assert_eq!(start(Stack::new().openapi_viewer(layer()).openapi_viewer(other("Users"))), Ok(()));
    for second in [
        other("Orders"),
        other("Users").public(),
        OpenApiViewerLayer::new(DOCUMENT).page("/docs", Viewer::scalar()),
        OpenApiViewerLayer::new(DOCUMENT).document_at("/docs"),
    ] {
        let mistake = start(Stack::new().openapi_viewer(layer()).openapi_viewer(second)).unwrap_err();
        assert!(mistake.contains("must have different paths"), "{mistake}");
    }
}

#[test]
#[should_panic(expected = "not valid JSON")]
fn outside_of_a_function_a_mistake_is_a_panic() {
    let _ = OpenApiViewerLayer::new("").layer(());
}
