//! Base paths in events, through whole functions.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, RawEvent};
use crate::function::into_service::IntoService;
use crate::http::{Created, Path, RequestContext, Stack};

/// Calls a function with an event.
async fn called(function: impl IntoService, event: &Value) -> Value {
    let event = RawEvent::parse(event.to_string()).unwrap();
    let invocation = Invocation::new(lambda_runtime::Context::default());
    let answer = function.into_service().unwrap().oneshot(Incoming { event, invocation }).await.unwrap();
    serde_json::from_str(answer.as_json().unwrap().get()).unwrap()
}

/// Returns the path of the request, and the location of a resource.
async fn seen(uri: Uri, context: RequestContext) -> Created<String> {
    Created::at(context.with_base_path("/payment/7"), uri.path_and_query().unwrap().as_str().to_owned())
}

/// Returns the path of the request that an event becomes, and the location that the client gets.
async fn path_and_location(stack: Stack, event: &Value) -> (String, String) {
    let answer = called(crate::handler(seen).layer(stack), event).await;
    let headers = if answer["headers"].is_object() { &answer["headers"] } else { &answer["multiValueHeaders"] };
    let location = headers["location"].as_str().or(headers["location"][0].as_str()).unwrap();
    (serde_json::from_str(answer["body"].as_str().unwrap()).unwrap(), location.to_owned())
}

const OWN_DOMAIN: &str = "qeo6tqt75i.execute-api.eu-west-1.amazonaws.com";
const CUSTOM_DOMAIN: &str = "api.example.com";

fn rest(path: &str, resource: &str, parameters: Value, context_path: &str, domain: &str) -> Value {
    json!({
        "resource": resource, "path": path, "httpMethod": "GET", "headers": { "Host": domain },
        "multiValueHeaders": { "Host": [domain] }, "pathParameters": parameters,
        "requestContext": {
            "resourcePath": resource, "path": context_path, "stage": "default", "domainName": domain, "httpMethod": "GET",
        },
    })
}

fn http_api(path: &str, route: &str, parameters: Value, stage: &str, domain: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "", "headers": { "host": domain },
        "pathParameters": parameters,
        "requestContext": {
            "http": { "method": "GET", "path": path }, "routeKey": route, "stage": stage, "domainName": domain,
        },
    })
}

fn load_balancer(path: &str) -> Value {
    json!({
        "path": path, "httpMethod": "GET", "headers": { "host": CUSTOM_DOMAIN }, "queryStringParameters": { "a": "/v1" },
        "requestContext": { "elb": { "targetGroupArn": "arn" } },
    })
}

/// The events of one API with the routes `/payment` and `/payment/{invoice+}`, recorded in
/// <https://github.com/aws-powertools/powertools-lambda-python/pull/579> (REST API),
/// <https://github.com/localstack/localstack/pull/12296> (a mapping without a stage),
/// <https://github.com/aws/serverless-java-container/issues/112>,
/// <https://github.com/logandk/serverless-wsgi/issues/191> (HTTP API with a named stage) and
/// <https://github.com/CodeGenieApp/serverless-express/issues/465> (HTTP API behind a custom domain: the stage is in
/// place of what the mapping has). Each with the path of the request, and the client's URL of the API's root.
fn recorded() -> Vec<(Value, &'static str, &'static str)> {
    let invoice = || json!({ "invoice": "123456789-afekl-13456" });
    let v1 = |mut event: Value| {
        event["version"] = json!("1.0");
        event
    };
    vec![
        (rest("/payment/", "/payment", json!(null), "/default/payment/", OWN_DOMAIN), "/payment/", "/default"),
        (rest("/payment", "/payment", json!(null), "/default/payment", OWN_DOMAIN), "/payment", "/default"),
        (rest("/v1/payment", "/payment", json!(null), "/v1/payment", CUSTOM_DOMAIN), "/payment", "/v1"),
        (
            rest(
                "/v1/nested/payment/123456789-afekl-13456/",
                "/payment/{invoice+}",
                invoice(),
                "/v1/nested/payment/123456789-afekl-13456/",
                CUSTOM_DOMAIN,
            ),
            "/payment/123456789-afekl-13456/",
            "/v1/nested",
        ),
        // Mapped without a base path, and with neither base path nor stage.
        (rest("/payment", "/payment", json!(null), "/payment", CUSTOM_DOMAIN), "/payment", ""),
        (rest("/default/payment", "/payment", json!(null), "/default/payment", CUSTOM_DOMAIN), "/payment", "/default"),
        // Mapped with a base path and without a stage.
        (
            rest(
                "/service/default/test",
                "/{proxy+}",
                json!({ "proxy": "test" }),
                "/service/default/test",
                CUSTOM_DOMAIN,
            ),
            "/test",
            "/service/default",
        ),
        // The root, with and without the slash at its end.
        (rest("/", "/", json!(null), "/default/", OWN_DOMAIN), "/", "/default"),
        (rest("/", "/", json!(null), "/default", OWN_DOMAIN), "/", "/default"),
        (rest("/v1", "/", json!(null), "/v1", CUSTOM_DOMAIN), "/", "/v1"),
        (rest("/v1/", "/", json!(null), "/v1/", CUSTOM_DOMAIN), "/", "/v1"),
        // HTTP API, payload 1.0, called by its stage.
        (v1(rest("/default/payment", "/payment", json!(null), "/default/payment", OWN_DOMAIN)), "/payment", "/default"),
        // HTTP API, payload 2.0.
        (http_api("/payment", "GET /payment", json!(null), "$default", OWN_DOMAIN), "/payment", ""),
        (http_api("/dev/payment", "GET /payment", json!(null), "dev", OWN_DOMAIN), "/payment", "/dev"),
        (
            http_api("/dev/agents/1234", "ANY /agents/{proxy+}", json!({ "proxy": "1234" }), "dev", OWN_DOMAIN),
            "/agents/1234",
            "/dev",
        ),
        (http_api("/dev/payment", "$default", json!(null), "dev", OWN_DOMAIN), "/payment", "/dev"),
        (http_api("/dev", "$default", json!(null), "dev", OWN_DOMAIN), "/", "/dev"),
        (http_api("/dev/payment", "GET /payment", json!(null), "dev", CUSTOM_DOMAIN), "/payment", ""),
        (http_api("/dev/payment", "$default", json!(null), "dev", CUSTOM_DOMAIN), "/payment", ""),
        (http_api("/payment", "$default", json!(null), "$default", CUSTOM_DOMAIN), "/payment", ""),
        // As some emulators have it.
        (http_api("/v1/payment", "GET /payment", json!(null), "$default", CUSTOM_DOMAIN), "/payment", "/v1"),
    ]
}

#[tokio::test]
async fn the_same_route_matches_and_a_location_keeps_the_base_path() {
    for (event, path, base) in recorded() {
        let (own, location) = path_and_location(Stack::new(), &event).await;
        assert_eq!((own.as_str(), location), (path, format!("{base}/payment/7")), "{event}");
        let (auto, _) =
            path_and_location(Stack::new().base_path(BasePath::Keep).base_path(BasePath::Auto), &event).await;
        assert_eq!(auto, path, "{event}");
    }
}

#[tokio::test]
async fn a_router_of_the_apis_own_routes_serves_each_mapping() {
    let router = Router::new()
        .route("/payment", get(async || "all"))
        .route("/payment/{invoice}", get(async |Path(invoice): Path<String>| invoice));
    for (event, path, _) in recorded() {
        let expected = match path.split('/').nth(2) {
            None if path == "/payment" => "all",
            Some(invoice) if path == format!("/payment/{invoice}") && !invoice.is_empty() => invoice,
            _ => continue,
        };
        let answer = called(crate::http::service(router.clone()).layer(Stack::new()), &event).await;
        assert_eq!(answer["body"], expected, "{event}");
    }
}

#[tokio::test]
async fn the_path_of_the_event_can_be_kept() {
    for (event, _, base) in recorded() {
        let whole = event["rawPath"].as_str().or(event["path"].as_str()).unwrap();
        let (own, location) = path_and_location(Stack::new().base_path(BasePath::Keep), &event).await;
        // A REST API's stage is not in the path of the event.
        let before =
            if event["requestContext"]["path"] == format!("{base}{whole}") || whole == "/" { base } else { "" };
        assert_eq!((own.as_str(), location), (whole, format!("{before}/payment/7")), "{event}");
    }
    let mut query = http_api("/dev/a b", "$default", json!(null), "dev", OWN_DOMAIN);
    query["rawQueryString"] = json!("q=/dev");
    let (own, _) = path_and_location(Stack::new().base_path(BasePath::Keep), &query).await;
    assert_eq!(own, "/dev/a%20b?q=/dev");
    let only = Stack::new().base_path(BasePath::Keep).base_path("dev/a b");
    assert_eq!(path_and_location(only, &query).await, ("/?q=/dev".to_owned(), "/dev/a%20b/payment/7".to_owned()));
}

#[tokio::test]
async fn listed_base_paths_are_removed_where_the_event_names_no_route() {
    let stack = || Stack::new().base_path(["v1", "/v1/nested/"]);
    for (path, expected, base) in [
        ("/v1/payment", "/payment", "/v1"),
        ("/v1/nested/payment", "/payment", "/v1/nested"),
        ("/v1/nestedx", "/nestedx", "/v1"),
        ("/payment", "/payment", ""),
        ("/v1", "/", "/v1"),
        ("/v1/", "/", "/v1"),
        ("/v1/a%2Fb", "/a%2Fb", "/v1"),
        ("/v10/x", "/v10/x", ""),
        ("/V1/x", "/V1/x", ""),
        ("/v1%2Fx", "/v1%2Fx", ""),
        ("//v1/x", "//v1/x", ""),
        ("/v1//x", "//x", "/v1"),
        ("/./v1/x", "/./v1/x", ""),
        ("/v1/../x", "/../x", "/v1"),
        ("/x/v1", "/x/v1", ""),
        ("/", "/", ""),
        ("", "/", ""),
        // Without a slash at its beginning, it gets one.
        ("v1/x", "/x", "/v1"),
        ("v10", "/v10", ""),
    ] {
        let expected_of_query = (format!("{expected}?a=/v1"), format!("{base}/payment/7"));
        assert_eq!(path_and_location(stack(), &load_balancer(path)).await, expected_of_query, "{path}");
        // A function URL and an HTTP API without named routes; the latter decodes the path.
        for domain in ["u1.lambda-url.eu-west-1.on.aws", OWN_DOMAIN] {
            let (own, _) =
                path_and_location(stack(), &http_api(path, "$default", json!(null), "$default", domain)).await;
            let decoded = if domain == OWN_DOMAIN { expected.replace('%', "%25") } else { expected.to_owned() };
            assert_eq!(own, decoded, "{path} {domain}");
        }
    }
    // It is gone before the layer sees it, and is not removed twice.
    let mapped = rest("/v1/payment", "/payment", json!(null), "/v1/payment", CUSTOM_DOMAIN);
    assert_eq!(path_and_location(stack(), &mapped).await, ("/payment".to_owned(), "/v1/payment/7".to_owned()));
    // A REST API's own domain, with a route that the function does not have: stage and base path are both in the URL.
    let proxied = rest("/v1/a", "/{proxy+}", json!({ "proxy": "v1/a" }), "/default/v1/a", OWN_DOMAIN);
    assert_eq!(path_and_location(stack(), &proxied).await, ("/a".to_owned(), "/default/v1/payment/7".to_owned()));
}

#[tokio::test]
async fn a_hostile_path_is_left_as_it_is() {
    for (path, route, parameters) in [
        ("/v10payment", "/payment", json!(null)),
        ("//payment", "/payment", json!(null)),
        ("//v1/payment", "/payment", json!(null)),
        ("/v1//payment", "/payment", json!(null)),
        ("/../payment", "/payment", json!(null)),
        ("/./payment", "/payment", json!(null)),
        ("/v1/../payment", "/payment", json!(null)),
        ("/v1%2Fpayment", "/payment", json!(null)),
        ("/v%31/payment", "/payment", json!(null)),
        ("/v1\\payment", "/payment", json!(null)),
        ("/PAYMENT", "/payment", json!(null)),
        ("/v1/payment/x", "/payment", json!(null)),
        ("/v1/payment/x", "/payment/{id}", json!(null)),
        ("/v1/payment/x", "/payment/{id}", json!({ "id": "y" })),
        ("/v1/payment/x", "/payment/{id}", json!({ "id": "" })),
        ("/v1/a%2Fb", "/{proxy+}", json!({ "proxy": "c" })),
        ("/v1/x", "{proxy+}", json!({ "proxy": "x" })),
        ("/v1/x", "$default", json!({ "proxy": "x" })),
        ("/v1/x", "", json!({ "proxy": "x" })),
    ] {
        let event = rest(path, route, parameters.clone(), path, CUSTOM_DOMAIN);
        let (own, location) = path_and_location(Stack::new(), &event).await;
        assert_eq!((own.as_str(), location.as_str()), (path, "/payment/7"), "{path} {route}");
        if !route.starts_with('/') {
            continue;
        }
        let event = http_api(path, &format!("GET {route}"), parameters, "$default", CUSTOM_DOMAIN);
        let (own, location) = path_and_location(Stack::new(), &event).await;
        assert_eq!((own, location.as_str()), (path.replace('%', "%25"), "/payment/7"), "{path} {route}");
    }
}

#[tokio::test]
async fn a_greedy_parameter_with_escapes_keeps_them() {
    for (path, proxy, own) in [
        ("/v1/a%2Fb", "a%2Fb", "/a%2Fb"),
        ("/v1/a%2Fb", "a/b", "/a%2Fb"),
        ("/v1/v1/v1", "v1/v1", "/v1/v1"),
        ("/v1/v1", "v1", "/v1"),
        ("/v1/a%20b/", "a b", "/a%20b/"),
        ("/v1/%C3%BC", "\u{fc}", "/%C3%BC"),
    ] {
        let event = rest(path, "/{proxy+}", json!({ "proxy": proxy }), path, CUSTOM_DOMAIN);
        let expected = (own.to_owned(), "/v1/payment/7".to_owned());
        assert_eq!(path_and_location(Stack::new(), &event).await, expected, "{path}");
    }
}

/// Removes the base path by counting: the segments that the path has more than the route, where a greedy parameter has
/// those of its value.
fn by_count(path: &str, route: &str, parameters: &Value) -> String {
    let segments = |text: &str| text.split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let of_route = route.split('/').skip(1).map(|segment| match segment.strip_suffix("+}") {
        Some(name) => parameters[name.trim_start_matches('{')].as_str().unwrap().split('/').count(),
        None => 1,
    });
    let all = segments(path);
    let own = &all[all.len() - of_route.sum::<usize>()..];
    format!("/{}", own.join("/"))
}

#[tokio::test]
async fn a_base_path_that_is_found_by_the_route_is_that_which_is_found_by_counting() {
    const ROUTES: [&str; 5] = ["/payment", "/payment/{id}", "/{id}/payment/{id2}", "/files/{proxy+}", "/{proxy+}"];
    const VALUES: [&str; 6] = ["7", "v1", "payment", "a.b", "a%2Fb", "\u{fc} +&"];
    const BASES: [&str; 6] = ["", "/v1", "/v1/nested", "/payment", "/files/v1", "/$-_.+!*'()"];
    const DECODED: &AsciiSet = &PATH.add(b'%');
    let mut count = 0;
    for route in ROUTES {
        for value in VALUES {
            for greedy in [value.to_owned(), format!("{value}/x"), format!("v1/{value}")] {
                let own = route.replace("{proxy+}", &greedy).replace("{id}", value).replace("{id2}", "v2");
                let parameters = json!({ "id": value, "id2": "v2", "proxy": greedy });
                for base in BASES {
                    let path = format!("{base}{own}");
                    assert_eq!(by_count(&path, route, &parameters), own);
                    let event = http_api(&path, &format!("ANY {route}"), parameters.clone(), "$default", CUSTOM_DOMAIN);
                    let (found, location) = path_and_location(Stack::new(), &event).await;
                    let escaped = utf8_percent_encode(&own, DECODED).to_string();
                    assert_eq!((found, location), (escaped, format!("{base}/payment/7")), "{path} {route}");
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 5 * 6 * 3 * 6);
}

#[tokio::test]
async fn only_a_path_of_this_api_gets_the_base_path() {
    async fn links(context: RequestContext) -> String {
        let of = ["/", "/a?b#c", "//other.example.com", "https://example.com/a", "a", ""];
        of.map(|path| context.with_base_path(path)).join(" ")
    }
    let mapped = rest("/v1/payment", "/payment", json!(null), "/v1/payment", CUSTOM_DOMAIN);
    let answer = called(crate::handler(links).layer(Stack::new()), &mapped).await;
    assert_eq!(answer["body"], "/v1/ /v1/a?b#c //other.example.com https://example.com/a a ");
}
