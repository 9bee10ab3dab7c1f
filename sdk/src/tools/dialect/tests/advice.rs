//! The advice in the sentences about a schema: it fits the dialect, and leads to a type that is accepted.

use super::*;

#[test]
fn the_advice_of_a_fault_fits_its_dialect() {
    type Map = std::collections::HashMap<String, u8>;
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Nested {
        line: Line,
        last: Option<Line>,
        shape: Shape,
        any: Value,
        pair: (u8, u8),
        tree: Box<Tree>,
        parent: Option<Box<Nested>>,
        map: Map,
        shapes: Vec<Shape>,
        anything: Vec<Value>,
        pairs: Vec<(u8, u8)>,
        maps: Vec<Map>,
    }
    tool!(Nested);
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Named {
        #[serde(flatten)]
        rest: Map,
    }
    tool!(Named);
    let list = "a map with any names: use a list of objects that have a name and a value";
    let fixed = "a recursive type: use a type of a fixed depth, or a list of ids";
    for (dialect, name, expected) in [
        (
            Dialect::AgentCore,
            "AgentCore",
            vec![
                ("/any", "any JSON is accepted here: use a type with fields"),
                ("/anything/*", "any JSON is accepted here: use a type with fields"),
                ("/map", list),
                ("/maps/*", list),
                ("/pair", "a tuple: use a struct with named fields"),
                ("/pairs/*", "a tuple: use a struct with named fields"),
                ("/parent", fixed),
                ("/shape", "a value of several forms (an enum with fields): use a struct with optional fields"),
                ("/shapes/*", "a value of several forms (an enum with fields): use a struct with optional fields"),
                ("/tree/children/*", fixed),
            ],
        ),
        (
            Dialect::Bedrock,
            "Bedrock",
            vec![
                ("/any", "any JSON is accepted here: move its fields, as optional ones, into the input of the tool"),
                ("/anything/*", "any JSON is accepted here: use a type with fields"),
                ("/map", list),
                ("/maps/*", list),
                ("/pair", "a tuple: move its fields into the input of the tool"),
                ("/pairs/*", "a tuple: use a struct with named fields"),
                ("/parent", "a recursive type: use a list of ids"),
                (
                    "/shape",
                    "a value of several forms (an enum with fields): move its fields, as optional ones, into the input of \
                     the tool",
                ),
                ("/shapes/*", "a value of several forms (an enum with fields): use a struct with optional fields"),
                ("/tree/children/*", fixed),
            ],
        ),
    ] {
        let of = |path: &str, why: &str| format!("the tool `tool` at `{path}`: {why}; {name} cannot express it");
        let expected = expected.into_iter().map(|(path, why)| of(path, why)).collect::<Vec<_>>();
        assert_eq!(tools::<Nested>().schema(dialect).unwrap_err().iter().collect::<Vec<_>>(), expected);
        let why = "any names are accepted in the input: use a field that is a list of objects with a name and a value";
        let expected = format!("the tool `tool`: {why}; {name} cannot express it");
        assert_eq!(tools::<Named>().schema(dialect).unwrap_err().to_string(), expected);
    }
    let faults = tools::<Order>().bedrock_schema().unwrap_err().to_string();
    let moved = |path: &str, how: &str| {
        format!(
            "the tool `tool` at `{path}`: a nested object: move its fields{how} into the input of the tool; Bedrock "
        )
    };
    assert!(
        faults.contains(&moved("/line", "")) && faults.contains(&moved("/last", ", as optional ones,")),
        "{faults}"
    );
}

#[test]
fn the_advice_of_a_fault_leads_to_a_type_that_is_accepted() {
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Member {
        name: String,
        value: u8,
    }
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Flat {
        radius: Option<f64>,
        side: Option<f64>,
        first: u8,
        second: u8,
        map: Vec<Member>,
        children: Vec<String>,
        shapes: Vec<Shapes>,
        pairs: Vec<Pair>,
        maps: Vec<Vec<Member>>,
        trees: Vec<Depth>,
    }
    tool!(Flat);
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Shapes {
        radius: Option<f64>,
        side: Option<f64>,
    }
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Pair {
        first: u8,
        second: u8,
    }
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Depth {
        name: String,
        child: Option<Pair>,
    }
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct Deep {
        shape: Shapes,
        pair: Pair,
        tree: Depth,
    }
    tool!(Deep);
    for dialect in [Dialect::AgentCore, Dialect::Bedrock] {
        assert!(tools::<Flat>().schema(dialect).is_ok(), "{:?}", tools::<Flat>().schema(dialect));
    }
    assert!(tools::<Deep>().agentcore_schema().is_ok());
}
