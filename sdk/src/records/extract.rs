//! The arguments of record functions: types of records, and other arguments that are created from a record.

#[cfg(feature = "macros")]
mod check;
pub mod dynamodb;
pub(super) mod envelope;
pub mod event_bridge;
pub mod firehose;
pub mod kafka;
pub mod kinesis;
#[cfg(feature = "cloudwatch-logs")]
pub mod logs;
pub mod mq;
pub(super) mod payload;
pub mod s3;
pub mod s3_batch;
pub mod ses;
pub mod sns;
pub mod sqs;

use self::kinesis::Aggregated;
use super::error::DecodeError;
use super::record::Record;
use super::response::RecordResponse;
use super::source::Source;
use crate::core::error::BoxError;
use crate::core::invocation::FromInvocation;

/// The last argument of a record function: the type of one record. It selects the event source.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a record",
    label = "not a record",
    note = "the last argument of a record function is `Sqs<T>`, `Kinesis<T>`, `Change<T>`, `Kafka<K, V>`, `Sns<T>`, `S3Object`, … of `pilaster`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait FromRecord: Sized + Send {
    /// The sources that the record can come from.
    const SOURCES: &'static [Source];
    /// The response of the function to the record: `()`, except for a Firehose transformation and a task of S3 Batch
    /// Operations.
    type Response: Into<RecordResponse>;

    /// Returns the contents of the record, if it is an envelope. The function is called for each of them.
    ///
    /// # Errors
    ///
    /// The envelope could not be decoded; the record fails alone.
    fn contents(record: &Record) -> Result<Contents, DecodeError> {
        let _ = record;
        Ok(Contents::Itself)
    }

    /// Decodes the record, or one of its contents.
    ///
    /// # Errors
    ///
    /// The part that could not be decoded; the record fails alone.
    fn from_record(record: &Record) -> Result<Self, DecodeError>;
}

/// The result of [`FromRecord::contents`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Contents {
    /// The record is not an envelope.
    Itself,
    /// The JSON texts of its contents; empty if there is nothing to process, as in `s3:TestEvent`.
    Texts(Vec<String>),
    /// Records that a Kinesis producer has aggregated, whose texts are serialized on demand.
    #[doc(hidden)]
    Aggregated(Aggregated),
}

impl Contents {
    /// Returns the texts, each of which is serialized when it is taken.
    pub(super) fn into_texts(self) -> Box<dyn ExactSizeIterator<Item = String> + Send> {
        match self {
            Self::Itself => Box::new(std::iter::empty()),
            Self::Texts(texts) => Box::new(texts.into_iter()),
            Self::Aggregated(aggregated) => Box::new(aggregated.into_texts()),
        }
    }
}

/// An argument before the record: anything that implements [`FromInvocation`], and types created from the record
/// itself, such as `SqsMessage`.
///
/// # Example
///
/// ```
/// use pilaster::records::{FromRecordParts, Record};
/// use pilaster::{BoxError, Sqs};
///
/// /// The number of attempts so far.
/// struct Attempts(u32);
///
/// impl FromRecordParts for Attempts {
///     async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
///         Ok(Attempts(record.receive_count().unwrap_or(1)))
///     }
/// }
///
/// async fn ship(Attempts(attempts): Attempts, order: Sqs<String>) -> Result<(), BoxError> {
///     tracing::info!(attempts, order = &**order, "shipping");
///     Ok(())
/// }
/// # let _ = pilaster::handler(ship);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument beside a record",
    label = "created neither from an invocation nor from a record",
    note = "beside a record, a function takes `Client<T>`, `Secret<T>`, `Parameter<T>`, `Metrics`, `Invocation`, the metadata of the record (`SqsMessage`, …), or a type that implements `pilaster::records::FromRecordParts` or `pilaster::FromInvocation`; the record comes last",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait FromRecordParts: Sized + Send {
    /// Creates the argument.
    ///
    /// # Errors
    ///
    /// The reason why it could not be created; the record fails and is retried.
    fn from_record_parts(record: &Record) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

impl<T: FromInvocation> FromRecordParts for T {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        T::from_invocation(record.invocation()).await
    }
}

/// The whole record, as text.
impl FromRecordParts for Record {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        Ok(record.clone())
    }
}

/// Returns the error of an argument that requires a record of another source.
fn not_from(record: &Record, sources: &str) -> BoxError {
    format!("unexpected source {}: this argument requires a record of {sources}", record.source()).into()
}
