use super::*;
use crate::http::{Json, StatusCode};
use serde_json::{Value, json};
use std::convert::Infallible;
use tower::{ServiceExt, service_fn};

fn kept(list: &str, whole: Value) -> Value {
    let text = Mask::parse(list).unwrap().apply(whole.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn members_are_kept_by_name_path_group_and_star() {
    let user = json!({ "id": 1, "name": "Ada", "home": { "city": "London", "zip": "W1" }, "work": { "city": "Bath" } });
    assert_eq!(kept("id,name", user.clone()), json!({ "id": 1, "name": "Ada" }));
    assert_eq!(kept("home/city", user.clone()), json!({ "home": { "city": "London" } }));
    assert_eq!(kept("home(city,zip),work/city", user.clone()), json!({ "home": user["home"], "work": user["work"] }));
    assert_eq!(
        kept("*/city", user.clone()),
        json!({ "home": { "city": "London" }, "work": { "city": "Bath" } }),
        "only an object has a city"
    );
    assert_eq!(kept("home/zip,home/city", user.clone()), json!({ "home": user["home"] }));
    assert_eq!(kept("home/zip,home", user.clone()), json!({ "home": user["home"] }));
    assert_eq!(kept("*,home/zip", user.clone()), user);
    assert_eq!(kept("age,home/street", user), json!({ "home": {} }));
}

#[test]
fn arrays_are_looked_through_and_null_stays() {
    let list = json!([{ "id": 1, "tags": ["a", "b"] }, { "id": 2, "tags": null }, 3]);
    assert_eq!(kept("id", list.clone()), json!([{ "id": 1 }, { "id": 2 }]));
    assert_eq!(kept("tags", list), json!([{ "tags": ["a", "b"] }, { "tags": null }, ]));
    let page = json!({ "items": [{ "price": { "net": 1.50, "gross": 2 } }], "none": [], "next": null });
    assert_eq!(
        kept("items(price/net),none/x,next/x", page),
        json!({ "items": [{ "price": { "net": 1.5 } }], "none": [], "next": null })
    );
}

#[test]
fn what_is_kept_is_written_as_it_was() {
    let text = br#"{"z": 1.10, "a\"b": "\u00e4", "big": 123456789012345678901234567890, "x": 0}"#;
    let part = Mask::parse("z,a\"b,big").unwrap().apply(text).unwrap();
    let expected = r#"{"z":1.10,"a\"b":"\u00e4","big":123456789012345678901234567890}"#;
    assert_eq!(String::from_utf8(part).unwrap(), expected);
}

#[test]
fn special_characters_are_escaped() {
    let odd = json!({ "a/b": 1, "*": 2, "a,b": 3, "(x)": 4, "\\": 5, "c": 6 });
    assert_eq!(kept(r"a\/b,\*,a\,b,\(x\),\\", odd), json!({ "a/b": 1, "*": 2, "a,b": 3, "(x)": 4, "\\": 5 }));
}

#[test]
fn an_invalid_list_is_rejected_and_a_bare_value_is_kept() {
    for list in ["a,", ",a", "a//b", "a(b", "a)", "a(b)c", "a(b)/c", "()", "a\\", "(", " "] {
        assert!(Mask::parse(list).is_err(), "{list}");
    }
    assert!(Mask::parse(&"a/".repeat(101)).is_err());
    assert!(Mask::parse(&"a,".repeat(2000)).is_err());
    assert!(Mask::parse(&format!("{}a", "a/".repeat(100))).is_ok());
    assert!(Mask::parse(&format!("{}a", "a(".repeat(1000))).is_err());
    assert_eq!(kept("a", json!("text")), json!("text"));
    assert!(Mask::parse("a").unwrap().apply(b"{\"a\":1} 2").is_err());
}

async fn ask(uri: &str, response: fn() -> Response) -> (StatusCode, String) {
    let function = service_fn(move |_: Request<Body>| async move { Ok::<_, Infallible>(response()) });
    let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
    let response = PartialResponseLayer::new().layer(function).oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn user() -> Response {
    Json(json!({ "id": 1, "name": "Ada" })).into_response()
}

#[tokio::test]
async fn the_caller_gets_what_it_asks_for_and_all_if_it_does_not_ask() {
    assert_eq!(ask("/?fields=name", user).await.1, r#"{"name":"Ada"}"#);
    assert_eq!(ask("/?a=b&fields=na%6De&fields=id", user).await.1, r#"{"id":1,"name":"Ada"}"#);
    for uri in ["/", "/?fields=", "/?fieldsets=x", "/?x=fields"] {
        assert_eq!(ask(uri, user).await.1, r#"{"id":1,"name":"Ada"}"#, "{uri}");
    }
}

#[tokio::test]
async fn an_invalid_list_is_a_400_before_the_function_runs() {
    let (status, body) = ask("/?fields=a(b", || panic!("it ran")).await;
    assert_eq!(status, 400);
    assert!(body.contains("invalid query parameter `fields`: missing `)`"), "{body}");
}

#[tokio::test]
async fn errors_text_streams_and_encoded_bodies_are_kept_whole() {
    let whole: [fn() -> Response; 5] = [
        || HttpError::not_found("there is no user 7").into_response(),
        || "{\"id\":1}".into_response(),
        || ([("content-type", "application/json")], "no json").into_response(),
        || ([("content-type", "application/json"), ("content-encoding", "gzip")], "{\"id\":1}").into_response(),
        || {
            let stream = futures_util::stream::iter([Ok::<_, Infallible>("{\"id\":1}")]);
            ([("content-type", "application/json")], Body::from_stream(stream)).into_response()
        },
    ];
    for response in whole {
        let all = response().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(ask("/?fields=name", response).await.1.as_bytes(), all);
    }
}
