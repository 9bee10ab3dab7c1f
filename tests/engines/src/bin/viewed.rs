//! crud's document behind a base path, with a page for each viewer whose files are in the folder of `ASSETS`: a bucket of your own.

use pilaster::http::openapi_viewer::{OpenApiViewerLayer, Viewer};
use pilaster::http::security_headers::ContentSecurityPolicy;
use pilaster::http::{Method, SecurityHeadersLayer, Stack};
use pilaster::{StartError, handler};

/// Each request that is not for the document or a page.
async fn method(method: Method) -> String {
    method.to_string()
}

fn main() -> Result<(), StartError> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let headers = match &*variable("HEADERS") {
        "strict" => SecurityHeadersLayer::new().content_security_policy(ContentSecurityPolicy::strict()),
        "report-only" => SecurityHeadersLayer::new().report_only(true),
        _ => SecurityHeadersLayer::new(),
    };
    let document = include_str!("../../../../examples/crud/openapi.json");
    let servers = "[\n    {\n      \"url\": \"/\"\n    }\n  ]";
    assert!(document.contains(servers), "the server of crud is `/`");
    let document = match &*variable("SERVERS") {
        "none" => document.replacen(servers, "[]", 1),
        _ => document.to_owned(),
    };
    let viewer = OpenApiViewerLayer::new(document)
        .document_at("/spec/openapi.json")
        .page("/help/docs", Viewer::swagger_ui().assets(variable("ASSETS")))
        .page("/help/reference", Viewer::scalar().assets(variable("ASSETS")));
    let stack = Stack::new().base_path("v1").security_headers(headers).openapi_viewer(viewer);
    pilaster::run(handler(method).layer(stack))
}
