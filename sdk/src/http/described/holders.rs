//! The extractors and responses whose values need a schema.

use crate::core::check::Holds;
use crate::openapi::probe::{Documentable, Read, Written};

macro_rules! holds {
    ($role:ident: $($(#[$cfg:meta])? $holder:ty),*) => {$(
        $(#[$cfg])?
        impl<T> Holds<$role> for $holder {
            type Requires = Documentable<T>;
        }
    )*};
}

holds! {
    Read: crate::http::Json<T>, crate::http::Path<T>, crate::http::Query<T>,
    #[cfg(feature = "form")] crate::http::Form<T>
}
holds! {
    Written: crate::http::Json<T>, crate::http::Created<T>,
    #[cfg(feature = "negotiation")] crate::http::Negotiate<T>
}

#[cfg(feature = "validate")]
impl<E: Holds<Read>> Holds<Read> for crate::http::Valid<E> {
    type Requires = E::Requires;
}

#[cfg(feature = "validate")]
impl<E: Holds<Written>> Holds<Written> for crate::http::Valid<E> {
    type Requires = E::Requires;
}
