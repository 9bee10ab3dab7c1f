//! The decoders, each with inputs that it accepts and a function that takes any other. The short runs and cargo-fuzz's targets share them.
//!
//! If the first letter of an input is significant, it selects the function for the rest, or the place in a request where it
//! is put; so inputs stay readable, and a fuzzer changes the place like everything else.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crud::users::ListUsers;
use pilaster::http::CorsLayer;
use pilaster::idempotency::Document;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::aggregate::{field, frame, number};
use super::functions::{self, Function};

/// `true` if the input was accepted.
type Call = Box<dyn Fn(&[u8]) -> bool>;

/// A decoder by its name.
type Named = (&'static str, fn() -> Decoder);

/// A decoder, or some that read the same input.
#[cfg_attr(not(test), expect(dead_code, reason = "targets begin with their corpora"))]
pub(crate) struct Decoder {
    pub(crate) name: &'static str,
    seeds: Vec<Vec<u8>>,
    /// The number of functions, one of which gets a whole event.
    pub(crate) functions: u8,
    call: Call,
}

/// Every decoder, by the name of its target.
pub(crate) const ALL: [Named; 15] = [
    ("http", http),
    ("records", records),
    ("events", events),
    ("json", json),
    ("form", form),
    ("multipart", multipart),
    ("head", head),
    ("origin", origin),
    ("cors", cors),
    ("key", key),
    ("logs", logs),
    ("aggregated", aggregated),
    ("cursor", cursor),
    ("tools", tools),
    ("mcp", mcp),
];

impl Decoder {
    /// Returns the decoder of this name.
    #[cfg_attr(test, expect(dead_code, reason = "cargo-fuzz's targets find theirs by it"))]
    pub(crate) fn named(name: &str) -> Self {
        let found = ALL.iter().find(|(of, _)| *of == name);
        found.map(|(_, decoder)| decoder()).unwrap_or_else(|| panic!("there is no decoder `{name}`"))
    }

    fn new(name: &'static str, seeds: Vec<Vec<u8>>, call: impl Fn(&[u8]) -> bool + 'static) -> Self {
        Self { name, seeds, functions: 0, call: Box::new(call) }
    }

    /// A decoder of several functions; the first letter of an input names the function that gets the event.
    fn of_functions(name: &'static str, functions: Vec<Function>) -> Self {
        let count = functions.len();
        let call = move |input: &[u8]| {
            let Some((place, rest)) = placed(input, count) else { return false };
            let Ok(text) = std::str::from_utf8(rest) else { return false };
            block_on(functions[place].call(text)).is_ok()
        };
        Self { functions: u8::try_from(count).unwrap(), ..Self::new(name, Vec::new(), call) }
    }

    /// Passes it an input, and fails after a panic or an invalid response; returns whether the input was accepted.
    pub(crate) fn call(&self, input: &[u8]) -> bool {
        (self.call)(input)
    }

    /// Returns inputs that cover most of its syntax.
    #[cfg_attr(not(test), expect(dead_code, reason = "targets begin with their corpora"))]
    pub(crate) fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }
}

/// Runs a future that waits for nothing outside of it.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(Builder::new_current_thread().enable_time().build().unwrap());
    }
    RUNTIME.with_borrow(|runtime| runtime.block_on(future))
}

/// Returns the smallest request with this body, in base64.
pub(crate) fn request(content_type: &str, body: &[u8]) -> Value {
    json!({
        "rawPath": "/p", "rawQueryString": "", "headers": { "host": "h", "content-type": content_type },
        "isBase64Encoded": true, "body": STANDARD.encode(body),
        "requestContext": { "http": { "method": "POST", "path": "/p" }, "stage": "$default" },
    })
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Returns the place that the first letter names, and the text to put there.
fn placed(input: &[u8], places: usize) -> Option<(usize, &[u8])> {
    let (letter, rest) = input.split_first()?;
    Some((usize::from(letter.wrapping_sub(b'a')) % places, rest))
}

fn is_answered(function: &Function, event: &Value) -> bool {
    block_on(function.call(&event.to_string())).is_ok_and(|answer| answer["statusCode"] == 200)
}

pub(crate) fn http() -> Decoder {
    Decoder::of_functions("http", vec![functions::named("head"), functions::named("bytes")])
}

pub(crate) fn records() -> Decoder {
    Decoder::of_functions("records", functions::records())
}

pub(crate) fn events() -> Decoder {
    Decoder::of_functions("events", functions::events())
}

/// Events of action groups, with function details or a path.
pub(crate) fn tools() -> Decoder {
    let seeds = &[
        r#"{"actionGroup":"g","function":"order","agent":{"id":"a"},"inputText":"t","sessionAttributes":{"a":"1"},"parameters":[{"name":"items","type":"array","value":"[{name=x, count=2}]"},{"name":"urgent","type":"boolean","value":"TRUE"}]}"#,
        r#"{"actionGroup":"g","function":"order","parameters":[{"name":"items","type":"array","value":"[{\"name\":\"x\",\"count\":1e0}]"},{"name":"price","type":"number","value":"12.50"}]}"#,
        r#"{"actionGroup":"g","apiPath":"/a/{id}","httpMethod":"POST","parameters":[{"name":"id","type":"string","value":"a/b"},{"name":"q","type":"string","value":"&"}],"requestBody":{"content":{"application/json":{"properties":[{"name":"n","type":"array","value":"[a, b]"}]}}}}"#,
    ];
    let caller = pilaster::testing::Caller::new(functions::tools()).without_logs();
    Decoder::new("tools", texts(seeds), move |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        match block_on(caller.call_text(text)) {
            Ok(answer) => {
                answer["response"]["httpStatusCode"] == 200
                    || answer["response"]["functionResponse"]["responseState"].is_null()
            }
            Err(error) => {
                assert!(matches!(error.error_type(), "InvalidEvent" | "InvalidJson"), "{error:?}");
                false
            }
        }
    })
}

/// Messages to an MCP server, from a client of the era that the first letter names.
pub(crate) fn mcp() -> Decoder {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"a"}}"#;
    let order = r#""name":"order","arguments":{"items":[{"name":"x","count":1}],"urgent":null}"#;
    let message = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":"a\"b","method":"{method}","params":{{{params}}}}}"#)
    };
    let seeds = [
        format!("a{}", message("tools/call", &format!("{order},{meta}"))),
        format!("a{}", message("tools/call", &format!(r#""name":"order","arguments":{{"items":[]}},{meta}"#))),
        format!("b{}", message("tools/call", order)),
        format!("b{}", message("tools/list", r#""cursor":"YWZ0ZXI6b3JkZXI""#)),
        format!("b{}", message("initialize", r#""protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{}"#)),
        format!("b{}", message("ping", "")),
    ];
    let caller = pilaster::testing::Caller::new(functions::mcp()).without_logs();
    Decoder::new("mcp", texts(&seeds.each_ref().map(String::as_str)), move |input| {
        let Some((place, body)) = placed(input, 2) else { return false };
        let request = pilaster::testing::http::post("/").header("content-type", "application/json").bytes(body);
        let request = match place {
            0 => request
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", "tools/call")
                .header("mcp-name", "order"),
            _ => request,
        };
        let response = block_on(caller.send(request)).unwrap();
        if response.status() == 202 {
            assert!(response.bytes().is_empty());
            return false;
        }
        let answer: Value = response.json().unwrap();
        assert_eq!(answer["jsonrpc"], "2.0");
        assert!(answer.get("result").is_some() != answer.get("error").is_some(), "{answer}");
        if let Ok(Value::Object(message)) = serde_json::from_slice::<Value>(body) {
            let id = message.get("id").filter(|id| id.is_string() || id.is_number());
            let is_echoed = id.is_none_or(|id| answer["id"] == *id || answer["error"]["code"] == -32600);
            assert!(is_echoed, "{answer}");
        }
        answer["result"].get("isError").is_none() && answer.get("result").is_some()
    })
}

/// Bodies under one of these types.
fn bodies(name: &'static str, function: Function, types: &'static [&str], seeds: &[&str]) -> Decoder {
    Decoder::new(name, texts(seeds), move |input| {
        let Some((place, body)) = placed(input, types.len()) else { return false };
        is_answered(&function, &request(types[place], body))
    })
}

pub(crate) fn json() -> Decoder {
    let types = &[
        "application/json",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        "text/plain; charset=latin1",
        "APPLICATION/JSON;;;",
        "",
    ];
    let seeds = &[
        r#"a{"id":7,"name":"Ada","lines":[{"sku":"a","count":-3,"price":1.5},{"sku":"b","count":1,"price":2}]}"#,
        r#"b{"id":18446744073709551615,"name":null}"#,
        "c\u{feff}{\"id\":1}",
    ];
    bodies("json", functions::named("json"), types, seeds)
}

pub(crate) fn form() -> Decoder {
    let types = &[
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded; charset=latin1",
        "",
    ];
    bodies("form", functions::named("form"), types, &["aid=7&name=Ada+B%C3%A9&lines=1&lines=2", "b&=&&a=%zz", "ca"])
}

pub(crate) fn multipart() -> Decoder {
    let types = &[
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=\"b\"",
        "multipart/form-data",
        "multipart/form-data; boundary=",
    ];
    let seeds = &[
        "a--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; \
         filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n",
        "b--b\r\nContent-Disposition: form-data; name*=utf-8''%e2%82%ac; filename*=utf-8''x\r\n\r\n\r\n--b--",
    ];
    bodies("multipart", functions::named("multipart"), types, seeds)
}

/// Cookies, headers, queries, paths.
pub(crate) fn head() -> Decoder {
    let seeds = texts(&[
        "aa=1; b=\"2\"; __Host-c=%20; d",
        "ba=1; b=\"2\"; __Host-c=%20; d",
        "cy=z&limit=5&tag=a&tag=b&after=%E2%82%AC",
        "d/users/7%2F8/..//x",
        "eapi.example.com:443",
        "fBearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.",
        "gapplication/json; charset=utf-8",
        "hMozilla/5.0 (X11; Linux x86_64)",
        "i{\"proxy\":\"a/b\",\"id\":\"%37\"}",
    ]);
    let functions = [functions::named("head"), functions::named("json")];
    Decoder::new("head", seeds, move |input| {
        let Some((place, rest)) = placed(input, 9) else { return false };
        let text = String::from_utf8_lossy(rest);
        let mut event = request("application/json", b"{\"id\":1}");
        match place {
            0 => event["cookies"] = json!([text, "x=y"]),
            1 => event["headers"]["cookie"] = json!(text),
            2 => event["rawQueryString"] = json!(text),
            3 => event["rawPath"] = json!(text),
            4 => event["headers"]["host"] = json!(text),
            5 => event["headers"]["authorization"] = json!(text),
            6 => event["headers"]["content-type"] = json!(text),
            7 => event["headers"]["user-agent"] = json!(text),
            _ => event["pathParameters"] = serde_json::from_str(&text).unwrap_or_else(|_| json!({ "id": text })),
        }
        functions.iter().filter(|function| is_answered(function, &event)).count() > 0
    })
}

/// Returns the decoder of a request's origin.
pub(crate) fn origin() -> Decoder {
    let seeds = texts(&[
        "ahttps://app.example.com",
        "ahttps://a.b.example.com:443",
        "bhttp://[::1]:3000",
        "bhttp://localhost:8080",
        "anull",
        "bhttps://xn--nxasmq6b.example.com:80",
        "ccontent-type, x-a",
    ]);
    let function = functions::named("json");
    Decoder::new("origin", seeds, move |input| {
        let Some((place, rest)) = placed(input, 3) else { return false };
        let text = String::from_utf8_lossy(rest);
        let mut event = request("application/json", b"{\"id\":1}");
        event["headers"]["origin"] = json!(if place < 2 { &*text } else { "https://app.example.com" });
        if place > 0 {
            event["headers"]["access-control-request-method"] = json!("POST");
            event["headers"]["access-control-request-headers"] = json!(text);
            event["requestContext"]["http"]["method"] = json!("OPTIONS");
        }
        let answer = block_on(function.call(&event.to_string()));
        answer.is_ok_and(|answer| answer["headers"].get("access-control-allow-origin").is_some())
    })
}

/// The origins that a user configures, one in each line: a mistake is an error of `check`, never a panic.
pub(crate) fn cors() -> Decoder {
    let seeds = texts(&[
        "ahttps://app.example.com",
        "ahttps://*.example.com:8443\nhttp://localhost:*",
        "bhttp://[::1]:*",
        "anull",
        "b*",
        "ahttps://münchen.example\nhttps://xn--mnchen-3ya.example",
    ]);
    Decoder::new("cors", seeds, |input| {
        let Some((place, rest)) = placed(input, 2) else { return false };
        let text = String::from_utf8_lossy(rest);
        let cors = CorsLayer::new().allow_origins(text.split('\n')).allow_credentials(place == 0);
        catch_unwind(AssertUnwindSafe(|| cors.check().is_ok())).unwrap_or_else(|_| panic!("it panicked over {text:?}"))
    })
}

const DOCUMENTS: [&str; 2] = [
    r#"{"id":7,"user":{"name":"Ada","tags":["a","b"]},"body":"{\"id\":8,\"lines\":[1,2]}","data":"eyJpZCI6OX0=","n":-1.5}"#,
    r#"{"Records":[{"messageId":"a","body":"{}"}],"headers":{"Idempotency-Key":"k"}}"#,
];

/// A JMESPath expression over a document of our own (`a`, `b`), or a document under the keys of our own (`c`).
pub(crate) fn key() -> Decoder {
    let mut seeds = texts(&[
        "a[id, user.name]",
        "apowertools_json(body).lines[-1]",
        "apowertools_json(powertools_base64(data)).id",
        "auser.tags[::-1]",
        "bRecords[?messageId=='a'].body | [0]",
        "bmax_by(Records, &messageId)",
        "a{a: id, b: sum(user.tags[*].x)}",
        "ajoin(',', user.tags)",
        "apowertools_base64_gzip(data)",
        "ato_number(n) && !id || `{\"a\":[1]}`",
        "asort_by(user.tags, &@)[1:0:-1]",
    ]);
    seeds.extend(DOCUMENTS.map(|document| format!("c{document}").into_bytes()));
    let documents = DOCUMENTS.map(|text| Document::parse(text).unwrap());
    let keys =
        ["[id, user.name]", "powertools_json(body).[id, lines[0]]", "powertools_base64(data)", "Records[*].body"];
    let (functions, calls) = (RefCell::new(keys.map(functions::keyed)), Cell::new(0_u32));
    Decoder::new("key", seeds, move |input| {
        let Some((place, rest)) = placed(input, 3) else { return false };
        let Ok(text) = std::str::from_utf8(rest) else { return false };
        match documents.get(place) {
            None => {
                calls.set(calls.get() + 1);
                if calls.get().is_multiple_of(1_000) {
                    // Their responses are kept for an hour.
                    functions.replace(keys.map(functions::keyed));
                }
                functions.borrow().iter().filter(|function| block_on(function.call(text)).is_ok()).count() > 0
            }
            // `[@,@]|[@,@]|…` doubles its result at each step. The developer's key is bounded by memory only.
            Some(_) if text.matches(',').count() > 8 => false,
            Some(document) => catch_unwind(AssertUnwindSafe(|| document.search(text).is_ok()))
                .unwrap_or_else(|_| panic!("it panicked over {text:?}")),
        }
    })
}

/// A subscription as its JSON text (`a`), its bytes before base64 (`b`), or its base64 (`c`).
pub(crate) fn logs() -> Decoder {
    let mut seeds = texts(&[
        r#"a{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":1,"message":"m"},{"id":"2","timestamp":2,"message":"{}","extractedFields":{"a":null}}]}"#,
        r#"a{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[]}"#,
    ]);
    let packed: Vec<_> = seeds.iter().map(|text| packed(&text[1..])).collect();
    seeds.extend(packed.iter().map(|packed| [b"b", packed.as_slice()].concat()));
    seeds.extend(packed.iter().map(|packed| format!("c{}", STANDARD.encode(packed)).into_bytes()));
    let function = functions::named("logs");
    Decoder::new("logs", seeds, move |input| {
        let Some((place, rest)) = placed(input, 3) else { return false };
        let data = match place {
            0 => STANDARD.encode(self::packed(rest)),
            1 => STANDARD.encode(rest),
            _ => String::from_utf8_lossy(rest).into_owned(),
        };
        block_on(function.call(&json!({ "awslogs": { "data": data } }).to_string())).is_ok()
    })
}

/// The message of an aggregated record of Kinesis (`a`), or all of its data (`b`).
pub(crate) fn aggregated() -> Decoder {
    let record = |fields: &[Vec<u8>]| field(3, &fields.concat());
    let messages = [
        [field(1, b"k"), field(2, b"3"), record(&[number(1, 0), number(2, 0), field(3, b"\xffdata\0")])].concat(),
        [
            record(&[field(3, b"{}"), number(1, 1), field(4, &field(1, b"t"))]),
            field(1, b""),
            field(1, b"k"),
            number(9, 7),
        ]
        .concat(),
    ];
    let mut seeds: Vec<_> = messages.iter().map(|message| [b"a", message.as_slice()].concat()).collect();
    seeds.extend(messages.iter().map(|message| [b"b", frame(message).as_slice()].concat()));
    let functions = [functions::named("kinesis_bytes"), functions::named("logs"), functions::named("change")];
    Decoder::new("aggregated", seeds, move |input| {
        let Some((place, rest)) = placed(input, 2) else { return false };
        let data = if place == 0 { frame(rest) } else { rest.to_vec() };
        let record = json!({ "eventSource": "aws:kinesis", "kinesis": { "sequenceNumber": "1", "partitionKey": "a", "data": STANDARD.encode(data) } });
        let event = json!({ "Records": [record] }).to_string();
        functions
            .iter()
            .filter(|function| {
                block_on(function.call(&event)).is_ok_and(|answer| answer["batchItemFailures"] == json!([]))
            })
            .count()
            > 0
    })
}

/// The same by gzip.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The cursor of a page in the crud example.
pub(crate) fn cursor() -> Decoder {
    let seeds = texts(&["01980f3e-7c00-7cc3-98c4-dc0c0c07398f", "01980F3E7C007CC398C4DC0C0C07398F", "", "0"]);
    let users = crud::store::Users::in_memory();
    Decoder::new("cursor", seeds, move |input| {
        let Ok(cursor) = String::from_utf8_lossy(input).parse() else { return false };
        let page = block_on(users.list(ListUsers { limit: Some(3), cursor: Some(cursor) }));
        assert!(page.is_ok_and(|page| page.users.is_empty() && page.next.is_none()));
        true
    })
}
