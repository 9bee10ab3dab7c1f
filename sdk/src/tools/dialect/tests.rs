use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tools::{Definition, Dialect, Input, Tool, Tools};

macro_rules! tool {
    ($name:ident) => {
        impl Tool for $name {
            const DEFINITION: Definition = Definition::new("tool", "A tool.");
        }
    };
}

// Below the macro, which it uses.
mod advice;

/// How urgent it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Priority {
    Low,
    High,
}

/// How it is sent.
#[derive(Deserialize, JsonSchema)]
enum Way {
    /// By post.
    Post,
    /// By a courier.
    Courier,
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Line {
    /// The stock keeping unit.
    sku: String,
    #[schemars(range(min = 1, max = 9))]
    count: u8,
    note: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Order {
    line: Line,
    more: Option<Vec<Line>>,
    /// Its priority.
    priority: Priority,
    way: Option<Way>,
    urgency: Option<Priority>,
    last: Option<Line>,
    ratio: f64,
    gift: bool,
    #[serde(default)]
    days: u8,
}
tool!(Order);

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Tree {
    name: String,
    children: Vec<Tree>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind")]
#[allow(dead_code)]
enum Shape {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Refused {
    tree: Tree,
    shape: Shape,
    map: std::collections::HashMap<String, u8>,
    any: Value,
    pair: (u8, u8),
    list: Vec<Value>,
    ids: std::collections::HashMap<u64, u8>,
    #[schemars(extend("allOf" = [{ "type": "integer" }]))]
    both: i64,
}
tool!(Refused);

fn tools<T: Tool>() -> Tools {
    Tools::new().add(async |_: Input<T>| "")
}

#[test]
fn check_35_nested_types_are_inlined_options_are_not_required_and_enums_are_described() {
    let schema = tools::<Order>().agentcore_schema().unwrap();
    let line = json!({
        "type": "object",
        "properties": {
            "sku": { "type": "string", "description": "The stock keeping unit." },
            "count": { "type": "integer" },
            "note": { "type": "string" },
        },
        "required": ["sku", "count"],
    });
    let input = &schema[0]["inputSchema"];
    assert_eq!(input["properties"]["line"], line);
    assert_eq!(input["properties"]["more"], json!({ "type": "array", "items": line }));
    assert_eq!(input["properties"]["last"], line);
    let priority = json!({ "type": "string", "description": "Its priority. One of: low, high." });
    assert_eq!(input["properties"]["priority"], priority);
    let way = "How it is sent. One of: Post (By post), Courier (By a courier).";
    assert_eq!(input["properties"]["way"], json!({ "type": "string", "description": way }));
    let urgency = "How urgent it is. One of: low, high.";
    assert_eq!(input["properties"]["urgency"], json!({ "type": "string", "description": urgency }));
    assert_eq!(input["required"], json!(["line", "priority", "ratio", "gift"]));
    assert_eq!(input["properties"]["days"], json!({ "type": "integer" }));
}

#[test]
fn check_35_what_would_change_the_meaning_is_refused_with_its_path() {
    let faults = tools::<Refused>().agentcore_schema().unwrap_err();
    for (path, why) in [
        ("/tree/children/*", "a recursive type"),
        ("/shape", "a value of several forms"),
        ("/map", "a map with any names"),
        ("/any", "any JSON"),
        ("/pair", "a tuple: use a struct with named fields; AgentCore"),
        ("/ids", "a map with any names"),
        ("/both", "its schema has the keyword `allOf`: use a type without it; AgentCore"),
        ("/list/*", "any JSON"),
    ] {
        let expected = format!("the tool `tool` at `{path}`: {why}");
        assert!(faults.iter().any(|fault| fault.starts_with(&expected)), "{expected} is not in\n{faults}");
    }
    assert_eq!(faults.iter().len(), 8, "{faults}");
}

#[test]
fn a_limit_and_a_media_type_are_left_out() {
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Limited {
        count: std::num::NonZeroI64,
        #[schemars(extend("contentMediaType" = "text/html"))]
        page: String,
    }
    tool!(Limited);
    let schema = tools::<Limited>().agentcore_schema().unwrap();
    let properties = json!({ "count": { "type": "integer" }, "page": { "type": "string" } });
    assert_eq!(schema[0]["inputSchema"]["properties"], properties);
}

#[test]
fn bedrock_has_flat_parameters_and_refuses_a_nested_object() {
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Flat {
        /// The lines.
        lines: Vec<Line>,
        days: Option<Vec<u8>>,
        priority: Priority,
    }
    tool!(Flat);
    let schema = tools::<Flat>().bedrock_schema().unwrap();
    let lines = "The lines. A list of objects with count (integer), note (optional string), \
                 sku (string: The stock keeping unit).";
    assert_eq!(
        schema["functions"][0]["parameters"],
        json!({
            "lines": { "type": "array", "required": true, "description": lines },
            "days": { "type": "array", "required": false, "description": "A list of integers." },
            "priority": {
                "type": "string", "required": true, "description": "How urgent it is. One of: low, high.",
            },
        })
    );
    let faults = tools::<Order>().bedrock_schema().unwrap_err().to_string();
    assert!(faults.contains("`tool` at `/line`: a nested object"), "{faults}");
}

#[test]
fn a_name_is_checked_per_dialect() {
    #[derive(Deserialize, JsonSchema)]
    struct Dotted {}
    impl Tool for Dotted {
        const DEFINITION: Definition = Definition::new("a.b__c", "A tool.");
    }
    assert!(tools::<Dotted>().mcp_schema().is_ok());
    assert!(tools::<Dotted>().agentcore_schema().unwrap_err().to_string().contains("has a `.`"));
    assert!(tools::<Dotted>().bedrock_schema().unwrap_err().to_string().contains("not valid in Bedrock"));
}

#[test]
fn mcp_lists_full_schemas_and_all_hints() {
    let schema = tools::<Refused>().mcp_schema().unwrap();
    let listed = &schema[0];
    assert_eq!(listed["annotations"]["destructiveHint"], true);
    assert!(listed["inputSchema"]["properties"]["shape"]["oneOf"].is_array());
    #[derive(Deserialize, JsonSchema)]
    struct None {}
    tool!(None);
    let none = tools::<None>().mcp_schema().unwrap();
    assert_eq!(none[0]["inputSchema"], json!({ "type": "object", "additionalProperties": false }));
}

#[test]
fn an_input_that_is_not_always_an_object_is_refused_in_each_dialect() {
    #[derive(Deserialize, JsonSchema)]
    #[serde(transparent)]
    #[allow(dead_code)]
    struct List {
        inner: Vec<u8>,
    }
    tool!(List);
    #[derive(Deserialize, JsonSchema)]
    #[serde(transparent)]
    #[allow(dead_code)]
    struct Maybe {
        inner: Option<Line>,
    }
    tool!(Maybe);
    #[derive(Deserialize, JsonSchema)]
    #[serde(from = "String")]
    struct Text {}
    impl From<String> for Text {
        fn from(_: String) -> Self {
            Self {}
        }
    }
    tool!(Text);
    for tools in [tools::<List>(), tools::<Maybe>(), tools::<Text>()] {
        for dialect in [Dialect::Mcp, Dialect::AgentCore, Dialect::Bedrock] {
            let faults = tools.schema(dialect).unwrap_err();
            let expected = "the input of the tool `tool` is not always an object: use a struct with named fields";
            assert_eq!(faults.iter().collect::<Vec<_>>(), [expected], "{dialect:?}");
        }
    }
}

#[test]
fn a_flattened_enum_is_refused_and_a_single_branch_stays_required() {
    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "kind")]
    #[allow(dead_code)]
    enum How {
        Exact { max: i64 },
    }
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Search {
        query: String,
        #[serde(flatten)]
        how: How,
    }
    tool!(Search);
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Outer {
        search: Search,
    }
    tool!(Outer);
    for (tools, at) in [(tools::<Search>(), ""), (tools::<Outer>(), " at `/search`")] {
        for dialect in [Dialect::AgentCore, Dialect::Bedrock] {
            let faults = tools.schema(dialect).unwrap_err().to_string();
            assert!(faults.starts_with(&format!("the tool `tool`{at}: a value of several forms")), "{faults}");
        }
    }

    #[derive(Deserialize, JsonSchema)]
    enum OneWay {
        /// By post.
        Post,
    }
    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum Number {
        Whole(i64),
    }
    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum Perhaps {
        Whole(Option<i64>),
    }
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Single {
        way: OneWay,
        number: Number,
        maybe: Option<Number>,
        perhaps: Perhaps,
    }
    tool!(Single);
    let schema = tools::<Single>().agentcore_schema().unwrap();
    assert_eq!(schema[0]["inputSchema"]["required"], json!(["way", "number"]));
}

#[test]
fn check_42_references_below_a_field_that_has_the_name_of_a_keyword_are_moved() {
    use schemars::{Schema, SchemaGenerator};

    #[derive(serde::Serialize)]
    struct Drawn;
    impl JsonSchema for Drawn {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Drawn".into()
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let root = json!({ "$ref": "#" });
            Schema::try_from(json!({
                "anyOf": [
                    { "type": "object", "properties": { "const": root, "enum": root, "$defs": root, "properties": root } },
                    { "const": root },
                    { "$ref": "#/$defs/other" },
                ],
                "$defs": { "examples": root, "other": { "type": "null" } },
            }))
            .unwrap()
        }
    }
    let listed = Tools::new().add(async |_: Input<Order>| Drawn).mcp_schema().unwrap();
    let (root, moved) = (json!({ "$ref": "#" }), json!({ "$ref": "#/properties/result" }));
    let output = &listed[0]["outputSchema"];
    let branches = &output["properties"]["result"]["anyOf"];
    assert_eq!(
        branches[0]["properties"],
        json!({ "const": moved, "enum": moved, "$defs": moved, "properties": moved })
    );
    assert_eq!((&branches[1]["const"], &branches[2]["$ref"]), (&root, &json!("#/$defs/other")));
    assert_eq!(output["$defs"]["examples"], moved);
}
