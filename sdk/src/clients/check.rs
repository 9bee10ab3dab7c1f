//! The requirement of [`Client`]. No public API.
#![allow(missing_docs)]

use std::marker::PhantomData;

use super::{Client, FromClients};
use crate::core::check::probe::check;
use crate::core::check::{Requirement, sealed};

/// The requirement of [`FromClients`].
#[derive(Debug)]
pub struct OfClients<T>(PhantomData<T>);

impl<T> sealed::Sealed for OfClients<T> {}
impl<T> Requirement for OfClients<T> {}

check! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `pilaster::FromClients`",
        label = "the type within must implement `pilaster::FromClients`",
        note = "implement it, or turn on the feature of pilaster for this AWS client (`dynamodb`, `s3`, …)"
    )]
    pub trait IsFromClients: FromClients;
    OfClients requires IsFromClients;
    Argument => OfClients: Client<T>;
}
