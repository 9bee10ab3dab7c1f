//! The lines of failures. A failure of a whole call has one line, whatever the number of its items.

use crate::appsync::context::FieldContext;
use crate::appsync_request::failure::Failure;
use crate::core::error::FunctionError;

/// The items that a line describes.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// The item with this index.
    Item(usize),
    /// So many items.
    Items(usize),
}

/// Emits the line of a failure in a batch.
pub(super) fn failed(failure: &Failure, of: Of, context: Option<&FieldContext>) {
    let (item, items) = match of {
        Of::Item(item) => (Some(item), None),
        Of::Items(items) => (None, Some(items)),
    };
    emit(failure, item, items, context);
}

/// Returns the error of the invocation for a single field. An expected one gets its line here, in place of that of the layer
/// that logs failed invocations at ERROR.
pub(super) fn single(failure: Failure, context: &FieldContext) -> FunctionError {
    if failure.is_expected() {
        emit(&failure, None, None, Some(context));
        return failure.logged().into();
    }
    failure.into()
}

fn emit(failure: &Failure, item: Option<usize>, items: Option<usize>, context: Option<&FieldContext>) {
    failure.log(|error, is_expected| {
        let (error_type, field) = (failure.error_type(), context.map(FieldContext::path));
        let field = field.as_deref();
        match is_expected {
            true if failure.is_refusal() => {
                tracing::info!(item, items, field, error_type, error, "the client is not authorized");
            }
            true => tracing::info!(item, items, field, error_type, error, "the field was answered with an error"),
            false if items.is_some() => tracing::error!(items, field, error_type, error, "items of the batch failed"),
            false => tracing::error!(item, field, error_type, error, "the item of the batch failed"),
        }
    });
}
