//! Questions to a schema: the types that it accepts ([`Kinds`]), and the schemas of elements and members.

use serde_json::Value;

/// The deepest nesting of the branches of a schema that is searched: a reference may lead to itself.
const DEEPEST: usize = 4;

/// The types that a schema accepts.
#[derive(Clone, Copy, Default)]
pub(super) struct Kinds {
    pub(super) is_text: bool,
    pub(super) is_integer: bool,
    pub(super) is_number: bool,
    /// A number that must be finite as an `f32`.
    pub(super) is_single: bool,
    pub(super) is_boolean: bool,
    pub(super) is_array: bool,
    pub(super) is_object: bool,
    pub(super) is_nullable: bool,
}

/// The branches of a schema: those of `anyOf`, `oneOf` and `allOf`, or what a `$ref` leads to.
fn branches<'s>(schema: &'s Value, root: &'s Value) -> impl Iterator<Item = &'s Value> {
    let listed = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.as_array());
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.strip_prefix('#')?));
    listed.flatten().chain(target)
}

impl Kinds {
    /// Returns the types of a schema and its branches. `root` is the whole schema, for the references of recursive types.
    pub(super) fn of(schema: &Value, root: &Value) -> Self {
        Self::within(schema, root, 0)
    }

    fn within(schema: &Value, root: &Value, depth: usize) -> Self {
        let mut kinds = Self::default();
        let is_single = schema.get("format").is_some_and(|format| format == "float");
        let typed = |name| if is_single && name == "number" { "single" } else { name };
        match schema.get("type") {
            Some(Value::String(name)) => kinds.add(typed(name)),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).for_each(|name| kinds.add(typed(name)));
            }
            _ => {
                let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
                values.chain(schema.get("const")).for_each(|value| kinds.add_of(value));
            }
        }
        if depth < DEEPEST {
            branches(schema, root).for_each(|branch| kinds.join(Self::within(branch, root, depth + 1)));
        }
        kinds
    }

    fn add(&mut self, name: &str) {
        match name {
            "string" => self.is_text = true,
            "integer" => self.is_integer = true,
            "number" => self.is_number = true,
            "single" => self.is_single = true,
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
        self.is_single |= other.is_single;
        self.is_boolean |= other.is_boolean;
        self.is_array |= other.is_array;
        self.is_object |= other.is_object;
        self.is_nullable |= other.is_nullable;
    }

    /// Returns `true` if a value other than text is accepted.
    pub(super) fn any(self) -> bool {
        self.is_integer || self.is_number || self.is_single || self.is_boolean || self.is_array || self.is_object
    }
}

/// Returns the schema of the elements of a list.
pub(super) fn items<'s>(schema: &'s Value, root: &'s Value) -> Option<&'s Value> {
    within(schema, root, &|schema| schema.get("items"))
}

/// Returns the properties of an object; `None` for one whose members are not listed.
pub(super) fn properties<'s>(schema: &'s Value, root: &'s Value) -> Option<&'s Value> {
    within(schema, root, &|schema| schema.get("properties"))
}

/// Returns the schema of a member.
pub(super) fn member<'s>(schema: &'s Value, root: &'s Value, name: &str) -> Option<&'s Value> {
    property(schema, root, name).or_else(|| {
        within(schema, root, &|schema| schema.get("additionalProperties").filter(|schema| schema.is_object()))
    })
}

/// Returns `true` for a listed member that no branch of the schema requires.
pub(super) fn is_optional(schema: &Value, root: &Value, name: &str) -> bool {
    let requires = |schema: &Value| {
        let required = schema.get("required").and_then(Value::as_array)?;
        required.iter().any(|required| required == name).then_some(&Value::Null)
    };
    property(schema, root, name).is_some() && within(schema, root, &requires).is_none()
}

fn property<'s>(schema: &'s Value, root: &'s Value, name: &str) -> Option<&'s Value> {
    within(schema, root, &|schema| schema.get("properties")?.get(name))
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
