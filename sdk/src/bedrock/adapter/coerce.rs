//! Converts the texts that Bedrock sends into JSON, by the schema of the input and not by the declared type.

use serde_json::{Map, Value};

use super::java_text::{self, Java};
use super::scalar::{boolean, integer, number};

/// The deepest nesting of the branches of a schema that is searched: a reference may lead to itself.
const DEEPEST: usize = 4;

/// The words for the expected value, in the message for the model.
type Expected = &'static str;

/// Converts the text of a value that fits this schema. `root` is the whole schema, for the references of recursive types.
///
/// # Errors
///
/// What the schema expects.
pub(crate) fn coerce(text: &str, schema: &Value, root: &Value) -> Result<Value, Expected> {
    let kinds = Kinds::of(schema, root, 0);
    if kinds.is_text || !kinds.any() {
        return Ok(Value::String(text.to_owned()));
    }
    let trimmed = text.trim();
    if kinds.is_nullable && trimmed == "null" {
        return Ok(Value::Null);
    }
    let scalar = || {
        let boolean = || kinds.is_boolean.then(|| boolean(trimmed)).flatten().map(Value::Bool);
        let integer = || kinds.is_integer.then(|| integer(trimmed)).flatten().map(Value::Number);
        let number = || kinds.is_number.then(|| number(trimmed)).flatten().map(Value::Number);
        boolean().or_else(integer).or_else(number)
    };
    let structured = || structured(trimmed, schema, root, &kinds);
    scalar().or_else(structured).ok_or(kinds.expected())
}

/// Converts the text of a value by its declared type alone.
///
/// # Errors
///
/// What the type expects.
pub(crate) fn coerce_declared(text: &str, declared: &str) -> Result<Value, Expected> {
    let schema = match declared {
        "string" | "integer" | "number" | "boolean" | "array" | "object" => serde_json::json!({ "type": declared }),
        _ => return Ok(Value::String(text.to_owned())),
    };
    coerce(text, &schema, &schema)
}

/// The types that a schema accepts.
#[derive(Clone, Copy, Default)]
struct Kinds {
    is_text: bool,
    is_integer: bool,
    is_number: bool,
    is_boolean: bool,
    is_array: bool,
    is_object: bool,
    is_nullable: bool,
}

/// The branches of a schema: those of `anyOf`, `oneOf` and `allOf`, or what a `$ref` leads to.
fn branches<'s>(schema: &'s Value, root: &'s Value) -> impl Iterator<Item = &'s Value> {
    let listed = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.as_array());
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.strip_prefix('#')?));
    listed.flatten().chain(target)
}

impl Kinds {
    fn of(schema: &Value, root: &Value, depth: usize) -> Self {
        let mut kinds = Self::default();
        match schema.get("type") {
            Some(Value::String(name)) => kinds.add(name),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).for_each(|name| kinds.add(name)),
            _ => {
                let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
                values.chain(schema.get("const")).for_each(|value| kinds.add_of(value));
            }
        }
        if depth < DEEPEST {
            branches(schema, root).for_each(|branch| kinds.join(Self::of(branch, root, depth + 1)));
        }
        kinds
    }

    fn add(&mut self, name: &str) {
        match name {
            "string" => self.is_text = true,
            "integer" => self.is_integer = true,
            "number" => self.is_number = true,
            "boolean" => self.is_boolean = true,
            "array" => self.is_array = true,
            "object" => self.is_object = true,
            "null" => self.is_nullable = true,
            _ => {}
        }
    }

    fn add_of(&mut self, value: &Value) {
        self.add(match value {
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "boolean",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null => "null",
        });
    }

    fn join(&mut self, other: Self) {
        self.is_text |= other.is_text;
        self.is_integer |= other.is_integer;
        self.is_number |= other.is_number;
        self.is_boolean |= other.is_boolean;
        self.is_array |= other.is_array;
        self.is_object |= other.is_object;
        self.is_nullable |= other.is_nullable;
    }

    /// Returns `true` if a value other than text is accepted.
    fn any(self) -> bool {
        self.is_integer || self.is_number || self.is_boolean || self.is_array || self.is_object
    }

    fn expected(self) -> Expected {
        match self {
            Self { is_array: true, .. } => "expected a list, such as [1, 2]",
            Self { is_object: true, .. } => "expected a JSON object",
            Self { is_number: true, .. } => "expected a number",
            Self { is_integer: true, .. } => "expected an integer",
            _ => "expected true or false",
        }
    }
}

/// Returns an array or an object: JSON that fits, otherwise Java's text that fits, otherwise any JSON of the type, whose
/// mistake the decoder then names with its path.
fn structured(text: &str, schema: &Value, root: &Value, kinds: &Kinds) -> Option<Value> {
    let is_of_kind = |value: &Value| kinds.is_array && value.is_array() || kinds.is_object && value.is_object();
    let json = serde_json::from_str::<Value>(text).ok().filter(is_of_kind);
    if let Some(json) = &json
        && fits(json, schema, root)
    {
        return Some(json.clone());
    }
    let java = java_text::parse(text).and_then(|java| of_java(java, schema, root));
    java.filter(is_of_kind).or(json)
}

/// Returns `true` if the types of the values are those of the schema.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    let kinds = Kinds::of(schema, root, 0);
    if !kinds.any() && !kinds.is_text {
        return true;
    }
    match value {
        Value::Null => kinds.is_nullable,
        Value::Bool(_) => kinds.is_boolean,
        Value::Number(number) => kinds.is_number || kinds.is_integer && !number.is_f64(),
        Value::String(_) => kinds.is_text,
        Value::Array(items) => {
            let of_items = within(schema, root, &|schema| schema.get("items"));
            kinds.is_array && of_items.is_none_or(|of_items| items.iter().all(|item| fits(item, of_items, root)))
        }
        Value::Object(members) => {
            let fits_member = |(name, value): (&String, &Value)| {
                member_schema(schema, root, name).is_none_or(|schema| fits(value, schema, root))
            };
            kinds.is_object && members.iter().all(fits_member)
        }
    }
}

/// Converts Java's text; its words are converted by the schemas of their places.
fn of_java(java: Java, schema: &Value, root: &Value) -> Option<Value> {
    match java {
        Java::Word(word) => coerce(&word, schema, root).ok(),
        Java::List(items) => {
            let any = Value::Bool(true);
            let of_items = within(schema, root, &|schema| schema.get("items")).unwrap_or(&any);
            let items = items.into_iter().map(|item| of_java(item, of_items, root));
            items.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Java::Map(members) => {
            let any = Value::Bool(true);
            let members = members.into_iter().map(|(name, value)| {
                let of_member = member_schema(schema, root, &name).unwrap_or(&any);
                Some((name, of_java(value, of_member, root)?))
            });
            members.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

fn member_schema<'s>(schema: &'s Value, root: &'s Value, name: &str) -> Option<&'s Value> {
    let of_member = |schema: &'s Value| schema.get("properties").and_then(|properties| properties.get(name));
    within(schema, root, &of_member).or_else(|| {
        within(schema, root, &|schema| schema.get("additionalProperties").filter(|schema| schema.is_object()))
    })
}

/// Returns what a schema, or the first of its branches, has.
fn within<'s>(schema: &'s Value, root: &'s Value, find: &dyn Fn(&'s Value) -> Option<&'s Value>) -> Option<&'s Value> {
    fn search<'s>(
        schema: &'s Value,
        root: &'s Value,
        find: &dyn Fn(&'s Value) -> Option<&'s Value>,
        depth: usize,
    ) -> Option<&'s Value> {
        let deeper = || branches(schema, root).find_map(|branch| search(branch, root, find, depth + 1));
        find(schema).or_else(|| if depth < DEEPEST { deeper() } else { None })
    }
    search(schema, root, find, 0)
}
