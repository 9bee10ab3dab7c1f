//! Every decoder under inputs that nobody would send: it answers, or says an error, and never panics. README.md says how to run it
//! for long.
#![allow(clippy::unwrap_used)]

mod functions;
mod hostile;
mod inverse;
mod mutate;

use std::collections::HashMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crud::users::ListUsers;
use pilaster::http::CorsLayer;
use pilaster::idempotency::Document;
use serde_json::{Value, json};

use self::functions::{Function, Kind};
use self::mutate::{fuzz, mutated};

/// The real events, and what lies in `corpus/` of this folder: inputs that once failed.
fn corpus() -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut inputs) = (vec![root.join("fixtures/events"), root.join("fuzz/corpus")], Vec::new());
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            match path.extension() {
                None => folders.push(path),
                Some(extension) if extension == "json" => inputs.push(std::fs::read(path).unwrap()),
                Some(_) => {}
            }
        }
    }
    assert!(inputs.len() > 150, "{}", inputs.len());
    inputs
}

/// The events that this function does not refuse as a whole.
async fn seeds(function: &Function) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for input in corpus() {
        let Ok(text) = std::str::from_utf8(&input) else { continue };
        if function.call(text).await.is_ok() {
            // Smaller is faster, and mutations hit more of what counts.
            let compact = serde_json::from_str::<Value>(text).unwrap().to_string();
            seeds.push(compact.into_bytes());
        }
    }
    seeds
}

async fn whole_events(functions: Vec<Function>) {
    for function in functions {
        let seeds = seeds(&function).await;
        assert!(!seeds.is_empty(), "{}: no event is its own", function.name);
        fuzz(function.name, &seeds, async |_, input| {
            if let Ok(text) = std::str::from_utf8(input) {
                let _ = function.call(text).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn events_of_http() {
    whole_events(functions::http().into_iter().take(1).collect()).await;
}

#[tokio::test]
async fn events_of_records() {
    whole_events(functions::records()).await;
}

#[tokio::test]
async fn whole_events_of_others() {
    whole_events(functions::events()).await;
}

/// The smallest request with this body, which stands in it as base64.
fn request(content_type: &str, body: &[u8]) -> Value {
    json!({
        "rawPath": "/p", "rawQueryString": "", "headers": { "host": "h", "content-type": content_type },
        "isBase64Encoded": true, "body": STANDARD.encode(body),
        "requestContext": { "http": { "method": "POST", "path": "/p" }, "stage": "$default" },
    })
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[tokio::test]
async fn bodies() {
    let seeds = texts(&[
        r#"{"id":7,"name":"Ada","lines":[{"sku":"a","count":-3,"price":1.5},{"sku":"b","count":1,"price":2}]}"#,
        r#"{"id":18446744073709551615,"name":null}"#,
        "id=7&name=Ada+B%C3%A9&lines=1&lines=2",
        "\u{feff}{\"id\":1}",
    ]);
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        "application/x-www-form-urlencoded",
        "text/plain; charset=latin1",
        "APPLICATION/JSON;;;",
        "",
    ];
    let functions = functions::http();
    fuzz("bodies", &seeds, async |random, input| {
        let event = request(types[random.below(types.len())], input).to_string();
        for function in &functions {
            let _ = function.call(&event).await;
        }
    })
    .await;
}

#[tokio::test]
async fn multipart() {
    let seeds = texts(&[
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; \
         filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n",
        "--b\r\nContent-Disposition: form-data; name*=utf-8''%e2%82%ac; filename*=utf-8''x\r\n\r\n\r\n--b--",
    ]);
    let types = [
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=\"b\"",
        "multipart/form-data",
        "multipart/form-data; boundary=",
    ];
    let function = functions::multipart();
    fuzz("multipart", &seeds, async |random, input| {
        let content_type = if random.below(4) > 0 { types[0] } else { types[random.below(types.len())] };
        let _ = function.call(&request(content_type, input).to_string()).await;
    })
    .await;
}

#[tokio::test]
async fn cookies_origins_queries_and_paths() {
    let seeds = texts(&[
        "a=1; b=\"2\"; __Host-c=%20; d",
        "https://app.example.com",
        "https://a.b.example.com:443",
        "http://[::1]:3000",
        "null",
        "/users/7%2F8/..//x?y=z&limit=5&tag=a&tag=b&after=%E2%82%AC",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.",
        "xn--nxasmq6b.example.com:80",
    ]);
    let functions: Vec<_> = functions::http().into_iter().take(2).collect();
    fuzz("cookies, origins, queries, paths", &seeds, async |random, input| {
        let text = String::from_utf8_lossy(input);
        let mut event = request("application/json", b"{\"id\":1}");
        match random.below(7) {
            0 => event["cookies"] = json!([text, "x=y"]),
            1 => event["headers"]["cookie"] = json!(text),
            2 => event["headers"]["origin"] = json!(text),
            3 => {
                event["headers"]["origin"] = json!(text);
                event["headers"]["access-control-request-method"] = json!("POST");
                event["headers"]["access-control-request-headers"] = json!(text);
                event["requestContext"]["http"]["method"] = json!("OPTIONS");
            }
            4 => event["rawQueryString"] = json!(text),
            5 => event["rawPath"] = json!(text),
            _ => event["headers"]["host"] = json!(text),
        }
        for function in &functions {
            let _ = function.call(&event.to_string()).await;
        }
    })
    .await;
}

/// What a user configures: a mistake is an error of `check`, never a panic.
#[tokio::test]
async fn cors_configuration() {
    let seeds = texts(&[
        "https://app.example.com",
        "https://*.example.com:8443",
        "http://localhost:*",
        "http://[::1]:*",
        "null",
        "*",
        "https://münchen.example",
    ]);
    fuzz("CORS configuration", &seeds, async |random, input| {
        let text = String::from_utf8_lossy(input);
        let other = mutated(random, &seeds);
        let cors = CorsLayer::new()
            .allow_origins([&*text, &*String::from_utf8_lossy(&other)])
            .allow_credentials(random.below(2) == 0);
        let _ = cors.check();
    })
    .await;
}

#[tokio::test]
async fn jmespath_keys() {
    let documents = texts(&[
        r#"{"id":7,"user":{"name":"Ada","tags":["a","b"]},"body":"{\"id\":8,\"lines\":[1,2]}","data":"eyJpZCI6OX0=","n":-1.5}"#,
        r#"{"Records":[{"messageId":"a","body":"{}"}],"headers":{"Idempotency-Key":"k"}}"#,
    ]);
    let expressions = texts(&[
        "[id, user.name]",
        "powertools_json(body).lines[-1]",
        "powertools_json(powertools_base64(data)).id",
        "user.tags[::-1]",
        "Records[?messageId=='a'].body | [0]",
        "max_by(Records, &messageId)",
        "{a: id, b: sum(user.tags[*].x)}",
        "join(',', user.tags)",
        "powertools_base64_gzip(data)",
        "to_number(n) && !id || `{\"a\":[1]}`",
        "sort_by(user.tags, &@)[1:0:-1]",
    ]);
    let keys =
        ["[id, user.name]", "powertools_json(body).[id, lines[0]]", "powertools_base64(data)", "Records[*].body"];
    let functions = keys.map(functions::keyed);
    fuzz("JMESPath keys over documents", &documents, async |_, input| {
        if let Ok(text) = std::str::from_utf8(input) {
            for function in &functions {
                let _ = function.call(text).await;
            }
        }
    })
    .await;
    let read =
        documents.iter().map(|text| Document::parse(std::str::from_utf8(text).unwrap()).unwrap()).collect::<Vec<_>>();
    // Who configures the key writes the expression, so it is short: `jmespath` goes down by recursion, and about
    // 200 steps (`a.a.a…`) overflow the 2 MB of a test thread in a debug build.
    fuzz("JMESPath expressions", &expressions, async |random, input| {
        if let Some(text) = std::str::from_utf8(input).ok().filter(|text| text.len() < 250) {
            let document = random.pick(&read).clone();
            let searched = catch_unwind(AssertUnwindSafe(|| document.search(text).is_ok()));
            assert!(searched.is_ok(), "it panicked over {text:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn log_subscriptions() {
    let seeds = texts(&[
        r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":1,"message":"m"},{"id":"2","timestamp":2,"message":"{}","extractedFields":{"a":null}}]}"#,
        r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[]}"#,
    ]);
    let functions = functions::records();
    let logs = functions.iter().find(|function| function.name == "logs").unwrap();
    fuzz("log subscriptions", &seeds, async |random, input| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(input).unwrap();
        let mut packed = packed.finish().unwrap();
        if random.below(3) == 0 {
            packed = mutated(random, &[packed]);
        }
        let _ = logs.call(&json!({ "awslogs": { "data": STANDARD.encode(packed) } }).to_string()).await;
    })
    .await;
}

#[tokio::test]
async fn cursors_of_the_crud_example() {
    let users = crud::store::Users::in_memory();
    let mut seeds = texts(&["AQGWdgAAe0-AAAAAAAAAAAA", "", "AQ"]);
    seeds.push(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([&[1], &[0x70; 16][..]].concat()).into_bytes());
    fuzz("cursors", &seeds, async |_, input| {
        let cursor = Some(String::from_utf8_lossy(input).into_owned());
        let page = users.list(ListUsers { limit: Some(3), cursor }).await;
        assert!(page.map_or(true, |page| page.users.is_empty() && page.next.is_none()));
    })
    .await;
}

/// Each beginning of an event, and each byte of it changed.
async fn cut_and_changed(function: &Function, event: &str, step: usize) {
    for end in (0..event.len()).step_by(step).filter(|end| event.is_char_boundary(*end)) {
        let cut = function.call(&event[..end]).await;
        assert_eq!(cut.map_err(|error| error.error_type().to_owned()), Err("InvalidJson".to_owned()));
    }
    for at in (0..event.len()).step_by(step) {
        for to in [b'0', b'"', b'{', b']', b'\\', b'z', 0x7f, b' '] {
            let mut bytes = event.as_bytes().to_vec();
            bytes[at] = to;
            if let Ok(text) = String::from_utf8(bytes) {
                let _ = function.call(&text).await;
            }
        }
    }
}

#[tokio::test]
async fn each_beginning_of_an_event_and_each_byte_changed() {
    let step = if std::env::var_os("PILASTER_FUZZ").is_some() { 1 } else { 7 };
    let mut of: HashMap<&str, usize> = HashMap::new();
    for function in functions::all() {
        let mut seeds = seeds(&function).await;
        seeds.sort_by_key(Vec::len);
        for seed in seeds.iter().take(if function.kind == Kind::Http { 3 } else { 1 }) {
            cut_and_changed(&function, std::str::from_utf8(seed).unwrap(), step).await;
            *of.entry(function.name).or_default() += seed.len() / step * 9;
        }
    }
    println!("cut and changed: {of:?}");
}
