//! The requirement of [`Secret`]. Not public API.
#![allow(missing_docs)]

use std::marker::PhantomData;

use super::{FromSecret, Secret};
use crate::core::check::probe::{IsMet, Type, check};
use crate::core::check::requirements;

/// The requirement of [`FromSecret`].
pub struct OfSecret<T>(PhantomData<T>);

requirements! { OfSecret }

check! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `pilaster::FromSecret`",
        label = "the inner type must implement `pilaster::FromSecret`",
        note = "add `#[derive(serde::Deserialize, pilaster::FromSecret)] #[secret(id = \"…\")]` to the type, or `#[secret(env = \"DB_SECRET\")]`",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsFromSecret: FromSecret;
    Argument => OfSecret: Secret<T>;
}

impl<T: IsFromSecret<M>, M> IsMet<M> for OfSecret<T> {
    type Checked<X> = T::Checked<X>;

    fn check<X>(_: Type<Self>, then: X) -> T::Checked<X> {
        T::check(then)
    }
}
