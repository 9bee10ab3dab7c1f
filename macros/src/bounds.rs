//! The bounds of a derived implementation.

use syn::{DeriveInput, WhereClause, WherePredicate};

/// Returns the bounds of the type, and of a generic type also this one: whether it holds depends on the parameters.
pub(crate) fn bounds_with(input: &DeriveInput, bound: WherePredicate) -> Option<WhereClause> {
    let bounds = input.generics.where_clause.clone();
    if input.generics.params.is_empty() {
        return bounds;
    }
    let mut bounds = bounds.unwrap_or(WhereClause { where_token: Default::default(), predicates: Default::default() });
    bounds.predicates.push(bound);
    Some(bounds)
}
