//! [`RecordFunction`]: a function that is called once for each record.

use tower::Layer;
use tower::Service;
use tower::layer::util::Identity;

use super::adapter::RecordAdapter;
use super::adapter::config::AdapterConfig;
use super::batch::Batch;
use super::error::DecodeError;
use super::extract::{Contents, FromRecord};
use super::handler::{HandlerService, RecordHandler};
use super::record::Record;
use super::response::RecordResponse;
use super::source::Source;
use crate::core::error::{BoxError, Names};
use crate::core::raw::RawService;
use crate::function::builder::Function;
use crate::function::handler::Handler;
use crate::function::lifecycle::Start;
use crate::function::service::{Buffered, IntoRaw};

/// Marks functions of records with these arguments.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByRecord<Args>(std::marker::PhantomData<Args>);

/// A function of records: its service, and how its batches are processed.
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

    fn into_kind(self) -> Self::Kind {
        RecordFunction {
            service: HandlerService::new(self),
            sources: F::Record::SOURCES,
            contents: F::Record::contents,
            batch: Batch::new(),
        }
    }
}

impl<S, L, O> Function<RecordFunction<S>, L, O> {
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

impl<S, L, O> IntoRaw for Function<RecordFunction<S>, L, O>
where
    L: Layer<S>,
    L::Service: Service<Record, Response = RecordResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<Record>>::Error: Into<BoxError>,
    <L::Service as Service<Record>>::Future: Send,
    O: Layer<RecordAdapter<L::Service>>,
    O::Service: RawService,
{
    type Raw = O::Service;
    type Mode = Buffered;

    /// # Panics
    ///
    /// If the concurrency is 0, or if [`Batch::ordered_by`] is set and the function does not take changes of a table.
    fn into_raw(self) -> Self::Raw {
        let RecordFunction { service, sources, contents, batch } = self.kind;
        assert!(batch.concurrency > 0, "the concurrency of a batch must not be 0: no record would be processed");
        assert!(
            batch.ordered_by.is_none() || sources.contains(&Source::DynamoDb),
            "`Batch::ordered_by` orders changes of a table by an attribute of their key, but this function does not take \
             `Change<T>`: remove it (Kinesis records are ordered by their partition key)"
        );
        let config = AdapterConfig::new(sources, contents, batch, Names::clone(&self.names));
        self.outer.layer(RecordAdapter::new(self.layer.layer(service), config))
    }

    fn take_start(&mut self) -> Start {
        std::mem::take(&mut self.start)
    }
}
