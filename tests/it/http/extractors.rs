//! The arguments of a function, from an event to the response.

mod authorizers;

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use base64::Engine as _;
use garde::Validate;
use pilaster::http::headers::{Authorization, UserAgent, authorization::Bearer};
use pilaster::http::{
    Claims, Form, HttpError, IntoResponse, Multipart, Path, Query, RequestContext, StatusCode, TypedHeader, Valid,
};
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, Validate)]
struct Page {
    #[garde(range(min = 1))]
    page: u32,
    #[garde(skip)]
    #[serde(default)]
    tag: Vec<String>,
}

/// `POST /p`, or without a body and with a query `GET /p`.
fn request(content_type: &str, body: &str, query: &str) -> Value {
    let mut event = smallest("http api");
    event["rawQueryString"] = json!(query);
    if !content_type.is_empty() {
        event["headers"]["content-type"] = json!(content_type);
    }
    if !body.is_empty() {
        event["body"] = json!(body);
    } else if content_type.is_empty() {
        event["requestContext"]["http"]["method"] = json!("GET");
    }
    event
}

async fn asked<R: RawService>(caller: &Caller<R>, event: &Value) -> (u64, Value) {
    let answer = call(caller, &event.to_string()).await.unwrap();
    let text = answer["body"].as_str().unwrap();
    let body = serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or_else(|| json!(text));
    (answer["statusCode"].as_u64().unwrap(), body)
}

const FORM: &str = "application/x-www-form-urlencoded";

/// `Some`, `None` or the status of the rejection.
fn described<T>(value: Result<Option<T>, Rejection>) -> String {
    match value {
        Ok(Some(_)) => "some".to_owned(),
        Ok(None) => "none".to_owned(),
        Err(rejection) => rejection.status().as_u16().to_string(),
    }
}

type Asked<T> = Result<Option<T>, Rejection>;

#[tokio::test]
async fn each_extractor_can_be_optional_and_tell_its_rejection() {
    let of_body = Caller::new(pilaster::handler(async |body: Asked<Json<Page>>| described(body)));
    let of_form = Caller::new(pilaster::handler(async |body: Asked<Form<Page>>| described(body)));
    let of_parts = Caller::new(pilaster::handler(async |body: Asked<Multipart>| described(body)));
    let of_query = Caller::new(pilaster::handler(async |query: Asked<Query<Page>>| described(query)));
    let of_path = Caller::new(pilaster::handler(async |path: Asked<Path<u32>>| described(path)));
    let of_claims = Caller::new(pilaster::handler(async |claims: Asked<Claims<Page>>| described(claims)));
    let with = |field: &str, value: Value| {
        let mut event = request("", "", "");
        match field {
            "claims" => event["requestContext"]["authorizer"] = json!({ "lambda": value }),
            field => event[field] = value,
        }
        event
    };

    let json = "application/json";
    for (body, outcome) in [(r#"{"page":1}"#, "some"), (r#"{"page":-1}"#, "422"), ("{", "400")] {
        assert_eq!(asked(&of_body, &request(json, body, "")).await.1, outcome);
    }
    assert_eq!(asked(&of_body, &request("text/plain", "{}", "")).await.1, "415");
    assert_eq!(asked(&of_body, &request("", "", "")).await.1, "none");

    for (body, outcome) in [("page=1", "some"), ("page=-1", "422"), ("tag=a", "422")] {
        assert_eq!(asked(&of_form, &request(FORM, body, "")).await.1, outcome);
    }
    assert_eq!(asked(&of_form, &request(json, "{}", "")).await.1, "415");
    assert_eq!(asked(&of_form, &request("", "", "")).await.1, "none");
    assert_eq!(asked(&of_form, &request("", "", "page=x")).await.1, "400");

    assert_eq!(asked(&of_parts, &request("multipart/form-data; boundary=x", "--x--", "")).await.1, "some");
    assert_eq!(asked(&of_parts, &request("multipart/form-data", "--x--", "")).await.1, "400");
    assert_eq!(asked(&of_parts, &request(FORM, "a=b", "")).await.1, "415");
    assert_eq!(asked(&of_parts, &request("", "", "")).await.1, "none");

    for (query, outcome) in [("page=1", "some"), ("page=-1", "400"), ("", "none")] {
        assert_eq!(asked(&of_query, &request("", "", query)).await.1, outcome);
    }
    for (params, outcome) in [(json!({ "id": "7" }), "some"), (json!({ "id": "x" }), "400"), (Value::Null, "none")] {
        assert_eq!(asked(&of_path, &with("pathParameters", params)).await.1, outcome);
    }
    for (claims, outcome) in [(json!({ "page": "7" }), "some"), (json!({ "page": "x" }), "403"), (Value::Null, "none")]
    {
        assert_eq!(asked(&of_claims, &with("claims", claims)).await.1, outcome);
    }
}

/// The problem's status and its fields as `pointer: detail`.
fn problem((status, problem): (u64, Value)) -> (u64, Vec<String>) {
    let field =
        |field: &Value| format!("{}: {}", field["pointer"].as_str().unwrap(), field["detail"].as_str().unwrap());
    (status, problem["errors"].as_array().into_iter().flatten().map(field).collect())
}

#[tokio::test]
async fn a_valid_value_is_checked_wherever_it_comes_from() {
    let json = Caller::new(pilaster::handler(async |Valid(Json(page)): Valid<Json<Page>>| page.page.to_string()));
    let form = Caller::new(pilaster::handler(async |Valid(Form(page)): Valid<Form<Page>>| page.tag.join(" ")));
    // Not last: it does not take the body.
    let query = Caller::new(pilaster::handler(async |page: Valid<Query<Page>>, _: Bytes| page.page.to_string()));
    let path = Caller::new(pilaster::handler(async |Valid(Path(page)): Valid<Path<Page>>| page.page.to_string()));

    let of_json = |body| request("application/json", body, "");
    assert_eq!(asked(&json, &of_json(r#"{"page":1}"#)).await, (200, json!("1")));
    let rule = vec!["/page: must be at least 1".to_owned()];
    assert_eq!(problem(asked(&json, &of_json(r#"{"page":0}"#)).await), (422, rule.clone()));
    assert_eq!(problem(asked(&json, &of_json(r#"{}"#)).await), (422, vec!["/page: is missing".to_owned()]));
    assert_eq!(asked(&json, &of_json("{")).await.0, 400);

    assert_eq!(asked(&form, &request(FORM, "page=1&tag=a&tag=b", "")).await, (200, json!("a b")));
    assert_eq!(problem(asked(&form, &request(FORM, "page=0", "")).await), (422, rule.clone()));

    assert_eq!(asked(&query, &request("", "", "page=1")).await, (200, json!("1")));
    assert_eq!(problem(asked(&query, &request("", "", "page=0")).await), (400, rule.clone()));

    let mut event = request("", "", "");
    event["pathParameters"] = json!({ "page": "0" });
    assert_eq!(problem(asked(&path, &event).await), (400, rule));
}

#[tokio::test]
async fn every_source_has_its_body_as_form_or_as_json() {
    let form = Caller::new(pilaster::handler(async |Form(page): Form<Page>| format!("{page:?}")));
    let json = Caller::new(pilaster::handler(async |Json(page): Json<Page>| format!("{page:?}")));
    let expected = (200, json!(r#"Page { page: 1, tag: ["é"] }"#));
    for source in SOURCES {
        let mut event = smallest(source);
        let headers = if source == "alb multi" { "multiValueHeaders" } else { "headers" };
        event[headers]["Content-Type"] = json!([format!("{FORM}; charset=utf-8")]);
        event["body"] = json!("page=1&tag=%C3%A9");
        assert_eq!(asked(&form, &event).await, expected, "{source}");
        event["body"] = json!(base64::engine::general_purpose::STANDARD.encode("page=1&tag=%C3%A9"));
        event["isBase64Encoded"] = json!(true);
        assert_eq!(asked(&form, &event).await, expected, "{source}");

        event[headers]["Content-Type"] = json!(["application/vnd.api+json"]);
        event["body"] = json!(base64::engine::general_purpose::STANDARD.encode(r#"{"page":1,"tag":["é"]}"#));
        assert_eq!(asked(&json, &event).await, expected, "{source}");
    }
}

#[tokio::test]
async fn a_body_above_six_megabytes_is_a_413() {
    let json = Caller::new(pilaster::handler(async |Json(text): Json<String>| text.len().to_string()));
    let fits = format!("\"{}\"", "a".repeat(6 * 1024 * 1024 - 2));
    assert_eq!(asked(&json, &request("application/json", &fits, "")).await, (200, json!("6291454")));
    assert_eq!(asked(&json, &request("application/json", &format!("{fits} "), "")).await.0, 413);
    let form = Caller::new(pilaster::handler(async |Form(page): Form<Page>| page.page.to_string()));
    assert_eq!(asked(&form, &request(FORM, &fits.repeat(2), "")).await.0, 413);
}

async fn upload(mut parts: Multipart) -> Result<String, HttpError> {
    let mut described = Vec::new();
    while let Some(part) = parts.next_field().await? {
        let (name, file) = (part.name().map(str::to_owned), part.file_name().map(str::to_owned));
        described.push(format!("{name:?} {file:?} {:?}", part.bytes().await?));
    }
    Ok(described.join("\n"))
}

#[tokio::test]
async fn a_file_arrives_as_the_bytes_that_were_sent() {
    let caller = Caller::new(pilaster::handler(upload));
    let mut sent = b"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\n".to_vec();
    sent.extend_from_slice(b"\x89PNG\r\n\xFF\r\n--x--\r\n");
    let mut event = request("multipart/form-data; boundary=x", "", "");
    event["body"] = json!(base64::engine::general_purpose::STANDARD.encode(&sent));
    event["isBase64Encoded"] = json!(true);
    let described = format!(r#"Some("f") Some("a.png") {:?}"#, Bytes::from_static(b"\x89PNG\r\n\xFF"));
    assert_eq!(asked(&caller, &event).await, (200, json!(described)));

    event["isBase64Encoded"] = json!(false);
    let (status, problem) = asked(&caller, &event).await;
    assert_eq!((status, &problem["detail"]), (400, &json!("the request body is not valid `multipart/form-data`")));
}

#[tokio::test]
async fn typed_headers_work() {
    async fn who(
        TypedHeader(agent): TypedHeader<UserAgent>,
        bearer: Option<TypedHeader<Authorization<Bearer>>>,
    ) -> impl IntoResponse {
        (TypedHeader(pilaster::http::headers::ContentType::text_utf8()), format!("{agent} {}", bearer.is_some()))
    }
    let caller = Caller::new(pilaster::handler(who));
    let mut event = request("", "", "");
    assert_eq!(asked(&caller, &event).await.0, 400);
    event["headers"]["user-agent"] = json!("curl/8");
    assert_eq!(asked(&caller, &event).await, (200, json!("curl/8 false")));
    event["headers"]["authorization"] = json!("Bearer abc");
    assert_eq!(asked(&caller, &event).await, (200, json!("curl/8 true")));
}

#[tokio::test]
async fn cookies_of_axum_extra_go_in_and_out() {
    async fn visit(jar: CookieJar) -> (CookieJar, String) {
        let visits = jar.get("visits").and_then(|cookie| cookie.value().parse::<u32>().ok()).unwrap_or_default() + 1;
        (jar.add(Cookie::new("visits", visits.to_string())).add(Cookie::new("seen", "yes")), visits.to_string())
    }
    let caller = Caller::new(pilaster::handler(visit));
    let mut event = request("", "", "");
    event["cookies"] = json!(["a=b", "visits=41"]);
    let answer = call(&caller, &event.to_string()).await.unwrap();
    assert_eq!(answer["body"], "42");
    let mut cookies = answer["cookies"].as_array().unwrap().clone();
    cookies.sort_by_key(ToString::to_string);
    assert_eq!(cookies, ["seen=yes", "visits=42"]);
}

#[tokio::test]
async fn a_query_of_axum_extra_works() {
    async fn list(axum_extra::extract::Query(page): axum_extra::extract::Query<Page>) -> String {
        format!("{} {}", page.page, page.tag.join(" "))
    }
    let caller = Caller::new(pilaster::handler(list));
    assert_eq!(asked(&caller, &request("", "", "page=1&tag=a&tag=b")).await, (200, json!("1 a b")));
    assert_eq!(asked(&caller, &request("", "", "page=x")).await.0, 400);
}

#[tokio::test]
async fn a_route_without_the_parameter_is_an_opaque_500() {
    let caller = Caller::new(pilaster::handler(async |Path(id): Path<u64>| id.to_string()));
    let (status, problem) = asked(&caller, &request("", "", "")).await;
    assert_eq!(status, 500);
    assert_eq!(problem, json!({ "title": "Internal Server Error", "status": 500 }));
}

#[tokio::test]
async fn a_handler_of_eight_arguments_is_one() {
    #[allow(clippy::too_many_arguments)]
    async fn all(
        kind: EventKind,
        _: RequestContext,
        _: pilaster::Invocation,
        _: Method,
        _: Uri,
        _: HeaderMap,
        _: Option<Query<Page>>,
        body: String,
    ) -> (StatusCode, String) {
        (StatusCode::ACCEPTED, format!("{kind:?} {body}"))
    }
    let answer = asked(&Caller::new(pilaster::handler(all)), &request("text/plain", "x", "")).await;
    assert_eq!(answer, (202, json!("HttpApi x")));
}

#[tokio::test]
async fn an_empty_websocket_message_is_json_that_is_missing() {
    async fn number(Json(number): Json<u8>) -> String {
        number.to_string()
    }
    let caller = Caller::new(pilaster::handler(number));
    let (status, problem) = asked(&caller, &smallest("websocket")).await;
    assert_eq!((status, &problem["detail"]), (400, &json!("the request body must not be empty")));
}

#[tokio::test]
async fn a_compressed_body_is_a_415_that_says_what_is_taken() {
    async fn number(Json(number): Json<u8>) -> String {
        number.to_string()
    }
    let caller = Caller::new(pilaster::handler(number));
    let request = pilaster::testing::http::post("/").header("content-encoding", "gzip").json(1);
    let answer = caller.send(request).await.unwrap();
    assert_eq!((answer.status(), answer.header("accept-encoding")), (415, Some("identity")));
    assert_eq!(answer.json::<Value>().unwrap()["detail"], "compressed request bodies are not supported");
}
