//! What a server refuses before any tool: the table of the module docs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[tokio::test]
async fn check_37_each_refusal_has_its_status_its_code_and_the_id() {
    let call = |id: &str| {
        let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"nope","_meta":{meta}}}}}"#)
    };
    for id in ["0", "-1", r#""a""#, r#""""#, "123456789012345678901234567890", "1.50", r#""\u00e9\"""#] {
        for (method, name, expected) in [
            (Some("tools/call"), Some("nope"), (200, -32602)),
            (Some("tools/call"), None, (400, -32020)),
            (Some("tools/call"), Some("other"), (400, -32020)),
            (Some("tools/call"), Some("=?base64?bm9wZQ==?="), (200, -32602)),
            (Some("tools/call"), Some("=?base64?bm9wZQ?="), (400, -32020)),
            (Some("Tools/Call"), Some("nope"), (400, -32020)),
            (None, Some("nope"), (400, -32020)),
        ] {
            let mut request = http_request().header("mcp-protocol-version", "2026-07-28");
            for (header, value) in [("mcp-method", method), ("mcp-name", name)] {
                if let Some(value) = value {
                    request = request.header(header, value);
                }
            }
            let response = send(&server(), request, call(id)).await;
            assert_eq!(response.status(), expected.0);
            assert_eq!(response.headers()["content-type"], "application/json");
            let text = response.into_body().collect().await.unwrap().to_bytes();
            let text = std::str::from_utf8(&text).unwrap();
            assert!(
                text.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{},"#, expected.1)),
                "{text}"
            );
        }
    }
}

/// A request that is not answered as it should be: what is wrong, the request, the status, and the code if there is one.
type Row = (&'static str, (Builder, Value), u16, Option<i32>);

/// The rows of the table in the module docs of messages that have an id.
fn rows() -> Vec<Row> {
    let call = |name: &str, arguments: Value| modern("tools/call", json!({ "name": name, "arguments": arguments }));
    let with = |name: &'static str, value: &'static str, (mut request, message): (Builder, Value)| {
        request.headers_mut().unwrap().insert(name, value.parse().unwrap());
        (request, message)
    };
    let without = |member: &str, (request, mut message): (Builder, Value)| {
        let meta = message["params"]["_meta"].as_object_mut().unwrap();
        meta.remove(&format!("io.modelcontextprotocol/{member}")).unwrap();
        (request, message)
    };
    let region = || call("mirrored", json!({ "region": "eu" }));
    let both = "application/json, text/event-stream";
    vec![
        ("nothing", call("ask", json!({ "how": "well" })), 200, None),
        ("nothing", with("accept", both, modern("tools/list", json!({}))), 200, None),
        ("nothing", with("mcp-param-region", "eu", region()), 200, None),
        ("the method", modern("nope", json!({})), 404, Some(-32601)),
        ("the case of the method", modern("tools/List", json!({})), 404, Some(-32601)),
        ("the tool", call("nope", json!({})), 200, Some(-32602)),
        ("no name of a tool", modern("tools/call", json!({})), 200, Some(-32602)),
        ("a capability", call("five", json!({})), 400, Some(-32021)),
        ("no version in `_meta`", without("protocolVersion", call("ask", json!({}))), 400, Some(-32602)),
        ("no capabilities in `_meta`", without("clientCapabilities", call("ask", json!({}))), 400, Some(-32602)),
        ("the version", with("mcp-protocol-version", "2025-11-25", call("ask", json!({}))), 400, Some(-32020)),
        ("the method in its header", with("mcp-method", "tools/list", call("ask", json!({}))), 400, Some(-32020)),
        ("the case of Mcp-Method", with("mcp-method", "Tools/call", call("ask", json!({}))), 400, Some(-32020)),
        ("the name in its header", with("mcp-name", "five", call("ask", json!({}))), 400, Some(-32020)),
        ("no header of an argument", region(), 400, Some(-32020)),
        ("the header of an argument", with("mcp-param-region", "us", region()), 400, Some(-32020)),
        (
            "a header without its argument",
            with("mcp-param-region", "eu", call("mirrored", json!({}))),
            400,
            Some(-32020),
        ),
        ("one media type", with("accept", "application/json", call("ask", json!({}))), 406, Some(-32600)),
        ("the other media type", with("accept", "text/event-stream", call("ask", json!({}))), 406, Some(-32600)),
        ("the origin", with("origin", "https://evil.example", call("ask", json!({}))), 403, Some(-32600)),
        ("arguments", call("ask", json!({ "how": 7 })), 200, None),
        ("the tool's own failure", call("ask", json!({ "how": "stated" })), 200, None),
    ]
}

#[tokio::test]
async fn check_37_each_row_of_the_table_is_answered_as_it_is_written_there() {
    let server = server().require_capability("five", "sampling");
    for id in ["0", r#""A""#, "9007199254740993"] {
        for (wrong, (request, message), status, code) in rows() {
            let text = message.to_string().replacen(r#""id":7"#, &format!(r#""id":{id}"#), 1);
            let response = send(&server, request, text).await;
            assert_eq!(response.status(), status, "{wrong}");
            assert_eq!(response.headers()["content-type"], "application/json", "{wrong}");
            let text = response.into_body().collect().await.unwrap().to_bytes();
            let text = std::str::from_utf8(&text).unwrap();
            // What is refused by its headers alone is not read.
            let id = if matches!(status, 403 | 406) { "null" } else { id };
            assert!(text.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},""#)), "{wrong}: {text}");
            let answer: Value = serde_json::from_str(text).unwrap();
            assert_eq!(answer["error"].get("code").cloned(), code.map(Value::from), "{wrong}: {text}");
            let is_error = matches!(wrong, "arguments" | "the tool's own failure");
            assert_eq!(answer["result"]["isError"] == true, is_error, "{wrong}: {text}");
        }
    }
    let (request, mut notification) = modern("notifications/cancelled", json!({}));
    notification.as_object_mut().unwrap().remove("id");
    assert_eq!(answer(&server, (request, notification)).await, (202, Value::Null));
}

#[tokio::test]
async fn check_37_a_body_that_is_not_one_message_is_refused() {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (text, expected) in [
        ("", (-32700, json!(null))),
        ("{", (-32700, json!(null))),
        ("{} {}", (-32700, json!(null))),
        ("nope", (-32700, json!(null))),
        ("[1,", (-32700, json!(null))),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":}}"#, (-32700, json!(null))),
        ("[]", (-32600, json!(null))),
        (&format!("[{ping}]"), (-32600, json!(null))),
        ("null", (-32600, json!(null))),
        ("7", (-32600, json!(null))),
        ("{}", (-32600, json!(null))),
        (r#"{"id":1,"method":"ping"}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":"2.0","id":1}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#, (-32600, json!(1))),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, (-32600, json!(null))),
        (r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, (-32600, json!(null))),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, (-32600, json!(null))),
        (r#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#, (-32600, json!(null))),
        (&format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "i".repeat(2_000)), (-32600, json!(null))),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":7}}"#, (-32602, json!(1))),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":1,"name":2}}"#, (-32602, json!(1))),
    ] {
        let response = send(&server(), http_request(), text.to_owned()).await;
        assert_eq!(response.status(), 400, "{text}");
        let answer = body(response).await;
        assert_eq!((answer["error"]["code"].clone(), answer["id"].clone()), (json!(expected.0), expected.1), "{text}");
    }
    let error = r#""error":{"code":-32700,"message":"not JSON"}"#;
    for (id, expected) in [("null", 202), ("7", 202), ("true", 400)] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},{error}}}"#);
        assert_eq!(send(&server(), http_request(), text).await.status(), expected, "{id}");
    }
    for text in
        [r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, r#"{"jsonrpc":"2.0","id":null,"method":"ping","error":{}}"#]
    {
        assert_eq!(send(&server(), http_request(), text.to_owned()).await.status(), 400, "{text}");
    }
    let response = send(&server(), http_request(), vec![b'"', 0xff, b'"']).await;
    assert_eq!(body(response).await["error"]["code"], -32700);
}

#[tokio::test]
async fn a_notification_and_a_response_are_accepted_and_call_nothing() {
    for message in [
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } }),
        json!({ "jsonrpc": "2.0", "method": "tools/call", "params": { "name": "ask", "arguments": { "how": "panic" } } }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": 1, "message": "m" } }),
    ] {
        assert_eq!(answer(&server(), (http_request(), message)).await, (202, Value::Null));
    }
}

#[tokio::test]
async fn check_44_other_origins_methods_and_media_types_are_refused_before_any_tool() {
    let send = async |request: Builder| {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let response =
            super::send(&server().allow_origins(["https://app.example"]), request, message.to_string()).await;
        (response.status().as_u16(), response.headers().get("allow").cloned(), body(response).await)
    };
    let host = || http_request().header("host", "api.example");
    assert_eq!(send(host()).await.0, 200);
    assert_eq!(send(host().header("origin", "https://app.example")).await.0, 200);
    for origin in [
        "https://evil.example",
        "https://app.example.evil",
        "https://app.example:8443",
        "https://evil.example/https://app.example",
        "http://app.example",
        "null",
        "",
    ] {
        let (status, _, answer) = send(host().header("origin", origin)).await;
        assert_eq!((status, &answer["error"]["code"], &answer["id"]), (403, &json!(-32600), &json!(null)), "{origin}");
        for method in ["GET", "OPTIONS"] {
            assert_eq!(send(host().method(method).header("origin", origin)).await.0, 403, "{method} {origin}");
        }
    }
    let two = host().header("origin", "https://app.example").header("origin", "https://evil.example");
    assert_eq!(send(two).await.0, 403);

    for method in ["GET", "DELETE", "PUT", "OPTIONS"] {
        let (status, allow, answer) = send(host().method(method)).await;
        assert_eq!((status, allow.unwrap(), &answer["id"]), (405, "POST".parse().unwrap(), &json!(null)));
    }
    let plain = || Request::post("/").header("host", "api.example");
    assert_eq!(send(plain()).await.0, 200);
    assert_eq!(send(plain().header("accept", "application/json")).await.0, 406);
    assert_eq!(send(plain().header("content-type", "text/plain")).await.0, 415);
    assert_eq!(send(plain().header("content-encoding", "gzip")).await.0, 415);
    assert_eq!(send(plain().header("content-type", "Application/JSON; charset=utf-8")).await.0, 200);

    // What is refused calls no tool.
    let (server, calls) = counting();
    let call = || modern("tools/call", json!({ "name": "five" }));
    let (request, message) = call();
    let evil = || call().0.header("host", "api.example").header("origin", "https://evil.example");
    let other = |name: &'static str, value: &'static str| {
        let mut request = call().0;
        request.headers_mut().unwrap().insert(name, value.parse().unwrap());
        request
    };
    for refused in [
        evil(),
        evil().method("GET"),
        call().0.method("GET"),
        other("accept", "application/json"),
        other("content-type", "text/plain"),
    ] {
        assert!(super::send(&server, refused, message.to_string()).await.status().is_client_error());
        assert_eq!(calls.load(Ordering::Relaxed), 0);
    }
    assert_eq!(super::send(&server, request, message.to_string()).await.status(), 200);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// A server whose tool `five` counts its calls.
fn counting() -> (Server, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let five = move |Input(Nothing {}): Input<Nothing>| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(5_u8)
    };
    (Server::new(Tools::new().add(five)), calls)
}

#[tokio::test]
async fn a_body_that_lambda_cannot_deliver_is_refused() {
    let large = vec![b' '; crate::core::limits::PAYLOAD_LIMIT + 1];
    let response = send(&server(), http_request(), large).await;
    assert_eq!(response.status(), 413);
    let broken = futures_util::stream::iter([Err::<bytes::Bytes, _>(std::io::Error::other("secret"))]);
    let response = send(&server(), http_request(), Body::from_stream(broken)).await;
    assert_eq!(response.status(), 400);
    assert!(!body(response).await.to_string().contains("secret"));
}
