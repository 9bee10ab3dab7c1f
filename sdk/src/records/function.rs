//! [`RecordFunction`]: a function that is called once for each record.

#[cfg(feature = "macros")]
pub(crate) mod check;

use tower::Layer;
use tower::Service;
use tower::layer::util::Identity;

use super::adapter::RecordAdapter;
use super::adapter::config::AdapterConfig;
use super::batch::Batch;
use super::error::DecodeError;
use super::extract::{Contents, FromRecord};
use super::handler::RecordHandler;
use super::record::Record;
use super::response::RecordResponse;
use super::source::Source;
use crate::core::error::{BoxError, ErrorType, FunctionError, NamedErrors};
use crate::core::layer_mistakes::reject;
use crate::function::builder::{Function, Sealed};
use crate::function::handler::{Handler, HandlerService};
use crate::function::into_service::Kind;

/// The marker of record functions with these arguments.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByRecord<Args>(std::marker::PhantomData<Args>);

/// A handler of one record per call, with the settings of its batches.
#[derive(Clone, Debug)]
pub struct RecordFunction<S> {
    service: S,
    sources: &'static [Source],
    contents: fn(&Record) -> Result<Contents, DecodeError>,
    batch: Batch,
}

impl<F, Args> Handler<ByRecord<Args>> for F
where
    F: RecordHandler<Args>,
    Args: 'static,
{
    type Kind = RecordFunction<HandlerService<Record, RecordResponse, FunctionError>>;
    type Layers = Identity;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        RecordFunction {
            service: HandlerService::new(self),
            sources: F::Record::SOURCES,
            contents: F::Record::contents,
            batch: Batch::new(),
        }
    }
}

impl<S, L, O> Function<RecordFunction<S>, L, O> {
    /// Uses `E` for the `errorType` of a failed record or invocation, anywhere in the chain of causes.
    /// `#[lambda_handler]` does this for the error type of the function.
    ///
    /// `anyhow` and `#[error(transparent)]` hide the error that they wrap and continue with its cause: an `E` inside
    /// them is not found. Inside a [`FunctionError`](crate::FunctionError) or a
    /// [`RecordError`](crate::records::RecordError), it is.
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }

    /// Sets the number of records that are processed concurrently. See [`Batch::concurrency`].
    pub fn concurrency(mut self, records: usize) -> Self {
        self.kind.batch.concurrency = records;
        self
    }

    /// Sets the options for processing the records of a batch.
    pub fn batch(mut self, batch: Batch) -> Self {
        self.kind.batch = batch;
        self
    }
}

#[diagnostic::do_not_recommend]
impl<S, L> Kind<L> for RecordFunction<S>
where
    L: Layer<S>,
    L::Service: Service<Record, Response = RecordResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<Record>>::Error: Into<BoxError>,
    <L::Service as Service<Record>>::Future: Send,
{
    type Adapter = RecordAdapter<L::Service>;

    fn adapter(self, layers: L, error_types: NamedErrors) -> Self::Adapter {
        let Self { service, sources, contents, batch } = self;
        if batch.concurrency == 0 {
            reject("the concurrency of a batch must not be 0: no record would be processed");
        }
        if batch.ordered_by.is_some() && !sources.contains(&Source::DynamoDb) {
            reject(
                "`Batch::ordered_by` orders changes of a table by an attribute of their key, but this function does not take \
                 `Change<T>`: remove it (Kinesis records are ordered by their partition key)",
            );
        }
        RecordAdapter::new(layers.layer(service), AdapterConfig::new(sources, contents, batch, error_types))
    }
}
