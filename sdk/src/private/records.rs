//! The checks of functions of records.

use tower::{Layer, Service};

use super::{Answer, Argument, Batched, Beside, Failure, Kind, Layered, Part, Type, of};
use crate::core::error::BoxError;
use crate::function::builder::Function;
use crate::records::{
    Batch, Change, EventBridge, Firehose, FromRecord, FromRecordParts, Kafka, Kinesis, MqMessage, Record,
    RecordFunction, Sns, Sqs, TaskResult, TransformedRecord,
};

/// The kind of record functions.
#[derive(Debug)]
pub enum Records {}

impl<T: FromRecord> Argument<Records, ()> for T {
    holds!(Records);
}

impl<T: FromRecordParts> Part<Records, ()> for T {
    holds!(Records);
}

impl<T: FromRecordParts> Beside<Records, Record> for T {
    holds!(Records);
}

impl<T: FromRecord> Beside<Records, ()> for T {
    holds!(Records);
}

/// What any record is answered with.
pub trait Answered {}

impl Answered for () {}

impl Answered for TransformedRecord {}

impl Answered for String {}

impl Answered for TaskResult {}

impl<T: Answered> Answer<Records, ()> for T {
    holds!(Records);
}

impl<E: Into<BoxError> + 'static> Failure<Records, ()> for E {
    holds!(Records);
}

impl<T, S> Layered<RecordFunction<S>, ()> for T
where
    T: Layer<S, Service: Service<Record>>,
{
    type Checked<X> = X;

    fn checked<L, O>(function: Function<RecordFunction<S>, L, O>, layer: Self) -> Function<RecordFunction<S>, T, O> {
        function.map_layers(|_| layer)
    }
}

impl<S, L, O> Batched for Function<RecordFunction<S>, L, O> {
    fn concurrency(self, records: usize) -> Self {
        Function::concurrency(self, records)
    }

    fn batch(self, batch: Batch) -> Self {
        Function::batch(self, batch)
    }
}

macro_rules! received {
    ($($outer:ty),*) => {$(
        impl<T> Type<$outer> {
            pub fn received(&self) -> Type<T> {
                of()
            }
        }
    )*};
}

received! { Sqs<T>, Kinesis<T>, Firehose<T>, Sns<T>, MqMessage<T>, EventBridge<T> }

impl<T, Old, Keys> Type<Change<T, Old, Keys>> {
    pub fn received(&self) -> Type<T> {
        of()
    }
}

impl<K, T> Type<Kafka<K, T>> {
    pub fn received(&self) -> Type<T> {
        of()
    }
}
