//! A user's async function as a service of records: its arguments are made of the record, its value becomes the answer.

use super::answer::{Answer, TaskResult, Transformed};
use super::record::Record;
use super::source::Source;
use crate::core::error::{BoxError, FunctionError};
use crate::core::invocation::FromInvocation;
use crate::function::handler::{Call, each_arity};
use crate::records::extract::kinesis::Aggregated;
use crate::records::extract::payload::DecodeError;

/// The last argument of a record function: what it takes one of per call. It decides the event source.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no record",
    label = "not a record",
    note = "the last argument of a record function is `Sqs<T>`, `Kinesis<T>`, `Change<T>`, `Kafka<K, V>`, `Sns<T>`, `S3Object`, … of `pilaster`"
)]
pub trait FromRecord: Sized + Send {
    /// The sources that it can come from.
    const SOURCES: &'static [Source];
    /// What the function answers for it: `()`, except in a transformation for Firehose and a task of S3 Batch Operations.
    type Answer: Into<Answer>;

    /// What is within the record, if it may be an envelope.
    ///
    /// # Errors
    ///
    /// The envelope cannot be read.
    fn open(record: &Record) -> Result<Opened, DecodeError> {
        let _ = record;
        Ok(Opened::Itself)
    }

    /// Makes it of the record.
    ///
    /// # Errors
    ///
    /// What cannot be read; the record fails alone.
    fn from_record(record: &Record) -> Result<Self, DecodeError>;
}

/// What [`FromRecord::open`] found in a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum Opened {
    /// It is no envelope.
    Itself,
    /// The JSON texts of these; none where there is nothing to do, as in `s3:TestEvent`.
    Contents(Vec<String>),
    /// Records of Kinesis that a producer has aggregated, of which no text is written yet.
    #[doc(hidden)]
    Aggregated(Aggregated),
}

impl Opened {
    /// The texts of what it found, each written when it is asked for.
    pub(crate) fn contents(self) -> Box<dyn ExactSizeIterator<Item = String> + Send> {
        match self {
            Self::Itself => Box::new(std::iter::empty()),
            Self::Contents(contents) => Box::new(contents.into_iter()),
            Self::Aggregated(aggregated) => Box::new(aggregated.contents()),
        }
    }
}

/// An argument beside the record: what [`FromInvocation`] makes, and what a record says of itself, such as `SqsMessage`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument beside a record",
    label = "neither made from an invocation nor from a record",
    note = "beside a record a function takes `Client<T>`, `Secret<T>`, `Invocation`, what the record says of itself (`SqsMessage`, …), or what implements `pilaster::FromInvocation`; the record comes last"
)]
pub trait FromRecordParts: Sized + Send {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// Why it could not be made; the record fails, and is tried again.
    fn from_record_parts(record: &Record) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

impl<T: FromInvocation> FromRecordParts for T {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        T::from_invocation(record.invocation()).await
    }
}

/// The whole record, as it came.
impl FromRecordParts for Record {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        Ok(record.clone())
    }
}

/// What a record function returns: `Result<(), E>`, or `()` if it cannot fail; `Transformed` in place of `()` for Firehose; for S3
/// Batch Operations `String` if it likes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a function of records",
    label = "no answer for a record",
    note = "a function of records returns `Result<(), E>`, where `E` is any error, or `()`; of `Firehose<T>` it returns `Result<Transformed, E>`, of `S3BatchTask` also `Result<String, E>`"
)]
pub trait RecordResult<A> {
    /// The answer, or why the record failed.
    ///
    /// # Errors
    ///
    /// The function's own.
    fn into_result(self) -> Result<A, FunctionError>;
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

impl RecordResult<Transformed> for Transformed {
    fn into_result(self) -> Result<Transformed, FunctionError> {
        Ok(self)
    }
}

impl RecordResult<()> for () {
    fn into_result(self) -> Result<(), FunctionError> {
        Ok(())
    }
}

/// An async function whose last argument is a record and whose others are [`FromRecordParts`].
///
/// It is implemented by functions; nobody implements it by hand.
pub trait RecordHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// The record.
    type Record: FromRecord;

    /// Makes the arguments and calls the function.
    fn handle(self, record: Record) -> impl Future<Output = Result<Answer, FunctionError>> + Send;
}

macro_rules! handlers {
    ($([$($part:ident),*];)*) => {$(
        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* R> RecordHandler<($($part,)* R,)> for F
        where
            F: Fn($($part,)* R) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: RecordResult<R::Answer>,
            $($part: FromRecordParts,)*
            R: FromRecord,
        {
            type Record = R;

            async fn handle(self, record: Record) -> Result<Answer, FunctionError> {
                $(let $part = $part::from_record_parts(&record).await.map_err(FunctionError::of)?;)*
                // What is malformed fails before the function begins, and what it waited for is kept for the next record.
                let own = R::from_record(&record).map_err(FunctionError::of)?;
                drop(record);
                self($($part,)* own).await.into_result().map(Into::into)
            }
        }
    )*};
}

each_arity!(handlers);

impl<F: RecordHandler<Args>, Args: 'static> Call<Record, Args> for F {
    type Output = Answer;
    type Error = FunctionError;

    fn call(self, record: Record) -> impl Future<Output = Result<Answer, FunctionError>> + Send {
        self.handle(record)
    }
}
