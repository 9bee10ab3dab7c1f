//! `tools/call`: what a tool came to, in both eras.

use super::*;

async fn call(name: &str, arguments: Value) -> Value {
    result(&server(), modern("tools/call", json!({ "name": name, "arguments": arguments }))).await
}

#[tokio::test]
async fn a_value_is_structured_content_and_a_text_with_the_same_json() {
    let result = call("ask", json!({ "how": "well \"é\"", "days": 2 })).await;
    let structured = json!({ "text": "well \"é\" Some(2) Some(\"tests\") 2026-07-28" });
    assert_eq!(result["structuredContent"], structured);
    assert_eq!(result["content"][0]["text"], structured.to_string());
    assert_eq!((&result["resultType"], result.get("isError")), (&json!("complete"), None));
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"], json!({ "name": "tests", "version": "1.2.3" }));

    let message = legacy("tools/call", &json!({ "name": "ask", "arguments": { "how": "well" } }));
    let old = super::result(&server(), message).await;
    assert_eq!(old["structuredContent"]["text"], "well None None 2025-11-25");
    assert_eq!(old.as_object().unwrap().keys().collect::<Vec<_>>(), ["content", "structuredContent"]);
}

#[tokio::test]
async fn blocks_of_content_have_their_media() {
    let content = call("picture", json!({})).await["content"].clone();
    let expected = json!([
        { "type": "text", "text": "\"one\"" },
        { "type": "image", "mimeType": "image/png", "data": "cG5n" },
        { "type": "audio", "mimeType": "audio/wav", "data": "cG5n" },
        { "type": "resource_link", "uri": "https://a.example", "name": "a" },
        { "type": "resource", "resource": { "uri": "file:///a", "mimeType": "text/plain", "text": "\"a\"" } },
    ]);
    assert_eq!(content, expected);
}

/// The schemas of 2025-03-26 to 2026-07-28 have text, images, audio and embedded resources; `resource_link` came with
/// 2025-06-18.
#[tokio::test]
async fn a_client_gets_no_block_that_its_revision_does_not_have() {
    for (version, has_links) in
        [(None, false), (Some("2025-03-26"), false), (Some("2025-06-18"), true), (Some("2025-11-25"), true)]
    {
        let request = version
            .into_iter()
            .fold(http_request(), |request, version| request.header("mcp-protocol-version", version));
        let (_, message) = legacy("tools/call", &json!({ "name": "picture" }));
        let content = result(&server(), (request, message)).await["content"].clone();
        let kinds = content.as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect::<Vec<_>>();
        let link = if has_links { "resource_link" } else { "text" };
        assert_eq!(kinds, ["text", "image", "audio", link, "resource"], "{version:?}");
        if !has_links {
            assert_eq!(content[3], json!({ "type": "text", "text": "a: https://a.example" }));
        }
    }
}

#[cfg(feature = "logging")]
#[tokio::test]
async fn an_unknown_tool_is_logged_once_with_its_name_if_a_tool_can_have_it() {
    use crate::observe::logging::{CapturedLogs, Logs};
    use tracing::instrument::WithSubscriber as _;

    for (name, shown) in [("nope", json!("nope")), ("no such tool", Value::Null)] {
        let captured = CapturedLogs::default();
        let logs = Logs::new().writer(captured.clone()).build();
        answer(&server(), legacy("tools/call", &json!({ "name": name }))).with_subscriber(logs).await;
        let lines = captured.lines();
        assert_eq!(lines.len(), 1, "{name}: {lines:?}");
        assert_eq!((&lines[0]["level"], &lines[0]["error_type"]), (&json!("INFO"), &json!("UnknownTool")));
        assert_eq!(lines[0].get("tool").unwrap_or(&Value::Null), &shown);
    }
}

#[tokio::test(start_paused = true)]
async fn check_41_a_tool_that_fails_panics_or_is_late_is_an_error_that_the_model_reads() {
    for (how, expected) in [
        ("stated", "try \"again\""),
        ("other", "internal error (request id 52fdfc07)"),
        ("panic", "internal error (request id 52fdfc07)"),
        ("late", "internal error (request id 52fdfc07)"),
    ] {
        for message in [
            modern("tools/call", json!({ "name": "ask", "arguments": { "how": how } })),
            legacy("tools/call", &json!({ "name": "ask", "arguments": { "how": how } })),
        ] {
            let id = message.1["id"].clone();
            let (status, answer) = answer(&server(), message).await;
            assert_eq!((status, &answer["id"]), (200, &id));
            let result = &answer["result"];
            assert_eq!(result["isError"], true, "{result}");
            assert_eq!(result["content"], json!([{ "type": "text", "text": expected }]));
            assert!(!answer.to_string().contains("secret"), "{answer}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_tool_ends_before_the_deadline_layer_does() {
    let started = tokio::time::Instant::now();
    let late = json!({ "name": "ask", "arguments": { "how": "late" } });
    answer(&server(), modern("tools/call", late.clone())).await;
    assert_eq!(started.elapsed(), Duration::from_millis(2_700));
    let started = tokio::time::Instant::now();
    answer(&server().margin(Duration::from_secs(1)), modern("tools/call", late)).await;
    assert_eq!(started.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn check_42_the_announced_schemas_fit_what_is_sent_in_both_eras() {
    for message in [modern, |method: &str, params: Value| legacy(method, &params)] {
        let listed = result(&server(), message("tools/list", json!({}))).await;
        let five = listed["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "five").unwrap();
        let output = &five["outputSchema"];
        assert_eq!((&output["type"], &output["required"]), (&json!("object"), &json!(["result"])));
        assert_eq!(output["properties"]["result"]["type"], "integer");
        assert_eq!(five["inputSchema"]["additionalProperties"], false);

        for params in [json!({ "name": "five" }), json!({ "name": "five", "arguments": null })] {
            let sent = result(&server(), message("tools/call", params)).await;
            assert_eq!(sent["structuredContent"], json!({ "result": 5 }));
            assert_eq!(sent["content"][0]["text"], r#"{"result":5}"#);
        }
    }
}

#[tokio::test]
async fn check_43_arguments_that_do_not_fit_are_an_error_with_a_path_that_repeats_no_value() {
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let long = "hunter2".repeat(150_000);
    for (arguments, expected) in [
        (r#"{"how":"well","hunter2":1}"#.to_owned(), "unknown field"),
        (r#"{"how":["hunter2"]}"#.to_owned(), "/how: expected a string, got an array"),
        (r#"{"how":null}"#.to_owned(), "/how: expected a string, got null"),
        (r#"{"how":"well","days":"hunter2"}"#.to_owned(), "/days: expected an integer from 0 to 255, got a string"),
        (r#"{"how":"well","days":-1}"#.to_owned(), "/days: expected an integer from 0 to 255"),
        (format!(r#"{{"how":"well","days":"{long}"}}"#), "/days: expected an integer from 0 to 255, got a string"),
        (format!(r#"{{"how":"well","days":{deep}}}"#), "/days: "),
        (r#"{"days":1}"#.to_owned(), "/how: is missing"),
        (r#"["hunter2"]"#.to_owned(), "the arguments must be an object"),
        (r#""hunter2""#.to_owned(), "the arguments must be an object"),
    ] {
        let (request, _) = modern("tools/call", json!({ "name": "ask" }));
        let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"_meta":{meta},"name":"ask","arguments":{arguments}}}}}"#
        );
        let response = send(&server(), request, message).await;
        assert_eq!(response.status(), 200);
        let answer = body(response).await;
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        let at_most = text.len() < 300;
        assert!(text.contains(expected) && at_most && !text.contains("hunter2\""), "{text}");
        assert!(!text.contains("hunter2") || expected == "unknown field", "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_lambda_cannot_deliver_loses_its_copy_or_is_an_error_that_the_model_reads() {
    let server = Server::new(Tools::new().add(many));
    let call = async |limit: Option<usize>, of: &str, count: usize, is_text: bool| {
        let arguments = json!({ "of": of, "count": count, "is_text": is_text });
        let (mut request, message) = modern("tools/call", json!({ "name": "many", "arguments": arguments }));
        if let Some(limit) = limit {
            let invocation = request.extensions_mut().unwrap().get_mut::<Invocation>().unwrap();
            invocation.limit_response(limit);
        }
        let response = send(&server, request, message.to_string()).await;
        assert_eq!(response.status(), 200);
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let (escaped, base64) = (json!(text).to_string().len(), text.len().div_ceil(3) * 4 + 2);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["result"]["resultType"], "complete");
        (answer["result"].clone(), escaped.min(base64))
    };
    let limit = Some(PAYLOAD_LIMIT);
    let (whole, size) = call(limit, "\"", 100_000, false).await;
    assert_eq!(whole["content"][0]["text"].as_str().unwrap().len(), r#"{"text":""}"#.len() + 200_000);
    assert!(size < PAYLOAD_LIMIT);

    let (short, size) = call(limit, "\"", 800_000, false).await;
    assert_eq!((&short["content"], short.get("isError")), (&json!([]), None));
    assert_eq!(short["structuredContent"]["text"].as_str().unwrap().len(), 800_000);
    assert!(size < PAYLOAD_LIMIT);

    for is_text in [true, false] {
        let (error, _) = call(limit, "x", 7_000_000, is_text).await;
        assert_eq!((&error["isError"], error.get("structuredContent")), (&json!(true), None));
        let text = error["content"][0]["text"].as_str().unwrap();
        let (length, most) =
            text.strip_prefix("the answer is too large: ").unwrap().split_once(" bytes, at most ").unwrap();
        assert!(length.parse::<usize>().unwrap() > 7_000_000 && most == "6258688", "{text}");
    }
    // A stream, and a server of axum alone, have no limit.
    let (whole, _) = call(None, "x", 7_000_000, false).await;
    assert_eq!(whole["structuredContent"]["text"].as_str().unwrap().len(), 7_000_000);

    // The largest answer that is sent as it is, and one byte more, by a limit near it.
    let (_, size) = call(None, "x", 50_000, true).await;
    let (fits, _) = call(Some(size + 32 * 1024), "x", 50_000, true).await;
    assert_eq!(fits["content"][0]["text"].as_str().unwrap().len(), 50_000);
    let (over, _) = call(Some(size + 32 * 1024 - 1), "x", 50_000, true).await;
    assert_eq!(over["content"][0]["text"], format!("the answer is too large: {size} bytes, at most {}", size - 1));
}

#[tokio::test]
async fn a_tool_that_needs_a_capability_is_only_called_by_a_client_that_states_it() {
    let server = server().require_capability("five", "sampling");
    let (request, mut message) = modern("tools/call", json!({ "name": "five" }));
    let (status, refused) = answer(&server, (request, message.clone())).await;
    assert_eq!((status, &refused["error"]["code"], &refused["id"]), (400, &json!(-32021), &json!(7)));
    assert_eq!(refused["error"]["data"], json!({ "requiredCapabilities": { "sampling": {} } }));
    assert_eq!(answer(&server, legacy("tools/call", &json!({ "name": "five" }))).await.0, 400);

    message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({ "sampling": {} });
    let (request, _) = modern("tools/call", json!({ "name": "five" }));
    assert_eq!(answer(&server, (request, message)).await.0, 200);
}

#[tokio::test]
async fn the_header_of_an_argument_must_be_like_it_for_clients_of_the_current_revision() {
    let call = |arguments: Value| modern("tools/call", json!({ "name": "mirrored", "arguments": arguments }));
    for (arguments, headers, expected) in [
        (json!({ "region": "Hello" }), &[("mcp-param-region", "=?base64?SGVsbG8=?=")][..], 200),
        (json!({ "region": "Hello" }), &[("Mcp-Param-Region", " Hello ")], 200),
        (json!({ "region": null }), &[], 200),
        (json!({}), &[], 200),
        (json!({ "place": { "floor": 42 } }), &[("mcp-param-floor", "42.0")], 200),
        (json!({ "region": "Hello" }), &[], 400),
        (json!({ "region": "Hello" }), &[("mcp-param-region", "hello")], 400),
        (json!({ "region": "Hello" }), &[("mcp-param-region", "=?base64?SGVsbG8?=")], 400),
        (json!({ "region": "Hello" }), &[("mcp-param-region", "Hello"), ("mcp-param-region", "Hello")], 400),
        (json!({}), &[("mcp-param-region", "Hello")], 400),
        (json!({ "region": null }), &[("mcp-param-region", "null")], 400),
        (json!({ "place": { "floor": 42 } }), &[("mcp-param-floor", "43")], 400),
        (json!({ "place": 42 }), &[("mcp-param-floor", "42")], 400),
    ] {
        let (mut request, message) = call(arguments.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (status, answer) = answer(&server(), (request, message)).await;
        assert_eq!(status, expected, "{arguments} {headers:?}: {answer}");
        if expected == 400 {
            assert_eq!(answer["error"]["code"], -32020);
        }
    }
    // Older clients do not know these headers.
    let old = legacy("tools/call", &json!({ "name": "mirrored", "arguments": { "region": "Hello" } }));
    assert_eq!(result(&server(), old).await["content"][0]["text"], "Some(\"Hello\") None");
}

#[tokio::test]
async fn a_header_of_a_client_of_an_older_revision_must_be_like_the_body_if_there_is_one() {
    for version in [None, Some("2025-03-26"), Some("2025-11-25")] {
        for (headers, expected) in [
            (&[][..], 200),
            (&[("mcp-method", "tools/call"), ("mcp-name", "mirrored"), ("mcp-param-region", "Hello")], 200),
            (&[("mcp-param-region", "=?base64?SGVsbG8=?=")], 200),
            (&[("mcp-method", "tools/list")], 400),
            (&[("mcp-name", "five")], 400),
            (&[("mcp-name", "mirrored"), ("mcp-name", "five")], 400),
            (&[("mcp-param-region", "Bye")], 400),
            (&[("mcp-param-floor", "42")], 400),
        ] {
            let mut request = http_request();
            for (name, value) in version.map(|version| ("mcp-protocol-version", version)).iter().chain(headers) {
                request = request.header(*name, *value);
            }
            let message = json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": { "name": "mirrored", "arguments": { "region": "Hello" } },
            });
            let (status, answer) = answer(&server(), (request, message)).await;
            assert_eq!(status, expected, "{version:?} {headers:?}: {answer}");
            assert_eq!(answer["error"]["code"] == -32020, expected == 400, "{answer}");
        }
    }
}

#[cfg(all(feature = "http", feature = "testing"))]
#[tokio::test]
async fn an_answer_through_a_function_is_json_rpc_whatever_its_size() {
    let caller = crate::testing::Caller::new(crate::http::service(Server::new(Tools::new().add(many)))).without_logs();
    for (of, count, is_error) in [("\"", 800_000, false), ("\\", 1_500_000, false), ("x", 7_000_000, true)] {
        let (_, message) = legacy(
            "tools/call",
            &json!({
                "name": "many",
                "arguments": { "of": of, "count": count, "is_text": false },
            }),
        );
        let request = crate::testing::http::post("/mcp").header("mcp-protocol-version", "2025-11-25").json(message);
        let response = caller.send(request).await.unwrap();
        assert_eq!(response.status(), 200, "{of}");
        let answer: Value = response.json().unwrap();
        assert_eq!((&answer["id"], answer["result"]["isError"] == true), (&json!("a"), is_error), "{of}");
    }
}
