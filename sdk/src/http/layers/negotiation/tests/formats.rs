//! Formats: JSON, CSV and those of functions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;
use serde_json::json;

use super::*;
use crate::core::raw::{Incoming, RawEvent};
use crate::http::Stack;

#[derive(Clone, Serialize)]
struct Sale {
    article: String,
    sold: u64,
    discount: Option<f32>,
    state: State,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    PaidInFull,
}

fn sale(article: &str) -> Sale {
    Sale { article: article.to_owned(), sold: u64::MAX, discount: None, state: State::PaidInFull }
}

fn formats() -> NegotiationLayer {
    NegotiationLayer::new().format(JsonFormat).format(CsvFormat)
}

/// Returns the status, the media type and the body of a response to a value.
async fn answered<T: Serialize + Send + Sync + 'static>(
    layer: &NegotiationLayer,
    accept: &str,
    value: T,
) -> (u16, String, String) {
    let value = std::sync::Mutex::new(Some(value));
    let handler = service_fn(move |_: Request<Body>| {
        let value = value.lock().unwrap().take().unwrap();
        std::future::ready(Ok::<_, Infallible>(Negotiate(value).into_response()))
    });
    let request = Request::builder().header("accept", accept).body(Body::empty()).unwrap();
    let service = crate::http::ErrorLayer::new().layer(layer.layer(handler));
    let response = service.oneshot(request).await.unwrap();
    let media_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), media_type, text(response).await)
}

async fn csv<T: Serialize + Send + Sync + 'static>(value: T) -> String {
    let (status, media_type, body) = answered(&formats(), "text/csv", value).await;
    assert_eq!((status, media_type.as_str()), (200, "text/csv"), "{body}");
    body
}

#[tokio::test]
async fn the_client_chooses_the_format_before_the_function_runs() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    async fn report(method: http::Method) -> Result<Negotiate<Vec<Sale>>, HttpError> {
        CALLS.fetch_add(1, Ordering::Relaxed);
        match method {
            http::Method::GET => Ok(Negotiate(vec![sale("tea, green")])),
            _ => Err(HttpError::conflict("sold out")),
        }
    }
    let json = format!(r#"[{{"article":"tea, green","sold":{},"discount":null,"state":"paid-in-full"}}]"#, u64::MAX);
    let table = format!("article,sold,discount,state\r\n\"tea, green\",{},,paid-in-full\r\n", u64::MAX);
    let mut calls = 0;
    for (method, accept, status, media_type, body) in [
        ("GET", vec!["text/csv;q=0.9, application/json;q=0, */*;q=0.1"], 200, "text/csv", Some(&table)),
        ("GET", vec![], 200, "application/json", Some(&json)),
        ("GET", vec![""], 200, "application/json", Some(&json)),
        ("GET", vec!["*/*"], 200, "application/json", Some(&json)),
        ("GET", vec!["application/*"], 200, "application/json", Some(&json)),
        ("GET", vec!["application/json;q=0.5", "text/csv;header=present"], 200, "text/csv", Some(&table)),
        ("GET", vec!["text/csv;q=0, */*"], 200, "application/json", Some(&json)),
        ("GET", vec!["TEXT/*;q=0.1"], 200, "text/csv", Some(&table)),
        ("GET", vec!["image/png"], 406, "application/problem+json", None),
        ("GET", vec!["text/csv;q=0, application/json;q=0"], 406, "application/problem+json", None),
        ("GET", vec!["*/*;q=0"], 406, "application/problem+json", None),
        ("POST", vec!["text/csv"], 409, "application/problem+json", None),
        ("POST", vec!["text/csv;q=0.9, application/json;q=0, */*;q=0.1"], 409, "application/problem+json", None),
    ] {
        let event = json!({
            "path": "/", "httpMethod": method, "multiValueHeaders": { "Accept": accept },
            "requestContext": { "elb": {} },
        });
        let event = RawEvent::parse(event.to_string()).unwrap();
        let invocation = Invocation::new(lambda_runtime::Context::default());
        let service = crate::handler(report).layer(Stack::new().layer(formats())).into_service().unwrap();
        let answer = service.oneshot(Incoming { event, invocation }).await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(answer.as_json().unwrap().get()).unwrap();
        assert_eq!(answer["statusCode"], status, "{accept:?}: {answer}");
        assert_eq!(answer["multiValueHeaders"]["content-type"], json!([media_type]), "{accept:?}");
        assert_eq!(answer["multiValueHeaders"]["vary"], json!(["accept"]), "{accept:?}");
        assert!(body.is_none_or(|body| answer["body"] == **body), "{accept:?}: {answer}");
        calls += u32::from(status != 406);
        assert_eq!(CALLS.load(Ordering::Relaxed), calls, "{accept:?}");
    }
}

#[tokio::test]
async fn a_list_is_a_line_for_each_item() {
    #[derive(Serialize)]
    struct Page(Vec<Sale>);
    let line = format!("a,{},,paid-in-full\r\n", u64::MAX);
    let table = format!("article,sold,discount,state\r\n{line}{line}");
    assert_eq!(csv(vec![sale("a"), sale("a")]).await, table);
    assert_eq!(csv([sale("a"), sale("a")]).await, table);
    assert_eq!(csv(Some(Page(vec![sale("a"), sale("a")]))).await, table);
    assert_eq!(csv(sale("a")).await, format!("article,sold,discount,state\r\n{line}"));
    assert_eq!(csv(vec![("a", 1), ("b", 2)]).await, "a,1\r\nb,2\r\n");
    assert_eq!(csv(vec![Some(1.5), None]).await, "1.5\r\n\"\"\r\n");
    assert_eq!(csv("a,b").await, "\"a,b\"\r\n");
    assert_eq!(csv(i128::MIN).await, format!("{}\r\n", i128::MIN));
    assert_eq!(csv(State::PaidInFull).await, "paid-in-full\r\n");
    for nothing in [csv(Vec::<Sale>::new()).await, csv(None::<Sale>).await, csv(()).await] {
        assert_eq!(nothing, "");
    }
}

#[tokio::test]
async fn a_value_that_is_no_table_is_a_500_that_shows_nothing() {
    #[derive(Serialize)]
    struct Nested {
        secret: Vec<Sale>,
    }
    #[derive(Serialize)]
    enum Either {
        Left { secret: u8 },
    }
    let map = BTreeMap::from([("secret", BTreeMap::from([("secret", 1)]))]);
    for answer in [
        answered(&formats(), "text/csv", vec![Nested { secret: vec![sale("secret")] }]).await,
        answered(&formats(), "text/csv", Nested { secret: Vec::new() }).await,
        answered(&formats(), "text/csv", vec![Either::Left { secret: 1 }]).await,
        answered(&formats(), "text/csv", vec![map]).await,
        // Lines of different lengths.
        answered(&formats(), "text/csv", vec![vec!["secret"], vec!["secret", "secret"]]).await,
    ] {
        assert_eq!((answer.0, answer.1.as_str()), (500, "application/problem+json"), "{answer:?}");
        assert!(!answer.2.contains("secret"), "{answer:?}");
    }
}

/// Reads CSV as RFC 4180 defines it.
fn read(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut field, mut rest) = (Vec::new(), Vec::new(), String::new(), text);
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted;
            loop {
                let (before, after) = rest.split_once('"').expect("a quote at the end");
                field.push_str(before);
                rest = after;
                match rest.strip_prefix('"') {
                    Some(after) => rest = after,
                    None => break,
                }
                field.push('"');
            }
        } else {
            let end = rest.find([',', '\r', '\n', '"']).unwrap_or(rest.len());
            field.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        line.push(std::mem::take(&mut field));
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
            // A comma at the end of a line has an empty field after it.
            if rest.starts_with("\r\n") {
                line.push(String::new());
            } else {
                continue;
            }
        }
        rest = rest.strip_prefix("\r\n").expect("the end of a line");
        lines.push(std::mem::take(&mut line));
    }
    lines
}

#[tokio::test]
async fn every_text_survives_as_csv() {
    const PIECES: [&str; 8] = ["", ",", "\"", "\r", "\n", " ", "a", "\u{fc}\0"];
    let mut rows = Vec::new();
    for number in 0..PIECES.len().pow(3) {
        let piece = |at: u32| PIECES[number / PIECES.len().pow(at) % PIECES.len()];
        rows.push([format!("{}{}", piece(0), piece(1)), piece(2).to_owned()]);
    }
    let read = read(&csv(rows.clone()).await);
    assert_eq!(read.len(), rows.len());
    for (read, row) in read.iter().zip(&rows) {
        assert_eq!(read, row);
    }
}

struct Lines;

impl Format for Lines {
    fn media_type(&self) -> &'static str {
        "application/json-seq; charset=utf-8"
    }

    fn write(&self, value: &Content<'_>) -> Result<Vec<u8>, BoxError> {
        assert_eq!(format!("{value:?}"), "Content { .. }");
        match serde_json::to_value(value)? {
            serde_json::Value::Array(items) if items.is_empty() => Err("a defect: no items".into()),
            value => Ok(format!("\u{1e}{value}\n").into()),
        }
    }
}

#[tokio::test]
async fn a_function_may_have_its_own_format() {
    let layer = formats().format(Lines);
    let answer = answered(&layer, "application/json-seq", json!([1])).await;
    assert_eq!(answer, (200, "application/json-seq; charset=utf-8".to_owned(), "\u{1e}[1]\n".to_owned()));
    let answer = answered(&layer, "application/json-seq", json!([])).await;
    assert_eq!((answer.0, answer.1.as_str()), (500, "application/problem+json"));
    assert!(!answer.2.contains("defect"), "{}", answer.2);
    let shown = format!("{layer:?}");
    assert!(shown.contains(r#"["application/json", "text/csv", "application/json-seq; charset=utf-8"]"#), "{shown}");
}

#[tokio::test]
async fn a_writer_of_the_type_takes_precedence_and_another_type_has_the_format() {
    let layer = formats().writer("text/csv", |sold: &Sold| format!("{} sold", sold.0));
    assert_eq!(answered(&layer, "text/csv", Sold(7)).await.2, "7 sold");
    assert_eq!(answered(&layer, "text/csv", 7_u8).await.2, "7\r\n");
    // Without formats, another type is a mistake of the function.
    let layer = NegotiationLayer::new().writer("text/csv", |sold: &Sold| format!("{} sold", sold.0));
    assert_eq!(answered(&layer, "text/csv", 7_u8).await.0, 500);
}

#[tokio::test]
async fn json_by_the_format_is_json_without_it() {
    let value = json!({ "b": 1e-7, "a": [u64::MAX, -1, null, "\u{1f600}\n"], "c": { "d": false } });
    let plain = serde_json::to_string(&value).unwrap();
    assert_eq!(answered(&formats(), "application/json", value).await, (200, "application/json".to_owned(), plain));
}

#[tokio::test]
async fn a_tag_is_that_of_the_format() {
    let handler = service_fn(async |request: Request<Body>| {
        let held = request.headers().get("if-none-match").map(|tag| tag.to_str().unwrap().to_owned());
        Ok::<_, Infallible>(([("etag", "\"7\"")], Negotiate(held)).into_response())
    });
    for (accept, held, expected, body) in [
        ("text/csv", "\"7;text/csv\"", "\"7;text/csv\"", "\"\"\"7\"\"\"\r\n"),
        ("application/json", "\"7;application/json\"", "\"7;application/json\"", r#""\"7\"""#),
    ] {
        let request = Request::builder().header("accept", accept).header("if-none-match", held).body(Body::empty());
        let response = formats().layer(handler).oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.headers()["etag"], expected);
        assert_eq!(text(response).await, body);
    }
}
