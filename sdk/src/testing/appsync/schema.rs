//! [`assert_appsync_schema`]: compares the fields of [`Resolvers`] with those of a schema.

use std::collections::BTreeSet;

use apollo_parser::Parser;
use apollo_parser::cst::{CstNode as _, Definition, FieldsDefinition, Name};

use crate::appsync::Resolvers;

/// Checks that the schema has each field of the resolvers. A test calls it with the text of the file that is deployed,
/// such as `include_str!("../schema.graphql")`, so that a misspelled name, for which AppSync calls nothing, or
/// `UnknownField` is the answer, does not get there. A field of the schema may be without a resolver: another function
/// may have it. Only names are compared, not types.
///
/// # Panics
///
/// If the schema is a path or is not valid GraphQL; if it lacks a field: with its name, and the most similar one of the
/// schema; or if a field is one of an interface, for which AppSync calls nothing.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::{FieldInfo, Resolvers};
/// use pilaster::testing::assert_appsync_schema;
///
/// async fn posts(_: FieldInfo) -> Result<Vec<String>, BoxError> {
///     Ok(Vec::new())
/// }
///
/// let resolvers = Resolvers::new().field("Query", "posts", posts);
/// assert_appsync_schema("type Query { posts: [String!]! @aws_api_key }", &resolvers);
/// ```
#[track_caller]
pub fn assert_appsync_schema(schema: &str, resolvers: &Resolvers) {
    assert!(
        schema.contains('{'),
        "the schema has no type: pass its text, such as `include_str!(\"../schema.graphql\")`, not its path"
    );
    let Fields { of_objects: fields, of_interfaces } = match fields(schema) {
        Ok(fields) => fields,
        Err(mistake) => panic!("the schema is not valid GraphQL: {mistake}"),
    };
    let missing = resolvers.fields().map(|field| format!("{}.{}", field.parent_type_name, field.field_name));
    let missing = missing.filter(|field| !fields.contains(field));
    let missing = missing.map(|field| {
        if let Some((interface, name)) = field.split_once('.').filter(|_| of_interfaces.contains(&field)) {
            return format!("`{interface}` is an interface: register `{name}` for each type that implements it");
        }
        let nearest = fields.iter().min_by_key(|own| distance(own, &field));
        let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
        format!("the schema has no field {field}{hint}")
    });
    let missing = missing.collect::<Vec<_>>();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The fields of a schema as `Type.field`.
#[derive(Debug, Default)]
struct Fields {
    of_objects: BTreeSet<String>,
    /// They have no resolvers: each value is of an object type, whose name an event has as `parentTypeName`.
    of_interfaces: BTreeSet<String>,
}

/// Returns the fields of a schema, or its first mistake.
fn fields(schema: &str) -> Result<Fields, String> {
    let tree = Parser::new(schema).parse();
    if let Some(error) = tree.errors().next() {
        let before = schema.get(..error.index()).unwrap_or(schema);
        return Err(format!("line {}: {}", before.matches('\n').count() + 1, error.message()));
    }
    let mut fields = Fields::default();
    for definition in tree.document().definitions() {
        match definition {
            Definition::ObjectTypeDefinition(it) => fields.of_objects.extend(named(it.name(), it.fields_definition())),
            Definition::ObjectTypeExtension(it) => fields.of_objects.extend(named(it.name(), it.fields_definition())),
            Definition::InterfaceTypeDefinition(it) => {
                fields.of_interfaces.extend(named(it.name(), it.fields_definition()));
            }
            Definition::InterfaceTypeExtension(it) => {
                fields.of_interfaces.extend(named(it.name(), it.fields_definition()));
            }
            _ => {}
        }
    }
    Ok(fields)
}

fn named(parent: Option<Name>, fields: Option<FieldsDefinition>) -> Vec<String> {
    let text = |name: Name| name.source_string().trim().to_owned();
    let Some((parent, fields)) = parent.map(text).zip(fields) else { return Vec::new() };
    let names = fields.field_definitions().filter_map(|field| field.name().map(text));
    names.map(|name| format!("{parent}.{name}")).collect()
}

/// The number of letters by which two names differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row = (0..=other.len()).collect::<Vec<_>>();
    for (index, byte) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (at, theirs) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(byte != theirs);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_type_has_its_fields() {
        let schema = r#"
            directive @aws_iam on FIELD_DEFINITION
            """ The root. """
            type Query { "one" posts(first: Int = 10): [Post!]! @aws_iam  node(id: ID!): Node }
            interface Node { id: ID! }
            type Post implements Node @aws_cognito_user_pools { id: ID! }
            extend type Query { later: AWSDateTime }
            extend interface Node { at: AWSTimestamp }
            enum Kind { A B }
            input New { title: String }
            union Any = Post
            schema { query: Query }
        "#;
        let Fields { of_objects, of_interfaces } = fields(schema).unwrap();
        assert_eq!(Vec::from_iter(of_objects), ["Post.id", "Query.later", "Query.node", "Query.posts"]);
        assert_eq!(Vec::from_iter(of_interfaces), ["Node.at", "Node.id"]);
        assert!(fields("type Query {\n posts(: Int }").unwrap_err().starts_with("line 2: "));
        assert!(fields("").is_err());
    }

    #[test]
    fn names_differ_by_the_letters_to_change() {
        for (one, other, expected) in [("", "", 0), ("a", "", 1), ("pots", "posts", 1), ("kitten", "sitting", 3)] {
            assert_eq!((distance(one, other), distance(other, one)), (expected, expected));
        }
    }
}
