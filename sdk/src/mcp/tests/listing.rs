//! `tools/list`: pages, schemas, annotations.

use super::*;
use crate::core::layer_mistakes::collect;

#[tokio::test]
async fn a_tool_is_listed_with_its_schemas_and_all_its_hints() {
    let listed = result(&server(), modern("tools/list", json!({}))).await;
    let names: Vec<_> = listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ask", "five", "picture", "mirrored"]);
    assert_eq!((&listed["ttlMs"], &listed["cacheScope"]), (&json!(300_000), &json!("private")));
    assert_eq!(listed.get("nextCursor"), None);
    let ask = &listed["tools"][0];
    assert_eq!((&ask["title"], &ask["description"]), (&json!("Ask"), &json!("Asks.")));
    let hints =
        json!({ "readOnlyHint": true, "destructiveHint": false, "idempotentHint": false, "openWorldHint": true });
    assert_eq!(ask["annotations"], hints);
    assert_eq!(ask["inputSchema"]["required"], json!(["how"]));
    assert_eq!(ask["outputSchema"]["properties"]["text"]["type"], "string");
    assert_eq!(listed["tools"][2].get("outputSchema"), None);
    assert_eq!(listed["tools"][3]["inputSchema"]["properties"]["region"]["x-mcp-header"], "Region");

    let old = result(&server(), legacy("tools/list", &json!({}))).await;
    assert_eq!(old["tools"], listed["tools"]);
    assert_eq!(old.as_object().unwrap().len(), 1);
    assert_eq!(server().tools().mcp_schema().unwrap(), listed["tools"]);
}

/// Tools with these names, all of one function.
fn many(count: usize) -> Tools {
    (0..count).fold(Tools::new(), |tools, at| {
        let name: &'static str = Box::leak(format!("tool-{}", at * 7 % count).into_boxed_str());
        tools.add(five).renamed_last(name)
    })
}

#[tokio::test]
async fn check_40_pages_have_each_tool_once_and_a_cursor_means_the_same_in_every_sandbox() {
    let (mut names, mut pages, mut cursor) = (Vec::new(), 0, None::<Value>);
    loop {
        let params = cursor.map_or(json!({}), |cursor| json!({ "cursor": cursor }));
        // A new sandbox for each page.
        let page = result(&Server::new(many(250)).page_size(100), modern("tools/list", params)).await;
        names.extend(page["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
        pages += 1;
        match page.get("nextCursor") {
            Some(next) => cursor = Some(next.clone()),
            None => break,
        }
    }
    let expected: Vec<_> = many(250).iter().map(|tool| tool.name().to_owned()).collect();
    assert_eq!((pages, names), (3, expected));

    let server = Server::new(many(250));
    // The next to last is the name of a tool in base64, without what makes it a cursor.
    for cursor in [
        json!("100"),
        json!("bogus!!"),
        json!("YWZ0ZXI6bm9wZQ"),
        json!(7),
        json!("dG9vbC0w"),
        json!("YWZ0ZXI6dG9vbC0w "),
    ] {
        for message in
            [modern("tools/list", json!({ "cursor": cursor })), legacy("tools/list", &json!({ "cursor": cursor }))]
        {
            let (status, answer) = answer(&server, message).await;
            assert_eq!((status, &answer["error"]["code"]), (200, &json!(-32602)), "{cursor}");
        }
    }
    for cursor in [json!(""), json!(null)] {
        let page = result(&server, modern("tools/list", json!({ "cursor": cursor }))).await;
        assert_eq!(page["tools"].as_array().unwrap().len(), 100);
    }
    // A page that ends with the last tool has no next one.
    let page = result(&Server::new(many(100)), modern("tools/list", json!({}))).await;
    assert_eq!(page.get("nextCursor"), None);
}

#[test]
fn check_46_a_mistake_in_the_tools_or_the_settings_fails_at_start() {
    let two = || Server::new(Tools::new().add(five).add(five));
    assert!(collect(two).unwrap_err().contains("two tools have the name `five`"));
    assert!(collect(|| Server::new(Tools::new())).unwrap_err().contains("no tool is registered"));
    assert!(collect(|| server().require_capability("nope", "sampling")).unwrap_err().contains("`nope`"));
    assert!(collect(|| server().page_size(0)).unwrap_err().contains("at least 1"));
    assert!(collect(|| server().allow_origins(["https://app.example/"])).unwrap_err().contains("without a path"));
}

#[cfg(feature = "http")]
#[test]
fn a_mistake_in_an_option_is_the_error_of_the_function_also_within_a_router() {
    let start = |server: Server| {
        let alone = crate::http::service(server.clone()).into_service().err().map(|error| error.to_string());
        let router = axum::Router::new().route_service("/mcp", server);
        let routed = crate::http::service(router).into_service().err().map(|error| error.to_string());
        assert_eq!(alone, routed);
        alone
    };
    for (server, sentence) in [
        (server().page_size(0), "the page size of an MCP server must be at least 1"),
        (server().allow_origins(["https://app.example/"]), "without a path"),
        (server().require_capability("nope", "sampling"), "`nope`, which the MCP server does not have"),
        (server().page_size(0).require_capability("nope", "sampling"), "must be at least 1"),
        (Server::new(Tools::new()), "no tool is registered: add one by `Tools::add`"),
        (Server::new(Tools::new().add(five).add(five)), "two tools have the name `five`"),
    ] {
        let error = start(server).unwrap();
        assert!(error.contains(sentence), "{sentence}: {error}");
    }
    assert_eq!(start(server()), None);
}

#[tokio::test]
async fn a_server_with_a_mistake_serves_no_request() {
    for message in [modern("tools/list", json!({})), legacy("tools/call", &json!({ "name": "five" }))] {
        let (status, answer) = answer(&server().require_capability("nope", "sampling"), message).await;
        assert_eq!((status, &answer["error"]["code"]), (500, &json!(-32603)));
        assert!(!answer.to_string().contains("nope"), "{answer}");
    }
}

#[cfg(all(feature = "http", feature = "testing"))]
#[tokio::test]
async fn a_list_that_is_too_large_is_an_error_of_json_rpc() {
    const LONG: &str = include_str!("listing.rs");
    let many = |count: usize| {
        (0..count).fold(Tools::new(), |tools, at| {
            let name: &'static str = Box::leak(format!("tool-{at}").into_boxed_str());
            tools.add(five).described_last(name, LONG)
        })
    };
    for (page_size, is_error) in [(1_000, true), (100, false)] {
        let server = Server::new(many(1_000)).page_size(page_size);
        let caller = crate::testing::Caller::new(crate::http::service(server)).without_logs();
        let (_, message) = legacy("tools/list", &json!({}));
        let request = crate::testing::http::post("/mcp").header("mcp-protocol-version", "2025-11-25").json(message);
        let response = caller.send(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let answer: Value = response.json().unwrap();
        assert_eq!(answer["error"]["code"] == -32603, is_error, "{page_size}");
    }
}

#[tokio::test]
async fn a_time_of_the_list_is_an_integer_that_clients_read_exactly() {
    let server = server().cache(Duration::MAX, crate::mcp::CacheScope::Public);
    let listed = result(&server, modern("tools/list", json!({}))).await;
    assert_eq!((&listed["ttlMs"], &listed["cacheScope"]), (&json!(9_007_199_254_740_991_u64), &json!("public")));
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Badly {
    #[schemars(extend("x-mcp-header" = "Price"))]
    price: f64,
    #[schemars(extend("x-mcp-header" = "a b"))]
    spaced: String,
    #[schemars(extend("x-mcp-header" = "Twice"))]
    once: String,
    #[schemars(extend("x-mcp-header" = "twice"))]
    again: String,
    list: Vec<Place>,
}

impl Tool for Badly {
    const DEFINITION: Definition = Definition::new("badly", "Badly.");
}

async fn badly(Input(_): Input<Badly>) {}

#[test]
fn an_annotation_that_clients_would_refuse_fails_at_start_of_a_debug_build() {
    let sentences = collect(|| Server::new(Tools::new().add(badly))).unwrap_err();
    for expected in [
        "the tool `badly`: `x-mcp-header` of `/price` must be on a string, an integer or a boolean",
        "`/spaced` must be the name of a header",
        "is used twice",
        "must be in a property that is reached by `properties` alone",
    ] {
        assert!(sentences.contains(expected), "{expected}: {sentences}");
    }
}

#[derive(Serialize, JsonSchema)]
struct Tree {
    children: Vec<Tree>,
}

#[derive(Deserialize, JsonSchema)]
struct Trees {}

impl Tool for Trees {
    const DEFINITION: Definition = Definition::new("trees", "Trees.");
}

async fn trees(Input(Trees {}): Input<Trees>) -> Vec<Tree> {
    vec![Tree { children: vec![Tree { children: Vec::new() }] }]
}

#[tokio::test]
async fn check_42_references_lead_to_the_same_schema_within_the_member_result() {
    let listed = result(&Server::new(Tools::new().add(trees)), modern("tools/list", json!({}))).await;
    let output = &listed["tools"][0]["outputSchema"];
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(output, &mut found);
    assert!(!found.is_empty(), "{output}");
    for reference in found {
        let to = output.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} in {output}"));
        assert!(to["type"] == "array" || to["type"] == "object", "{reference}");
    }
}

#[cfg(feature = "http")]
#[test]
fn a_function_that_is_a_server_has_its_tools_for_the_export_of_the_schema() {
    use crate::core::descriptions::Describe as _;

    let mut exported = None::<Tools>;
    crate::http::service(server()).layer(crate::http::Stack::new()).describe(&mut exported).unwrap();
    assert_eq!(exported.unwrap().mcp_schema().unwrap(), tools().mcp_schema().unwrap());

    let router = axum::Router::new().route_service("/mcp", server());
    let mut exported = None::<Tools>;
    crate::http::service(router).describe(&mut exported).unwrap();
    assert!(exported.is_none());
}
