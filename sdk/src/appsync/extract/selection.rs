//! [`Selection`]: the fields that the client selected.

use std::fmt;

use serde_json::value::RawValue;

use super::super::context::FieldContext;
use super::{FromContext, FromField};
use crate::core::error::BoxError;
use crate::core::json::members::member;

/// The fields that the client selected below this one, as paths: `id`, `author`, `author/name`. A field with an alias has
/// its alias as the name; fragments are merged; on an interface or a union only the fields of the interface are here.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::Selection;
///
/// async fn post(selection: Selection) -> Result<String, BoxError> {
///     // The author is loaded only where the client asked for it.
///     Ok(if selection.contains("author") { "with its author" } else { "alone" }.to_owned())
/// }
/// # let _ = pilaster::handler(post);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Selection {
    paths: Vec<String>,
    graphql: String,
}

impl Selection {
    pub(in crate::appsync) fn of(context: &FieldContext) -> Self {
        fn read<T: serde::de::DeserializeOwned + Default>(value: Option<&RawValue>) -> T {
            value.and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
        }
        let Some(info) = context.info() else { return Self::default() };
        let (paths, graphql) = (member(info, "selectionSetList"), member(info, "selectionSetGraphQL"));
        Self { paths: read(paths), graphql: read(graphql) }
    }

    /// Returns `true` if the client selected this path, such as `author/name`.
    pub fn contains(&self, path: &str) -> bool {
        self.paths.iter().any(|own| own == path)
    }

    /// Returns the paths below a field, without its own: `name` and `posts/id` for `under("author")`.
    pub fn under<'s>(&'s self, field: &str) -> impl Iterator<Item = &'s str> {
        self.iter().filter_map(move |path| path.strip_prefix(field)?.strip_prefix('/'))
    }

    /// Returns all paths, in the order of the request.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Returns the selection as GraphQL, with braces; empty for a field without one.
    pub fn graphql(&self) -> &str {
        &self.graphql
    }
}

impl FromContext for Selection {
    async fn from_context(context: &FieldContext) -> Result<Self, BoxError> {
        Ok(Self::of(context))
    }
}

impl FromField for Selection {}

/// The GraphQL has the arguments of the fields, which are the client's: only the paths are shown.
impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").field("paths", &self.paths).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_paths_alone() {
        let selection = Selection {
            paths: vec!["author/name".to_owned()],
            graphql: r#"{ author { name(password: "hunter2") } }"#.to_owned(),
        };
        assert_eq!(format!("{selection:?}"), r#"Selection { paths: ["author/name"], .. }"#);
    }
}
