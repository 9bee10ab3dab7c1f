//! The name of an invocation's span, and the failures of the items of a batch. The conventions for GraphQL describe
//! operations, and an event of AppSync has a field of one.

use crate::appsync::context::FieldContext;
use crate::core::error::FunctionError;
use crate::observe::traces::span;

/// Names the span of the invocation by the field, such as `Query.post`: the schema limits the number of names.
pub(super) fn began(context: &FieldContext) {
    if span::is_sampled() {
        span::set_name(context.path());
    }
}

/// Marks the span of an item that failed.
pub(super) fn ended<T>(result: &Result<T, FunctionError>) {
    if let Err(error) = result {
        span::set_failed(error.error_type());
    }
}
