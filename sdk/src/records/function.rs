//! Record functions: handlers of one record per call.

use tower::Layer;
use tower::Service;
use tower::layer::util::Identity;

use super::answer::Answer;
use super::handler::{FromRecord, HandlerService, Opened, RecordHandler};
use super::record::Record;
use super::source::Source;
use crate::core::error::{BoxError, Names};
use crate::core::raw::RawService;
use crate::function::builder::Function;
use crate::function::handler::Handler;
use crate::function::lifecycle::Start;
use crate::function::service::IntoRaw;
use crate::records::adapter::batch::Batch;
use crate::records::adapter::{Plan, RecordAdapter};
use crate::records::extract::payload::DecodeError;

/// The marker of record functions; the arguments of the function are within.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByRecord<Args>(std::marker::PhantomData<Args>);

/// The innermost service of the record hall, and how its records are run.
#[derive(Clone, Debug)]
pub struct RecordFunction<S> {
    service: S,
    sources: &'static [Source],
    open: fn(&Record) -> Result<Opened, DecodeError>,
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
            open: F::Record::open,
            batch: Batch::new(),
        }
    }
}

impl<S, L, O> Function<RecordFunction<S>, L, O> {
    /// How many records run at once. See [`Batch::concurrency`].
    pub fn concurrency(mut self, records: usize) -> Self {
        self.kind.batch.concurrency = records;
        self
    }

    /// How the records of a batch are run.
    pub fn batch(mut self, batch: Batch) -> Self {
        self.kind.batch = batch;
        self
    }
}

impl<S, L, O> IntoRaw for Function<RecordFunction<S>, L, O>
where
    L: Layer<S>,
    L::Service: Service<Record, Response = Answer> + Clone + Send + Sync + 'static,
    <L::Service as Service<Record>>::Error: Into<BoxError>,
    <L::Service as Service<Record>>::Future: Send,
    O: Layer<RecordAdapter<L::Service>>,
    O::Service: RawService,
{
    type Raw = O::Service;

    /// # Panics
    ///
    /// If the concurrency is 0, or [`Batch::ordered_by`] is set and the function does not take changes of a table.
    fn into_raw(self) -> Self::Raw {
        let RecordFunction { service, sources, open, batch } = self.kind;
        assert!(batch.concurrency > 0, "the concurrency of a batch is 0: then no record would ever run");
        assert!(
            batch.ordered_by.is_none() || sources.contains(&Source::DynamoDb),
            "`Batch::ordered_by` orders changes of a table by an attribute of their key, and this function does not take \
             `Change<T>`: remove it (records of Kinesis are ordered by their partition key)"
        );
        let plan = Plan::new(sources, open, batch, Names::clone(&self.names));
        self.outer.layer(RecordAdapter::new(self.layer.layer(service), plan))
    }

    fn take_start(&mut self) -> Start {
        std::mem::take(&mut self.start)
    }
}
