//! The names of types and fields (<https://spec.graphql.org/October2021/#Name>).

/// Returns `true` for a name of GraphQL.
pub(super) fn is_name(name: &str) -> bool {
    let is_letter = |char: char| char.is_ascii_alphabetic() || char == '_';
    name.starts_with(is_letter) && name.chars().all(|char| is_letter(char) || char.is_ascii_digit())
}

/// Returns the sentence about a text that is not a name.
pub(super) fn not_a_name(text: &str) -> String {
    format!(
        "{text:?} is not a name of GraphQL: it consists of letters, digits and `_`, and does not begin with a digit"
    )
}
