//! The name of an invocation's span, and the failures of the items of a batch. The conventions for GraphQL describe
//! operations, and an event of AppSync has a field of one.

use crate::appsync::context::FieldContext;
use crate::appsync_request::failure::Failure;
use crate::observe::traces::span;

/// Names the span of the invocation by the field, such as `Query.post`: the schema limits the number of names.
pub(super) fn began(context: &FieldContext) {
    if span::is_sampled() {
        span::set_name(context.path());
    }
}

/// Marks the current span by the first failure: that of an item, or that of the invocation for a resolver that takes the
/// batch.
pub(super) fn ended<'a, T: 'a>(results: impl IntoIterator<Item = &'a Result<T, Failure>>) {
    if let Some(failure) = results.into_iter().find_map(|result| result.as_ref().err()) {
        span::set_failed(failure.error_type());
    }
}
