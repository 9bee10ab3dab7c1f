//! Reduces a JSON Schema to what AgentCore and Bedrock know: one type, a description, properties, required ones, items.
//!
//! Nullable values become optional ones, the values of an enum move into the description, and limits such as `minimum`
//! are left out, since the tool checks them anyway. A keyword whose loss would change the meaning is a fault.

use serde_json::{Map, Value};

/// A reduced schema.
#[derive(Debug, Default)]
pub(super) struct Reduced {
    pub(super) kind: String,
    pub(super) description: Option<String>,
    pub(super) properties: Vec<(String, Reduced)>,
    pub(super) required: Vec<String>,
    pub(super) items: Option<Box<Reduced>>,
    is_nullable: bool,
}

/// Keywords that decorate or limit a value, or that are read elsewhere.
const LEFT_OUT: [&str; 37] = [
    "type",
    "description",
    "properties",
    "required",
    "items",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "additionalProperties",
    "title",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "$schema",
    "$defs",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "not",
];

/// Keywords that say more than the branches of `anyOf` or `oneOf` beside them.
const BESIDE_NO_BRANCHES: [&str; 6] = ["properties", "required", "items", "enum", "const", "additionalProperties"];

const SEVERAL_FORMS: &str = "a value of several forms (an enum with fields): use a struct with optional fields";
const SEVERAL_FORMS_IN_FLAT: &str =
    "a value of several forms (an enum with fields): move its fields, as optional ones, into the input of the tool";

const MAP: &str = "a map with any names: use a list of objects that have a name and a value";
const MAP_AS_INPUT: &str =
    "any names are accepted in the input: use a field that is a list of objects with a name and a value";

fn is_both(members: &Map<String, Value>) -> bool {
    members.contains_key("anyOf") && members.contains_key("oneOf")
}

/// The place of a schema, and where its faults go.
pub(super) struct Reducer<'f> {
    tool: &'static str,
    dialect: &'static str,
    /// The input has no nested objects, except in lists.
    is_flat: bool,
    faults: &'f mut Vec<String>,
}

impl<'f> Reducer<'f> {
    pub(super) fn new(tool: &'static str, dialect: &'static str, faults: &'f mut Vec<String>) -> Self {
        Self { tool, dialect, is_flat: false, faults }
    }

    /// Refuses nothing more, but advises no type that a flat input cannot have.
    pub(super) fn flat(self) -> Self {
        Self { is_flat: true, ..self }
    }

    pub(super) fn fault(&mut self, path: &str, why: &str) {
        let (tool, dialect) = (self.tool, self.dialect);
        let at = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
        self.faults.push(format!("the tool `{tool}`{at}: {why}; {dialect} cannot express it"));
    }

    /// Adds a fault with an advice for this place: where an object can be, or where none can.
    fn fault_at(&mut self, path: &str, why: &str, why_in_flat: &str) {
        let is_flat = self.is_flat && !path.is_empty() && !path.split('/').any(|step| step == "*");
        self.fault(path, if is_flat { why_in_flat } else { why });
    }

    fn fault_of_map(&mut self, path: &str) {
        self.fault(path, if path.is_empty() { MAP_AS_INPUT } else { MAP });
    }

    /// Returns the reduced schema of the value at this path; `None` after a fault.
    pub(super) fn reduce(&mut self, schema: &Value, path: &str) -> Option<Reduced> {
        let Some(members) = schema.as_object().filter(|members| !members.is_empty()) else {
            self.fault_at(
                path,
                "any JSON is accepted here: use a type with fields",
                "any JSON is accepted here: move its fields, as optional ones, into the input of the tool",
            );
            return None;
        };
        if members.contains_key("$ref") {
            let fixed = "a recursive type: use a type of a fixed depth, or a list of ids";
            self.fault_at(path, fixed, "a recursive type: use a list of ids");
            return None;
        }
        let unknown = members.keys().find(|name| !LEFT_OUT.contains(&&***name) && !name.starts_with("x-"));
        if let Some(unknown) = unknown {
            match &**unknown {
                "patternProperties" => self.fault_of_map(path),
                "prefixItems" => self.fault_at(
                    path,
                    "a tuple: use a struct with named fields",
                    "a tuple: move its fields into the input of the tool",
                ),
                _ => self.fault(path, &format!("its schema has the keyword `{unknown}`: use a type without it")),
            }
            return None;
        }
        let mut reduced = match members.get("anyOf").or_else(|| members.get("oneOf")).and_then(Value::as_array) {
            // As of a flattened enum: all of them apply at once.
            Some(_) if BESIDE_NO_BRANCHES.iter().any(|keyword| members.contains_key(*keyword)) || is_both(members) => {
                self.fault_at(path, SEVERAL_FORMS, SEVERAL_FORMS_IN_FLAT);
                return None;
            }
            Some(branches) => self.alternatives(branches, path)?,
            None => self.one(members, path)?,
        };
        let own = members.get("description").and_then(Value::as_str);
        if let Some(own) = own {
            reduced.description = Some(match reduced.description.filter(|text| text.contains(ONE_OF)) {
                Some(listed) => format!("{own} {listed}"),
                None => own.to_owned(),
            });
        }
        Some(reduced)
    }

    /// Reduces a schema without branches.
    fn one(&mut self, members: &Map<String, Value>, path: &str) -> Option<Reduced> {
        let values = members.get("enum").and_then(Value::as_array).into_iter().flatten();
        let values = values.chain(members.get("const")).collect::<Vec<_>>();
        let mut kinds: Vec<&str> = match members.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ if !values.is_empty() => values.iter().map(|value| kind_of(value)).collect(),
            _ if members.contains_key("properties") => vec!["object"],
            _ => Vec::new(),
        };
        let is_nullable = kinds.contains(&"null");
        kinds.retain(|kind| *kind != "null");
        kinds.sort_unstable();
        kinds.dedup();
        let [kind] = *kinds else {
            self.fault(path, if kinds.is_empty() { "a value without a type" } else { "a value of several types" });
            return None;
        };
        let mut reduced = Reduced { kind: kind.to_owned(), is_nullable, ..Reduced::default() };
        if !values.is_empty() {
            reduced.description = Some(listed(values.iter().map(|value| (*value, None))));
        }
        match kind {
            "object" => self.object(members, path, &mut reduced)?,
            "array" => {
                let Some(items) = members.get("items") else {
                    self.fault(path, "a list of any JSON: use a list of one type");
                    return None;
                };
                reduced.items = Some(Box::new(self.reduce(items, &format!("{path}/*"))?));
            }
            _ => {}
        }
        Some(reduced)
    }

    fn object(&mut self, members: &Map<String, Value>, path: &str, reduced: &mut Reduced) -> Option<()> {
        let properties = members.get("properties").and_then(Value::as_object);
        match members.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) if properties.is_some() => {}
            Some(_) => {
                self.fault_of_map(path);
                return None;
            }
        }
        let mut is_whole = true;
        // By name: the order of a map depends on a feature of serde_json that any crate can turn on.
        let mut properties = properties.into_iter().flatten().collect::<Vec<_>>();
        properties.sort_by_key(|(name, _)| *name);
        for (name, schema) in properties {
            match self.reduce(schema, &format!("{path}/{name}")) {
                Some(property) => reduced.properties.push((name.clone(), property)),
                None => is_whole = false,
            }
        }
        let required = members.get("required").and_then(Value::as_array).into_iter().flatten();
        let is_required =
            |name: &&str| reduced.properties.iter().any(|(known, property)| known == name && !property.is_nullable);
        reduced.required = required.filter_map(Value::as_str).filter(is_required).map(str::to_owned).collect();
        is_whole.then_some(())
    }

    /// Reduces the branches of `anyOf` or `oneOf`: one beside null, or the values of an enum.
    fn alternatives(&mut self, branches: &[Value], path: &str) -> Option<Reduced> {
        let is_null = |schema: &&Value| schema.get("type").is_some_and(|kind| kind == "null");
        let others = branches.iter().filter(|schema| !is_null(schema)).collect::<Vec<_>>();
        let is_nullable = others.len() < branches.len();
        if let [only] = *others {
            let reduced = self.reduce(only, path)?;
            return Some(Reduced { is_nullable: is_nullable || reduced.is_nullable, ..reduced });
        }
        let values = others.iter().map(|schema| {
            let of_enum = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
            let values = of_enum.chain(schema.get("const")).collect::<Vec<_>>();
            let description = schema.get("description").and_then(Value::as_str);
            (!values.is_empty()).then(|| values.into_iter().map(move |value| (value, description)))
        });
        let values = values.collect::<Option<Vec<_>>>().map(|each| each.into_iter().flatten().collect::<Vec<_>>());
        let kind = values.as_ref().and_then(|values| values.first()).map(|(value, _)| kind_of(value));
        match (values, kind) {
            (Some(values), Some(kind)) if values.iter().all(|(value, _)| kind_of(value) == kind) => Some(Reduced {
                kind: kind.to_owned(),
                description: Some(listed(values.into_iter())),
                is_nullable,
                ..Reduced::default()
            }),
            _ => {
                self.fault_at(path, SEVERAL_FORMS, SEVERAL_FORMS_IN_FLAT);
                None
            }
        }
    }
}

/// The beginning of a list of values.
const ONE_OF: &str = "One of: ";

/// Returns the values of an enum as a sentence.
fn listed<'v>(values: impl Iterator<Item = (&'v Value, Option<&'v str>)>) -> String {
    let values = values.filter(|(value, _)| !value.is_null()).map(|(value, description)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match description {
            Some(description) => format!("{value} ({})", description.trim_end_matches('.')),
            None => value,
        }
    });
    format!("{ONE_OF}{}.", values.collect::<Vec<_>>().join(", "))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
