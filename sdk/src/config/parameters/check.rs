//! The requirement of [`Parameter`]. Not public API.
#![allow(missing_docs)]

use std::marker::PhantomData;

use super::{FromParameter, Parameter};
use crate::core::check::probe::{IsMet, Type, check};
use crate::core::check::requirements;

/// The requirement of [`FromParameter`].
pub struct OfParameter<T>(PhantomData<T>);

requirements! { OfParameter }

check! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `pilaster::FromParameter`",
        label = "the inner type must implement `pilaster::FromParameter`",
        note = "add `#[derive(serde::Deserialize, pilaster::FromParameter)] #[parameter(name = \"…\")]` to the type, or `#[parameter(env = \"LIMIT_PARAMETER\")]`",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsFromParameter: FromParameter;
    Argument => OfParameter: Parameter<T>;
}

impl<T: IsFromParameter<M>, M> IsMet<M> for OfParameter<T> {
    type Checked<X> = T::Checked<X>;

    fn check<X>(_: Type<Self>, then: X) -> T::Checked<X> {
        T::check(then)
    }
}
