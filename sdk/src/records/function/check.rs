//! The checks of record functions. Not public API.
#![allow(missing_docs)]

use tower::{Layer, Service};

use super::RecordFunction;
use crate::core::check::probe::check;
use crate::core::error::BoxError;
use crate::function::builder::Function;
use crate::function::check::{
    HasConcurrency, IsError, IsExtractor, IsLastExtractor, IsLayer, IsPartsExtractor, IsRecordFunction, IsResponse,
    IsReturned,
};
use crate::records::batch::Batch;
use crate::records::extract::{FromRecord, FromRecordParts};
use crate::records::handler::RecordResult;
use crate::records::record::Record;

/// The kind of record functions whose record has the response `A`.
#[derive(Debug)]
pub struct Records<A>(std::marker::PhantomData<A>);

check! {
    impl [T: FromRecord] IsLastExtractor<Records<T::Response>, Record> for T;
    // For every kind, so that the compiler reports that it must be the last argument.
    impl [K, T: FromRecord] IsExtractor<K, Record> for T;
    impl [T: FromRecordParts, A] IsExtractor<Records<A>, ()> for T;
    impl [T: FromRecordParts, A] IsPartsExtractor<Records<A>, ()> for T;
    impl [T, A] IsReturned<Records<A>, ()> for T;
    impl [T, A] IsResponse<Records<A>, ()> for T where Result<T, BoxError>: RecordResult<A>;
    impl [E: Into<BoxError> + 'static, A] IsError<Records<A>, ()> for E;
}

impl<T, S> IsLayer<RecordFunction<S>, ()> for T
where
    T: Layer<S, Service: Service<Record>>,
{
    type Checked<X> = X;

    fn check<L, O>(function: Function<RecordFunction<S>, L, O>, layer: Self) -> Function<RecordFunction<S>, T, O> {
        function.map_layers(|_| layer)
    }
}

impl<S, L, O> IsRecordFunction for Function<RecordFunction<S>, L, O> {
    type Batch = Batch;

    fn batch(self, batch: Batch) -> Self {
        Self::batch(self, batch)
    }
}

impl<S, L, O> HasConcurrency for Function<RecordFunction<S>, L, O> {
    fn concurrency(self, records: usize) -> Self {
        Self::concurrency(self, records)
    }
}
