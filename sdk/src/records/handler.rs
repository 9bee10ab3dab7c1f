//! A user's async function as a service of records: creates its arguments from the record and converts its result into
//! the response.

use super::extract::{FromRecord, FromRecordParts};
use super::record::Record;
use super::response::{RecordResponse, TaskResult, TransformedRecord};
use crate::core::error::{BoxError, FunctionError};
use crate::function::builder::Sealed;
use crate::function::handler::{Call, each_arity};

/// The return type of a record function: `Result<(), E>`, or `()` if it cannot fail; for Firehose `TransformedRecord`
/// in place of `()`, and for S3 Batch Operations optionally `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a record function",
    label = "not a valid return type",
    note = "a record function returns `Result<(), E>`, where `E` is any error, or `()`; with `Firehose<T>` it returns `Result<TransformedRecord, E>`, with `S3BatchTask` also `Result<String, E>`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait RecordResult<A>: sealed::Sealed {
    /// Returns the response.
    ///
    /// # Errors
    ///
    /// The error of the function.
    fn into_result(self) -> Result<A, FunctionError>;
}

/// Seals the trait.
mod sealed {
    pub trait Sealed {}

    impl<T, E> Sealed for Result<T, E> {}
    impl Sealed for () {}
    impl Sealed for String {}
    impl Sealed for super::TransformedRecord {}
}

impl<A, E: Into<BoxError> + 'static> RecordResult<A> for Result<A, E> {
    fn into_result(self) -> Result<A, FunctionError> {
        self.map_err(FunctionError::of)
    }
}

impl<E: Into<BoxError> + 'static> RecordResult<TaskResult> for Result<(), E> {
    fn into_result(self) -> Result<TaskResult, FunctionError> {
        self.map(Into::into).map_err(FunctionError::of)
    }
}

impl<E: Into<BoxError> + 'static> RecordResult<TaskResult> for Result<String, E> {
    fn into_result(self) -> Result<TaskResult, FunctionError> {
        self.map(Into::into).map_err(FunctionError::of)
    }
}

impl RecordResult<TaskResult> for () {
    fn into_result(self) -> Result<TaskResult, FunctionError> {
        Ok(TaskResult::default())
    }
}

impl RecordResult<TaskResult> for String {
    fn into_result(self) -> Result<TaskResult, FunctionError> {
        Ok(self.into())
    }
}

impl RecordResult<TransformedRecord> for TransformedRecord {
    fn into_result(self) -> Result<TransformedRecord, FunctionError> {
        Ok(self)
    }
}

impl RecordResult<()> for () {
    fn into_result(self) -> Result<(), FunctionError> {
        Ok(())
    }
}

/// An async function whose last argument is a record; the others implement [`FromRecordParts`].
///
/// The crate implements it for async functions; other crates cannot.
pub trait RecordHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// The type of the record.
    type Record: FromRecord;

    /// Creates the arguments and calls the function.
    fn handle(
        self,
        record: Record,
        sealed: Sealed,
    ) -> impl Future<Output = Result<RecordResponse, FunctionError>> + Send;
}

macro_rules! handlers {
    ($([$($part:ident),*];)*) => {$(
        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* R> RecordHandler<($($part,)* R,)> for F
        where
            F: Fn($($part,)* R) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: RecordResult<R::Response>,
            $($part: FromRecordParts,)*
            R: FromRecord,
        {
            type Record = R;

            async fn handle(self, record: Record, _: Sealed) -> Result<RecordResponse, FunctionError> {
                $(let $part = $part::from_record_parts(&record).await.map_err(FunctionError::of)?;)*
                // A malformed record fails before the function is called.
                let last = R::from_record(&record).map_err(FunctionError::of)?;
                drop(record);
                self($($part,)* last).await.into_result().map(Into::into)
            }
        }
    )*};
}

each_arity!(handlers);

impl<F: RecordHandler<Args>, Args: 'static> Call<Record, Args> for F {
    type Output = RecordResponse;
    type Error = FunctionError;

    fn call(self, record: Record) -> impl Future<Output = Result<RecordResponse, FunctionError>> + Send {
        self.handle(record, Sealed)
    }
}
