//! Record functions: handlers of one record per call.

use tower::Layer;
use tower::Service;
use tower::layer::util::Identity;

use super::answer::Answer;
use super::batch::Batch;
use super::door::{Door, Plan};
use super::handler::{FromRecord, HandlerService, Opened, RecordHandler};
use super::payload::DecodeError;
use super::record::Record;
use super::source::Source;
use crate::error::{BoxError, Names};
use crate::handler::{Buffered, Function, Handler, IntoRaw, RawService, Start};

/// The marker of record functions; the arguments of the function are within.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByRecord<Args>(std::marker::PhantomData<Args>);

/// The innermost service of the record hall, and how its records are run.
#[derive(Clone, Debug)]
pub struct Hall<S> {
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
    type Hall = Hall<HandlerService<F, Args>>;
    type Layers = Identity;

    fn into_hall(self) -> Self::Hall {
        Hall {
            service: HandlerService::new(self),
            sources: F::Record::SOURCES,
            open: F::Record::open,
            batch: Batch::new(),
        }
    }
}

impl<S, L, O> Function<Hall<S>, L, O> {
    /// How many records run at once. See [`Batch::concurrency`].
    pub fn concurrency(mut self, records: usize) -> Self {
        self.hall.batch.concurrency = records;
        self
    }

    /// How the records of a batch are run.
    pub fn batch(mut self, batch: Batch) -> Self {
        self.hall.batch = batch;
        self
    }
}

impl<S, L, O> IntoRaw for Function<Hall<S>, L, O>
where
    L: Layer<S>,
    L::Service: Service<Record, Response = Answer> + Clone + Send + Sync + 'static,
    <L::Service as Service<Record>>::Error: Into<BoxError>,
    <L::Service as Service<Record>>::Future: Send,
    O: Layer<Door<L::Service>>,
    O::Service: RawService,
{
    type Raw = O::Service;
    type Mode = Buffered;

    /// # Panics
    ///
    /// If the concurrency is 0, or [`Batch::ordered_by`] is set and the function does not take changes of a table.
    fn into_raw(self) -> Self::Raw {
        let Hall { service, sources, open, batch } = self.hall;
        assert!(batch.concurrency > 0, "the concurrency of a batch is 0: then no record would ever run");
        assert!(
            batch.ordered_by.is_none() || sources.contains(&Source::DynamoDb),
            "`Batch::ordered_by` orders changes of a table by an attribute of their key, and this function does not take \
             `Change<T>`: remove it (records of Kinesis are ordered by their partition key)"
        );
        let plan = Plan::new(sources, open, batch, Names::clone(&self.names));
        self.outer.layer(Door::new(self.layer.layer(service), plan))
    }

    fn take_start(&mut self) -> Start {
        std::mem::take(&mut self.start)
    }
}
