//! Parameters of each style.

use super::*;

/// Sends a request to an operation with one parameter, and returns the fault.
async fn parameter(path: &str, parameter: Value, request: Request) -> Option<String> {
    let document = json!({
        "openapi": "3.1.0",
        "paths": { path: { "$ref": "#/components/pathItems/Items" } },
        "components": {
            "pathItems": { "Items": { "get": { "parameters": [parameter], "responses": { "204": {} } } } },
            "schemas": { "Page": {
                "type": "object",
                "properties": { "limit": { "type": "integer" }, "name": { "type": "string" }, "ids": { "type": "array", "items": { "type": "integer" } } },
                "required": ["limit"],
            } },
        },
    });
    fault(&document, request, || response(204, &[], "")).await
}

#[tokio::test]
async fn each_style_of_a_parameter_is_read() {
    let page = || json!({ "allOf": [{ "$ref": "#/components/schemas/Page" }], "description": "A page." });
    let numbers = || json!({ "type": "array", "items": { "type": "integer" }, "maxItems": 2 });
    let number = || json!({ "type": "integer" });
    for (place, style, explode, schema, good, bad) in [
        ("query", "deepObject", true, page(), "p[limit]=1&p[name]=2", "p[limit]=x"),
        ("query", "deepObject", false, page(), "p[limit]=1&p[ids]=1&p[ids]=2&other=x", "p[name]=1"),
        ("query", "form", true, page(), "limit=1&name=2&ids=3", "limit=x"),
        ("query", "form", false, page(), "p=limit,1,name,2", "p=limit,x"),
        ("query", "form", false, numbers(), "p=1,2", "p=1,2,3"),
        ("query", "form", false, json!({ "type": "array", "items": { "pattern": "^a,b$" } }), "p=a%2Cb", "p=a,b"),
        ("query", "form", false, number(), "p=1", "p=1,2"),
        ("query", "form", true, numbers(), "p=1&p=2", "p=1&p=2&p=3"),
        ("query", "spaceDelimited", false, numbers(), "p=1%202", "p=1+2+3"),
        ("query", "pipeDelimited", false, numbers(), "p=1|2", "p=1%7C2%7C3"),
        ("query", "pipeDelimited", false, page(), "p=limit|1", "p=limit|x"),
        ("query", "spaceDelimited", false, page(), "p=limit%201", "p=limit%20x"),
    ] {
        let declared = json!({ "in": place, "name": "p", "style": style, "explode": explode, "schema": schema });
        let of = async |query: &str| parameter("/items", declared.clone(), get(format!("/items?{query}"))).await;
        assert_eq!(of(good).await, None, "{style} {explode} {good}");
        let found = of(bad).await.unwrap_or_else(|| panic!("{style} {explode} {bad}"));
        assert!(found.contains("the query parameter `p` does not match its schema"), "{found}");
    }
    for (style, explode, schema, good, bad) in [
        ("simple", false, numbers(), "1,2", "1,2,3"),
        ("simple", false, page(), "limit,1", "limit,x"),
        ("simple", true, page(), "limit=1,name=2", "limit=x"),
        ("label", false, number(), ".1", ".x"),
        ("label", false, numbers(), ".1,2", ".1,2,3"),
        ("label", true, numbers(), ".1.2", ".1.2.3"),
        ("label", true, page(), ".limit=1.name=2", ".limit=x"),
        ("matrix", false, number(), ";p=1", ";p=x"),
        ("matrix", false, numbers(), ";p=1,2", ";p=1,2,3"),
        ("matrix", true, numbers(), ";p=1;p=2", ";p=1;p=2;p=3"),
        ("matrix", true, page(), ";limit=1;name=2", ";limit=x"),
        ("matrix", false, page(), ";p=limit,1", ";p=limit,x"),
    ] {
        let declared = json!({ "in": "path", "name": "p", "required": true, "style": style, "explode": explode, "schema": schema });
        let of = async |path: &str| parameter("/items/{p}", declared.clone(), get(format!("/items/{path}"))).await;
        assert_eq!(of(good).await, None, "{style} {explode} {good}");
        let found = of(bad).await.unwrap_or_else(|| panic!("{style} {explode} {bad}"));
        assert!(found.contains("the path parameter `p` does not match its schema"), "{found}");
    }
    let headers = |value: &str| get("/items").header("x-p", value).header("cookie", "a=1; p=2; b=x");
    let header = json!({ "in": "header", "name": "X-P", "schema": numbers() });
    assert_eq!(parameter("/items", header.clone(), headers("1, 2")).await, None);
    assert!(parameter("/items", header, headers("1, 2, 3")).await.is_some());
    let cookie = |name: &str| json!({ "in": "cookie", "name": name, "required": true, "schema": number() });
    assert_eq!(parameter("/items", cookie("p"), headers("")).await, None);
    assert!(parameter("/items", cookie("b"), headers("")).await.unwrap().contains("`b` does not match its schema"));
    assert!(
        parameter("/items", cookie("c"), headers("")).await.unwrap().contains("the cookie parameter `c` is required")
    );
    let json = json!({ "in": "query", "name": "p", "content": { "application/json": { "schema": page() } } });
    assert_eq!(parameter("/items", json.clone(), get("/items?p=%7B%22limit%22:1%7D")).await, None);
    assert!(parameter("/items", json, get("/items?p=%7B%7D")).await.unwrap().contains("is required"));
}

#[tokio::test]
async fn a_form_that_tests_do_not_know_is_named() {
    let number = || json!({ "type": "integer" });
    let list = || json!({ "type": "array" });
    for (declared, query, text) in [
        (
            json!({ "in": "query", "name": "p", "style": "tabDelimited", "schema": list() }),
            "p=1",
            "a list with the style `tabDelimited` in the query",
        ),
        (
            json!({ "in": "query", "name": "p", "style": "deepObject", "schema": number() }),
            "p=1",
            "a text with the style `deepObject`",
        ),
        (
            json!({ "in": "query", "name": "p", "style": "deepObject", "schema": { "type": "object" } }),
            "p[a][b]=1",
            "`p` is nested",
        ),
        (
            json!({ "in": "query", "name": "p", "style": "form", "explode": false, "schema": { "type": "object" } }),
            "p=a",
            "has a name without a value",
        ),
        (
            json!({ "in": "querystring", "name": "p", "schema": number() }),
            "p=1",
            "tests do not know parameters in `querystring`",
        ),
        (
            json!({ "in": "query", "name": "p", "content": { "text/csv": {} } }),
            "p=1",
            "has the media type `text/csv`: tests know JSON alone",
        ),
        (json!({ "$ref": "other.yaml#/p" }), "p=1", "`other.yaml#/p`, which is not in the document"),
        (
            json!({ "in": "query", "name": "p", "schema": { "$ref": "#/components/schemas/Nosuch" } }),
            "p=1",
            "`#/components/schemas/Nosuch`, which is not in the document",
        ),
    ] {
        let found = parameter("/items", declared.clone(), get(format!("/items?{query}"))).await;
        let found = found.unwrap_or_else(|| panic!("{declared}"));
        assert!(found.contains(text), "{found}");
    }
    let elsewhere = json!({ "openapi": "3.1.0", "paths": { "/items": { "$ref": "items.yaml" } } });
    let found = fault(&elsewhere, get("/items"), || response(204, &[], "")).await.unwrap();
    assert!(found.contains("`items.yaml`, which is not in the document"), "{found}");
}
