use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use http::StatusCode;
use tower::{ServiceExt, service_fn};

use super::*;

/// Returns the response's headers, sorted by name, as `name: value`, where the handler set these.
async fn answer(layer: &SecurityHeadersLayer, set: &'static [(&'static str, &'static str)]) -> Vec<String> {
    let handler = service_fn(move |_: Request<()>| async move {
        let mut answer = Response::new(());
        *answer.status_mut() = StatusCode::NOT_FOUND;
        for (name, value) in set {
            answer.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        Ok::<_, Infallible>(answer)
    });
    let answer = layer.layer(handler).oneshot(Request::new(())).await.unwrap();
    let mut lines: Vec<_> =
        answer.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

const NEW: [&str; 11] = [
    "cross-origin-embedder-policy: require-corp",
    "cross-origin-opener-policy: same-origin",
    "cross-origin-resource-policy: same-origin",
    "origin-agent-cluster: ?1",
    "referrer-policy: no-referrer",
    "strict-transport-security: max-age=15552000; includeSubDomains",
    "x-content-type-options: nosniff",
    "x-dns-prefetch-control: off",
    "x-download-options: noopen",
    "x-frame-options: DENY",
    "x-permitted-cross-domain-policies: none",
];

#[test]
fn the_layer_and_its_service_are_send_sync_and_clone() {
    fn assert<T: Clone + Send + Sync + 'static>() {}
    assert::<SecurityHeadersLayer>();
    assert::<SecurityHeaders<()>>();
    assert::<SecurityHeadersError>();
}

#[tokio::test]
async fn an_answer_that_is_no_document_has_the_headers_without_a_content_security_policy() {
    assert_eq!(answer(&SecurityHeadersLayer::new(), &[]).await, NEW);
    for content_type in
        [&[("content-type", "application/json")], &[("content-type", "text/html-like")], &[("content-type", "")]]
    {
        let lines = answer(&SecurityHeadersLayer::default(), content_type).await;
        assert!(!lines.iter().any(|line| line.starts_with("content-security-policy")), "{lines:?}");
    }
}

#[tokio::test]
async fn a_document_has_a_content_security_policy() {
    let layer = SecurityHeadersLayer::new().permissions_policy("camera=()");
    for content_type in [
        &[("content-type", "Text/HTML ; charset=utf-8")],
        &[("content-type", "image/svg+xml")],
        &[("content-type", "application/xhtml+xml")],
        &[("content-type", "text/xml")],
        &[("content-type", "Application/XML;charset=utf-8")],
        &[("content-type", "application/rss+XML")],
        &[("content-type", "application/pdf")],
        // Browsers take the part that they can read.
        &[("content-type", "nonsense, text/html")],
    ] {
        let lines = answer(&layer, content_type).await;
        assert!(lines.contains(&format!("content-security-policy: {}", ContentSecurityPolicy::helmet())), "{lines:?}");
        assert!(lines.contains(&"permissions-policy: camera=()".to_owned()));
    }
    assert!(!answer(&layer, &[]).await.contains(&"permissions-policy: camera=()".to_owned()));
    let lines = answer(&layer.report_only(true), &[("content-type", "text/html")]).await;
    assert!(lines.iter().any(|line| line.starts_with("content-security-policy-report-only: default-src 'self'")));
    assert!(!lines.iter().any(|line| line.starts_with("content-security-policy:")));
}

#[tokio::test]
async fn middys_set_can_be_had() {
    let layer = SecurityHeadersLayer::new()
        .content_security_policy(ContentSecurityPolicy::strict())
        .permissions_policy(SecurityHeadersLayer::DENY_FEATURES)
        .documents_only(false)
        .report_to("default", "https://default.example.com", false);
    let lines = answer(&layer, &[]).await;
    assert_eq!(lines.len(), 14);
    for line in [
        "content-security-policy: default-src 'report-sample' 'report-sha256'; base-uri 'none'; form-action 'none'; frame-ancestors \
         'none'; report-to default; require-trusted-types-for 'script'; sandbox; upgrade-insecure-requests",
        "report-to: { \"group\": \"default\", \"max_age\": 31536000, \"endpoints\": [ { \"url\": \"https://default.example.com\" } ], \
         \"include_subdomains\": false }",
    ] {
        assert!(lines.contains(&line.to_owned()), "{lines:?}");
    }
    let permissions = lines.iter().find(|line| line.starts_with("permissions-policy: accelerometer=(), ")).unwrap();
    assert_eq!(permissions.matches("=()").count(), 43);
    assert!(!permissions.contains("  "));
}

#[tokio::test]
async fn the_handlers_own_headers_stay_and_the_servers_name_goes() {
    let own =
        &[("x-frame-options", "SAMEORIGIN"), ("server", "warp"), ("x-powered-by", "Rust"), ("X-Powered-By", "tower")];
    let lines = answer(&SecurityHeadersLayer::api(), own).await;
    assert_eq!(
        lines,
        [
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: no-referrer",
            "strict-transport-security: max-age=15552000; includeSubDomains",
            "x-content-type-options: nosniff",
            "x-frame-options: SAMEORIGIN",
        ]
    );
    let lines = answer(&SecurityHeadersLayer::api().hide_server(false), own).await;
    assert!(lines.contains(&"server: warp".to_owned()));
}

#[tokio::test]
async fn each_header_can_be_set_and_left_out() {
    let layer = SecurityHeadersLayer::new()
        .strict_transport_security(Hsts::new(Duration::from_secs(60)).include_subdomains(false))
        .frame_options("SAMEORIGIN")
        .referrer_policy("no-referrer, strict-origin")
        .cross_origin_opener_policy("unsafe-none")
        .cross_origin_embedder_policy("credentialless")
        .cross_origin_resource_policy("cross-origin")
        .origin_agent_cluster(false)
        .dns_prefetch_control(true)
        .permitted_cross_domain_policies("master-only")
        .disable_xss_filter()
        .reporting_endpoint("default", "https://reports.example.com/a?b=1")
        .reporting_endpoint("csp", "/reports")
        .without(DOWNLOAD_OPTIONS)
        .without(header::X_CONTENT_TYPE_OPTIONS)
        .without(header::CONTENT_SECURITY_POLICY);
    assert_eq!(
        answer(&layer, &[("content-type", "text/html")]).await,
        [
            "content-type: text/html",
            "cross-origin-embedder-policy: credentialless",
            "cross-origin-opener-policy: unsafe-none",
            "cross-origin-resource-policy: cross-origin",
            "origin-agent-cluster: ?0",
            "referrer-policy: no-referrer, strict-origin",
            "reporting-endpoints: default=\"https://reports.example.com/a?b=1\", csp=\"/reports\"",
            "strict-transport-security: max-age=60",
            "x-dns-prefetch-control: on",
            "x-frame-options: SAMEORIGIN",
            "x-permitted-cross-domain-policies: master-only",
            "x-xss-protection: 0",
        ]
    );
}

#[tokio::test]
async fn an_error_of_the_inner_service_passes() {
    let service = SecurityHeadersLayer::new().layer(service_fn(async |_: Request<()>| Err::<Response<()>, _>("down")));
    assert_eq!(service.oneshot(Request::new(())).await.unwrap_err(), "down");
}

#[test]
fn a_value_that_browsers_ignore_is_an_error() {
    let new = SecurityHeadersLayer::new;
    for (layer, text) in [
        (new().frame_options("ALLOW-FROM https://a.example"), "`x-frame-options`: use one of `DENY`, `SAMEORIGIN`"),
        (new().referrer_policy("no-referrer, never"), "`referrer-policy`"),
        (new().referrer_policy(""), "`referrer-policy`"),
        (new().cross_origin_opener_policy("same-site"), "`cross-origin-opener-policy`"),
        (new().cross_origin_embedder_policy("require_corp"), "`cross-origin-embedder-policy`"),
        (new().cross_origin_resource_policy("*"), "`cross-origin-resource-policy`"),
        (new().permitted_cross_domain_policies("any"), "`x-permitted-cross-domain-policies`"),
        (new().permissions_policy("camera=()\r\nset-cookie: a=b"), "visible ASCII"),
        (new().content_security_policy("img-src a, b"), "`content-security-policy`"),
        (new().content_security_policy(""), "use directives"),
        (new().reporting_endpoint("Default", "https://a.example"), "`reporting-endpoints`"),
        (new().reporting_endpoint("default", "http://a.example"), "use a name"),
        (new().reporting_endpoint("default", "https://a.example/\"x"), "use a name"),
        (new().report_to("a\"b", "https://a.example", true), "`report-to`"),
        (new().report_to("default", "/reports", true), "`report-to`"),
    ] {
        let error = layer.check().unwrap_err().to_string();
        assert!(error.starts_with("security headers: ") && error.contains(text), "{error}");
        let panic = catch_unwind(AssertUnwindSafe(|| drop(layer.layer(())))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>(), Some(&error));
    }
}

#[test]
fn the_first_mistake_is_reported() {
    let error = SecurityHeadersLayer::new().frame_options("no").referrer_policy("no").check().unwrap_err();
    assert!(error.to_string().contains("x-frame-options"));
}

#[tokio::test]
async fn it_fits_an_axum_router() {
    let router = axum::Router::<()>::new().layer(SecurityHeadersLayer::new());
    let request = Request::new(axum_core::body::Body::empty());
    assert_eq!(router.oneshot(request).await.unwrap().headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn a_rejection_has_the_headers() {
    use crate::http::HttpError;
    use axum_core::response::IntoResponse;

    let handler =
        service_fn(async |_: Request<()>| Ok::<_, Infallible>(HttpError::unprocessable_entity("no").into_response()));
    let answer = SecurityHeadersLayer::api().layer(handler).oneshot(Request::new(())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
}

fn policies(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).filter(|line| line.starts_with("content-security-policy")).collect()
}

#[tokio::test]
async fn a_page_with_its_own_policy_gets_no_second_one_of_either_header() {
    let strict = ContentSecurityPolicy::strict();
    for layer in [
        SecurityHeadersLayer::new(),
        SecurityHeadersLayer::new().report_only(true),
        SecurityHeadersLayer::new().content_security_policy(strict.clone()).documents_only(false),
        SecurityHeadersLayer::new().content_security_policy(strict).report_only(true).documents_only(false),
    ] {
        let lines =
            answer(&layer, &[("content-type", "text/html"), ("content-security-policy", "img-src data:")]).await;
        assert_eq!(policies(&lines), ["content-security-policy: img-src data:"], "{layer:?}");
        let reports = &[("content-type", "text/html"), ("content-security-policy-report-only", "img-src data:")];
        let lines = answer(&layer, reports).await;
        assert_eq!(policies(&lines), ["content-security-policy-report-only: img-src data:"], "{layer:?}");
    }
}
