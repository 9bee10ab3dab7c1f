//! The requirement of [`Client`]. Not public API.
#![allow(missing_docs)]

use std::marker::PhantomData;

use super::{Client, FromClients};
use crate::core::check::probe::{IsMet, Type, check};
use crate::core::check::requirements;

/// The requirement of [`FromClients`].
pub struct OfClients<T>(PhantomData<T>);

requirements! { OfClients }

check! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `pilaster::FromClients`",
        label = "the inner type must implement `pilaster::FromClients`",
        note = "implement it, or enable the feature of pilaster for this AWS client (`dynamodb`, `s3`, …)",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsFromClients: FromClients;
    Argument => OfClients: Client<T>;
}

impl<T: IsFromClients<M>, M> IsMet<M> for OfClients<T> {
    type Checked<X> = T::Checked<X>;

    fn check<X>(_: Type<Self>, then: X) -> T::Checked<X> {
        T::check(then)
    }
}
