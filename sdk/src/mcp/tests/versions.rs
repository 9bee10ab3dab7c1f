//! Both eras on one endpoint.

use super::*;

#[tokio::test]
async fn check_38_the_version_is_that_of_the_header_and_of_the_metadata() {
    let discover = |header: Option<&str>, stated: Option<&str>| {
        let mut meta = json!({ "io.modelcontextprotocol/clientCapabilities": {} });
        if let Some(stated) = stated {
            meta["io.modelcontextprotocol/protocolVersion"] = stated.into();
        }
        let mut request = http_request().header("mcp-method", "server/discover");
        if let Some(header) = header {
            request = request.header("mcp-protocol-version", header);
        }
        (request, json!({ "jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": { "_meta": meta } }))
    };
    for (header, stated, expected) in [
        (Some("2026-07-28"), Some("2026-07-28"), (200, Value::Null)),
        (Some("2026-07-28"), Some("2025-11-25"), (400, json!(-32020))),
        (Some("2025-11-25"), Some("2026-07-28"), (400, json!(-32020))),
        (None, Some("2026-07-28"), (400, json!(-32020))),
        (Some("2026-07-28"), None, (400, json!(-32602))),
        (Some("2099-01-01"), Some("2099-01-01"), (400, json!(-32022))),
        (Some("2099-01-01"), None, (400, json!(-32022))),
        // The old era, which does not have this method.
        (None, None, (200, json!(-32601))),
        (Some("2025-06-18"), None, (200, json!(-32601))),
        (Some("2025-06-18"), Some("2025-06-18"), (200, json!(-32601))),
    ] {
        let (status, answer) = answer(&server(), discover(header, stated)).await;
        assert_eq!((status, answer["error"]["code"].clone()), expected, "{header:?} {stated:?}: {answer}");
        assert_eq!(answer["id"], 0);
        if answer["error"]["code"] == -32022 {
            let supported = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]);
            assert_eq!(answer["error"]["data"], json!({ "supported": supported, "requested": "2099-01-01" }));
        }
    }
    // A tool sees the version of the client.
    for (header, expected) in
        [(None, "2025-03-26"), (Some("2025-06-18"), "2025-06-18"), (Some("2025-11-25"), "2025-11-25")]
    {
        let request = header.map_or_else(http_request, |header| http_request().header("mcp-protocol-version", header));
        let params = json!({ "name": "ask", "arguments": { "how": "of" } });
        let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": params });
        let answer = result(&server(), (request, message)).await;
        assert_eq!(answer["structuredContent"]["text"], format!("of None None {expected}"));
    }
}

#[tokio::test]
async fn an_unknown_version_is_repeated_in_part_only() {
    let long = "9".repeat(1_000);
    let request = http_request().header("mcp-protocol-version", &long);
    let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "ping" });
    let (_, answer) = answer(&server(), (request, message)).await;
    assert_eq!(answer["error"]["data"]["requested"], "9".repeat(64));
}

#[tokio::test]
async fn the_metadata_needs_the_capabilities_as_an_object() {
    for capabilities in [None, Some(json!(null)), Some(json!([])), Some(json!("{}"))] {
        let (request, mut message) = modern("server/discover", json!({}));
        let meta = message["params"]["_meta"].as_object_mut().unwrap();
        meta.remove("io.modelcontextprotocol/clientCapabilities");
        if let Some(capabilities) = capabilities {
            meta.insert("io.modelcontextprotocol/clientCapabilities".into(), capabilities);
        }
        let (status, answer) = answer(&server(), (request, message)).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(-32602)));
    }
}

#[tokio::test]
async fn discovery_describes_the_server() {
    let server = server().instructions("Ask \"well\".").cache(Duration::from_secs(1), crate::mcp::CacheScope::Public);
    let found = result(&server, modern("server/discover", json!({}))).await;
    let expected = json!({
        "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
        "capabilities": { "tools": {} },
        "instructions": "Ask \"well\".",
        "ttlMs": 1000,
        "cacheScope": "public",
        "resultType": "complete",
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "tests", "version": "1.2.3" } },
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn check_39_an_older_client_works_without_a_session_in_any_sandbox() {
    for (asked, expected) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
    ] {
        let params =
            json!({ "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "old", "version": "1" } });
        let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let response = send(&server().instructions("Ask."), http_request(), message.to_string()).await;
        assert!(response.headers().get("mcp-session-id").is_none());
        let begun = body(response).await["result"].clone();
        assert_eq!(begun["protocolVersion"], expected);
        assert_eq!(begun["serverInfo"], json!({ "name": "tests", "version": "1.2.3" }));
        assert_eq!((&begun["capabilities"], &begun["instructions"]), (&json!({ "tools": {} }), &json!("Ask.")));
    }
    // Other sandboxes, which did not see the handshake.
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let request = http_request().header("mcp-protocol-version", "2025-11-25").header("mcp-session-id", "old");
    assert_eq!(answer(&server(), (request, initialized)).await, (202, Value::Null));
    assert_eq!(result(&server(), legacy("ping", &json!({}))).await, json!({}));
    let called = result(&server(), legacy("tools/call", &json!({ "name": "five" }))).await;
    // Without the members of the new era.
    assert_eq!(
        called,
        json!({ "content": [{ "type": "text", "text": r#"{"result":5}"# }], "structuredContent": { "result": 5 } })
    );
    // Of 2025-03-26, without the header.
    let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": { "name": "five" } });
    assert_eq!(result(&server(), (http_request(), message)).await["structuredContent"], json!({ "result": 5 }));
}

#[tokio::test]
async fn the_methods_of_one_era_are_unknown_in_the_other() {
    for method in ["initialize", "ping", "logging/setLevel", "prompts/list", "nope"] {
        let (status, answer) = answer(&server(), modern(method, json!({}))).await;
        assert_eq!((status, &answer["error"]["code"], &answer["id"]), (404, &json!(-32601), &json!(7)), "{method}");
    }
    for method in ["server/discover", "resources/list", "nope"] {
        let (status, answer) = answer(&server(), legacy(method, &json!({}))).await;
        assert_eq!((status, &answer["error"]["code"], &answer["id"]), (200, &json!(-32601), &json!("a")), "{method}");
    }
}
