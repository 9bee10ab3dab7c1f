//! Random messages: the answer is one well-formed message of JSON-RPC with the id of the request, and no tool is called
//! unless a model that is written from the specification says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

/// Any JSON, whose members are often those of the protocol.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "jsonrpc",
        "2.0",
        "id",
        "method",
        "params",
        "result",
        "name",
        "arguments",
        "cursor",
        "_meta",
        "tools/call",
        "tools/list",
        "server/discover",
        "initialize",
        "ping",
        "counted",
        "how",
        "2026-07-28",
        "2025-11-25",
        "",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientCapabilities",
    ])
    .prop_map(str::to_owned)
}

/// A message that is right but for one replaced member, or any JSON.
fn message() -> impl Strategy<Value = Value> {
    let right = |method: String, meta: Value| {
        json!({ "jsonrpc": "2.0", "id": 7, "method": method,
                "params": { "name": "counted", "arguments": {}, "_meta": meta } })
    };
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let nearly = (word(), any_json(), 0..8_usize, any::<bool>()).prop_map(move |(method, other, at, is_call)| {
        let method = if is_call { "tools/call".to_owned() } else { method };
        let mut message = right(method, meta.clone());
        let places = ["/jsonrpc", "/id", "/method", "/params", "/params/name", "/params/arguments", "/params/_meta"];
        if let Some(place) = places.get(at).and_then(|place| message.pointer_mut(place)) {
            *place = other;
        }
        message
    });
    prop_oneof![3 => nearly, 1 => any_json()]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let of = |name, values: &[&'static str]| {
        prop::option::weighted(0.8, prop::sample::select(values.to_vec()))
            .prop_map(move |value| value.map(|v| (name, v)))
    };
    (
        of("mcp-protocol-version", &["2026-07-28", "2026-07-28", "2025-11-25", "2025-03-26", "2099-01-01"]),
        of("mcp-method", &["tools/call", "tools/call", "tools/list", "ping"]),
        of("mcp-name", &["counted", "counted", "other", "=?base64?Y291bnRlZA==?="]),
    )
        .prop_map(|(a, b, c)| [a, b, c].into_iter().flatten().collect())
}

#[derive(Deserialize, JsonSchema)]
struct Counted {}

impl Tool for Counted {
    const DEFINITION: Definition = Definition::new("counted", "Is counted.");
}

/// Whether the tool is called, by the specification alone.
fn is_called(message: &Value, headers: &[(&str, &str)]) -> bool {
    let header = |name: &str| headers.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    let params = &message["params"];
    let stated = params["_meta"].get("io.modelcontextprotocol/protocolVersion");
    let is_request = message["jsonrpc"] == "2.0" && (message["id"].is_string() || message["id"].is_number());
    let is_call = is_request && message["method"] == "tools/call" && params["name"] == "counted";
    let has_meta = params.get("_meta").is_none_or(Value::is_object);
    let fits = params.get("arguments").is_none_or(|arguments| arguments.is_object() || arguments.is_null());
    // A client of an older revision may leave them out.
    let of_headers = [("mcp-method", &["tools/call"][..]), ("mcp-name", &["counted", "=?base64?Y291bnRlZA==?="])];
    let differs = of_headers.iter().any(|(name, fit)| header(name).is_some_and(|value| !fit.contains(&value)));
    let era = match header("mcp-protocol-version") {
        None => stated.is_none(),
        Some("2026-07-28") => {
            stated == Some(&json!("2026-07-28"))
                && params["_meta"]["io.modelcontextprotocol/clientCapabilities"].is_object()
                && of_headers.iter().all(|(name, _)| header(name).is_some())
        }
        Some("2025-11-25" | "2025-03-26") => {
            stated.is_none_or(|stated| stated == header("mcp-protocol-version").unwrap())
        }
        Some(_) => false,
    };
    is_call && has_meta && fits && era && !differs
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_message_has_a_well_formed_answer_and_calls_a_tool_only_if_it_is_right(
        message in message(),
        headers in headers(),
    ) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = {
            let calls = Arc::clone(&calls);
            move |Input(Counted {}): Input<Counted>| {
                calls.fetch_add(1, Ordering::Relaxed);
                std::future::ready("counted".to_owned())
            }
        };
        let server = Server::new(Tools::new().add(counted));
        let request = headers.iter().fold(http_request(), |request, (name, value)| request.header(*name, *value));
        let (status, text) = runtime().block_on(async {
            let response = send(&server, request, message.to_string()).await;
            let status = response.status().as_u16();
            (status, response.into_body().collect().await.unwrap().to_bytes())
        });
        prop_assert!(matches!(status, 200 | 202 | 400 | 404), "{}", status);
        prop_assert_eq!(calls.load(Ordering::Relaxed), usize::from(is_called(&message, &headers)));
        if status == 202 {
            prop_assert!(text.is_empty());
            return Ok(());
        }
        let answer: Value = serde_json::from_slice(&text).unwrap();
        prop_assert_eq!(&answer["jsonrpc"], "2.0");
        let (result, error) = (answer.get("result"), answer.get("error"));
        prop_assert!(result.is_some() != error.is_some(), "{}", answer);
        if let Some(error) = error {
            prop_assert!(error["code"].is_i64() && error["message"].is_string());
            prop_assert!(status != 404 || error["code"] == -32601);
        }
        if let Some(id) = message.get("id").filter(|id| id.is_string() || id.is_number()) {
            // As the client wrote it: reading a number rounds it.
            let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"#);
            prop_assert!(text.starts_with(start.as_bytes()), "{}", answer);
        }
        if status == 400 {
            prop_assert!(error.is_some());
        }
    }

    #[test]
    fn any_bytes_have_a_well_formed_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (status, text) = runtime().block_on(async {
            let response = send(&server(), http_request(), bytes).await;
            (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
        });
        prop_assert_eq!(status, 400);
        prop_assert!(serde_json::from_slice::<Value>(&text).unwrap()["error"]["code"].is_i64());
    }
}
