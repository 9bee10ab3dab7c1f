//! The registered fields against a schema.

use std::panic::catch_unwind;

use pilaster::testing::assert_appsync_schema;

use super::*;

const SCHEMA: &str = "
    type Query { post(id: ID!): Post @aws_api_key  posts: [Post!]! }
    type Post { id: ID!  title: String!  author: String! }
";

/// Returns the message of the panic, if there is one.
fn mistake(schema: &'static str, resolvers: fn() -> Resolvers) -> Option<String> {
    let caught = catch_unwind(|| assert_appsync_schema(schema, &resolvers()));
    // A message without a placeholder is a `&str`.
    caught.err().map(|payload| match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    })
}

#[test]
fn check_16_a_misspelled_field_is_named_with_its_neighbour() {
    let right = || Resolvers::new().field("Query", "post", by_id).field("Post", "author", name);
    assert_eq!(mistake(SCHEMA, right), None);
    let wrong = || Resolvers::new().field("Query", "pots", by_id).field("Post", "auther", name);
    let message = mistake(SCHEMA, wrong).unwrap();
    assert!(message.contains("the schema has no field Query.pots; did you mean Query.post"), "{message}");
    assert!(message.contains("the schema has no field Post.auther; did you mean Post.author?"), "{message}");
    let other = || Resolvers::new().field("Mutation", "post", by_id);
    assert!(mistake(SCHEMA, other).unwrap().contains("Mutation.post"));
    let of_interface = || Resolvers::new().field("Author", "name", name);
    let message =
        mistake("interface Author { name: String }  type Person implements Author { name: String }", of_interface);
    assert_eq!(message.unwrap(), "`Author` is an interface: register `name` for each type that implements it");
    assert!(mistake("type Query {", right).unwrap().starts_with("the schema is not valid GraphQL: line 1"));
    let message = mistake("schema.graphql", right).unwrap();
    assert_eq!(
        message,
        "the schema has no type: pass its text, such as `include_str!(\"../schema.graphql\")`, not its path"
    );
}
