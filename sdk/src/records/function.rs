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
use crate::core::error::{BoxError, ErrorType};
use crate::core::layer_mistakes::reject;
use crate::function::builder::{Function, Sealed};
use crate::function::handler::{Handler, HandlerService};
use crate::function::into_service::{ErrorTypes, Kind};

/// The mark of record functions with these arguments.
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
    type Kind = RecordFunction<HandlerService<F, Args>>;
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
    /// Takes the `errorType` of a failed record or invocation from `E`, wherever it stands in the chain of causes. `#[lambda_handler]` does
    /// this for the error type of the function.
    ///
    /// `anyhow` and `#[error(transparent)]` hide the error that they stand for and continue with its cause: within these an `E` is not
    /// found. A [`FunctionError`](crate::FunctionError) and a [`RecordError`](crate::records::RecordError) are.
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }

    /// Sets how many records are processed at the same time. See [`Batch::concurrency`].
    pub fn concurrency(mut self, records: usize) -> Self {
        self.kind.batch.concurrency = records;
        self
    }

    /// Sets how the records of a batch are processed.
    pub fn batch(mut self, batch: Batch) -> Self {
        self.kind.batch = batch;
        self
    }
}

impl<S, L> Kind<L> for RecordFunction<S>
where
    L: Layer<S>,
    L::Service: Service<Record, Response = RecordResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<Record>>::Error: Into<BoxError>,
    <L::Service as Service<Record>>::Future: Send,
{
    type Adapter = RecordAdapter<L::Service>;

    fn adapter(self, layers: L, error_types: ErrorTypes) -> Self::Adapter {
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
        RecordAdapter::new(layers.layer(service), AdapterConfig::new(sources, contents, batch, error_types.0))
    }
}
