mod start;

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tower::{ServiceExt, service_fn};

use super::path::relative;
use super::viewer::{SCALAR, SWAGGER_UI};
use super::*;
use crate::http::Stack;

const DOCUMENT: &str = r#"{
  "openapi": "3.1.0",
  "info": { "title": "Users", "version": "1" },
  "servers": [{ "url": "/" }, { "url": "https://api.example.com/v1" }],
  "paths": {}
}
"#;

fn layer() -> OpenApiViewerLayer {
    OpenApiViewerLayer::new(DOCUMENT).page("/docs", Viewer::swagger_ui()).page("/help/api", Viewer::scalar())
}

/// Responds to a request with these headers; the inner service responds with a 418.
async fn respond(layer: &OpenApiViewerLayer, method: Method, target: &str, headers: &[(&str, &str)]) -> Response {
    let inner = service_fn(async |_: Request<Body>| {
        let mut response = Response::new(Body::from("inner"));
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    layer.layer(inner).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Returns the reason why a function with this layer does not start.
fn mistake(layer: OpenApiViewerLayer) -> String {
    async fn home(_: Method) -> &'static str {
        "home"
    }
    crate::handler(home).layer(Stack::new().openapi_viewer(layer)).into_service().map(|_| ()).unwrap_err().to_string()
}

#[test]
fn the_layer_and_its_service_are_send_sync_and_clone() {
    fn assert<T: Clone + Send + Sync + 'static>() {}
    assert::<OpenApiViewerLayer>();
    assert::<OpenApiViewer<()>>();
    assert::<Viewer>();
}

#[test]
fn the_policy_has_the_hash_of_each_script() {
    for kind in [&SWAGGER_UI, &SCALAR] {
        let (script, hash) = kind.start;
        assert_eq!(hash, format!("sha256-{}", STANDARD.encode(Sha256::digest(script))), "{}", kind.script.0);
        // The end of the element would be that of the script, and a parser replaces `\r`.
        assert!(!script.contains("</") && !script.contains("<!") && !script.contains('\r'));
    }
}

#[tokio::test]
async fn the_document_is_the_text_with_a_strong_tag_and_a_304() {
    let first = respond(&layer(), Method::GET, "/openapi.json", &[]).await;
    assert_eq!(first.status(), 200);
    assert_eq!(first.headers()["content-type"], "application/json");
    assert_eq!(first.headers()["cache-control"], "private, no-cache");
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"'), "{tag}");
    assert_eq!(text(first).await, DOCUMENT);

    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let again = respond(&layer(), Method::GET, "/openapi.json", &[("if-none-match", &known)]).await;
        assert_eq!((again.status().as_u16(), again.headers()["etag"].to_str().unwrap()), (304, &*tag), "{known}");
        assert!(!again.headers().contains_key("content-type"));
        assert_eq!(text(again).await, "");
    }
    let changed = OpenApiViewerLayer::new(DOCUMENT.replace("Users", "Tests"));
    let other = respond(&changed, Method::GET, "/openapi.json", &[("if-none-match", &tag)]).await;
    assert_eq!(other.status(), 200);
    assert_ne!(other.headers()["etag"], *tag);
}

#[tokio::test]
async fn a_head_request_has_the_headers_and_no_body() {
    for path in ["/openapi.json", "/docs"] {
        let get = respond(&layer(), Method::GET, path, &[]).await;
        let head = respond(&layer(), Method::HEAD, path, &[]).await;
        assert_eq!((head.status(), head.headers()), (get.status(), get.headers()));
        assert_eq!(text(get).await.len().to_string(), *head.headers()["content-length"].to_str().unwrap());
        assert_eq!(text(head).await, "");
    }
}

#[tokio::test]
async fn other_methods_are_a_405_and_other_paths_are_the_inner_services() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let response = respond(&layer(), method, "/docs", &[]).await;
        assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD"));
    }
    for path in
        ["/", "/doc", "/docs2", "/docs/a", "/Docs", "//docs", "/openapi.json/", "/help", "/help/api/x", "/%64ocs"]
    {
        let response = respond(&layer(), Method::GET, path, &[]).await;
        assert_eq!(response.status(), 418, "{path}");
        assert_eq!(text(response).await, "inner");
    }
    let slash = respond(&layer(), Method::GET, "/help/api/?a=b", &[]).await;
    assert_eq!((slash.status().as_u16(), slash.headers()["location"].to_str().unwrap()), (308, "../api"));
    assert_eq!(slash.headers()["cache-control"], "private, no-cache");
}

#[tokio::test]
async fn a_page_links_files_with_their_hashes_and_its_policy_allows_no_more() {
    let swagger = respond(&layer(), Method::GET, "/docs", &[]).await;
    let policy = swagger.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let html = text(swagger).await;
    assert!(html.contains("data-document=\"./openapi.json\" data-root=\"./\""), "{html}");
    assert_eq!(html.matches("integrity=\"sha384-").count(), 2);
    assert_eq!(html.matches("crossorigin=\"anonymous\"").count(), 2);
    let folder = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0";
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src {folder}/swagger-ui-bundle.js '{}'; style-src {folder}/swagger-ui.css; \
             img-src 'self' data:; connect-src 'self' https://api.example.com; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
            SWAGGER_UI.start.1
        )
    );

    let scalar = respond(&layer(), Method::GET, "/help/api", &[]).await;
    let policy = scalar.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("style-src 'unsafe-inline';") && !policy.contains("eval"), "{policy}");
    assert!(!policy.split("; ").any(|rule| rule.starts_with("script-src") && rule.contains("unsafe")), "{policy}");
    assert!(text(scalar).await.contains("data-document=\"../openapi.json\" data-root=\"../\""));
}

#[tokio::test]
async fn files_of_your_own_bucket_or_host_are_linked_instead() {
    let hash = format!("sha384-{}", "A".repeat(64));
    let bucket = Viewer::swagger_ui().assets("https://a.example.com/ui/").integrity("swagger-ui.css", hash.clone());
    let layer = OpenApiViewerLayer::new(DOCUMENT)
        .document_at("/v2/users.json")
        .page("/a", bucket)
        .page("/b", Viewer::scalar().assets("/static/scalar"));
    let page = respond(&layer, Method::GET, "/a", &[]).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src https://a.example.com/ui/swagger-ui-bundle.js 'sha256-"), "{policy}");
    let html = text(page).await;
    assert!(html.contains("href=\"https://a.example.com/ui/swagger-ui.css\" integrity=\"sha384-AAAA"), "{html}");
    assert!(html.contains("data-document=\"./v2/users.json\"") && !html.contains("jsdelivr"), "{html}");
    let page = respond(&layer, Method::GET, "/b", &[]).await;
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self' 'sha256-"));
    assert!(text(page).await.contains("src=\"/static/scalar/standalone.js\""));
}

#[tokio::test]
async fn a_title_and_servers_stay_text_in_the_page_and_its_policy() {
    let document = serde_json::json!({
        "openapi": "3.0.3",
        "info": { "title": "</title><script>alert('1')</script>\" & \u{1f600}", "version": "1" },
        "servers": [
            { "url": "https://a.example.com; script-src *" }, { "url": "https://{region}.example.com" },
            { "url": "https://user@b.example.com" }, { "url": "javascript:alert(1)" }, { "url": "//c.example.com" },
            { "url": "https://d.example.com'" }, { "url": "http://127.0.0.1:3000/x" }, { "url": "http://127.0.0.1:3000" },
        ],
    });
    let layer = OpenApiViewerLayer::new(document.to_string()).page("/docs", Viewer::swagger_ui());
    let page = respond(&layer, Method::GET, "/docs", &[]).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:3000; base-uri"), "{policy}");
    let html = text(page).await;
    let title = "<title>&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; &amp; \u{1f600}</title>";
    assert!(html.contains(title), "{html}");
    assert_eq!(html.matches("<script").count(), 2);
}

/// Returns the sources of `connect-src` for a document with these members.
async fn callable(members: serde_json::Value) -> String {
    let mut document = serde_json::json!({ "openapi": "3.1.0", "info": { "title": "Users", "version": "1" } });
    document.as_object_mut().unwrap().append(&mut members.as_object().unwrap().clone());
    let layer = OpenApiViewerLayer::new(document.to_string()).page("/docs", Viewer::swagger_ui());
    let page = respond(&layer, Method::GET, "/docs", &[]).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    policy.split("; ").find_map(|rule| rule.strip_prefix("connect-src 'self'")).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_page_calls_https_servers_and_http_of_this_machine() {
    for (url, origin) in [
        ("https://my_api.example.com/v1", "https://my_api.example.com"),
        ("HTTPS://A.Example.com:8443/V1", "https://a.example.com:8443"),
        ("https://xn--pi-via.example.com?a", "https://xn--pi-via.example.com"),
        ("https://[2001:DB8::1]:3/x", "https://[2001:db8::1]:3"),
        ("http://localhost:3000/x", "http://localhost:3000"),
        ("http://[::1]", "http://[::1]"),
        ("http://a.example.com", ""),
        ("http://localhost.example.com", ""),
        ("https://\u{e4}pi.example.com", ""),
        ("https://a.example.com:{port}", ""),
        ("https://a.example.com:x", ""),
        ("https://a.example.com:65536", ""),
        ("https://[x/y", ""),
        ("https://x]:[", ""),
        ("https:a.example.com", ""),
        ("wss://a.example.com", ""),
        ("/prod", ""),
    ] {
        assert_eq!(callable(serde_json::json!({ "servers": [{ "url": url }] })).await, origin, "{url}");
    }
}

#[tokio::test]
async fn a_page_calls_the_servers_of_a_path_and_of_an_operation() {
    let server = |name: &str| serde_json::json!([{ "url": format!("https://{name}.example.com/x") }]);
    let members = serde_json::json!({
        "servers": server("a"),
        "paths": {
            "/a": { "servers": server("b"), "get": { "servers": server("c"), "x-servers": server("x") }, "post": {} },
            "/b": { "delete": { "servers": server("a") }, "x-get": { "servers": server("x") } },
            "x-paths": { "servers": 1 },
        },
    });
    let origins = ["https://a.example.com", "https://b.example.com", "https://c.example.com"];
    let callable = callable(members).await;
    let mut callable: Vec<_> = callable.split(' ').collect();
    callable.sort_unstable();
    assert_eq!(callable, origins);
}

/// Resolves a relative link as a browser does (RFC 3986, section 5.2), slowly.
fn resolve(page: &str, link: &str) -> String {
    let mut folders: Vec<&str> = page.split('/').collect();
    folders.pop();
    for segment in link.split('/') {
        match segment {
            "." => {}
            ".." => assert!(folders.len() > 1 && folders.pop().is_some(), "{page} {link}"),
            segment => folders.push(segment),
        }
    }
    folders.join("/")
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab]", 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

proptest! {
    #[test]
    fn a_link_leads_to_its_target_behind_any_stage_and_base_path(from in path(), to in path(), stage in "(/[a-z]{1,4}){0,3}") {
        let link = relative(&from, &to);
        prop_assert_eq!(resolve(&format!("{stage}{from}"), &link), format!("{stage}{to}"));
        let root = relative(&from, "/");
        prop_assert_eq!(resolve(&format!("{stage}{from}"), &root), format!("{stage}/"));
    }

    #[test]
    fn nothing_of_a_request_reaches_a_page(
        query in "[!-~]{0,40}",
        name in "(host|origin|referer|cookie|forwarded|x-forwarded-(host|prefix|proto|for)|accept-language|x-[a-z]{1,8})",
        value in "[ -~]{0,40}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let query: String = query.chars().filter(|c| !"\"<>`{}\\^|#".contains(*c)).collect();
            prop_assume!(HeaderName::try_from(&name).is_ok() && HeaderValue::from_str(&value).is_ok());
            for page in ["/docs", "/help/api", "/openapi.json"] {
                let plain = respond(&layer(), Method::GET, page, &[]).await;
                let other = respond(&layer(), Method::GET, &format!("{page}?{query}"), &[(&name, &value)]).await;
                prop_assert_eq!(plain.headers(), other.headers());
                prop_assert_eq!(text(plain).await, text(other).await);
            }
            Ok(())
        })?;
    }
}
