//! The requirements of the extractors that hold a value.

#[cfg(feature = "form")]
use super::Form;
use super::{Json, Path, Query};
use crate::core::check::Deserializable;
use crate::core::check::probe::check;

check! { Argument => Deserializable: Json<T>, Path<T>, Query<T>; }

#[cfg(feature = "form")]
check! { Argument => Deserializable: Form<T>; }

#[cfg(feature = "validate")]
mod valid {
    use super::super::{Json, Path, Query, Valid};
    use super::check;
    use crate::core::check::Validatable;

    check! { Argument => Validatable: Valid<Json<T>>, Valid<Path<T>>, Valid<Query<T>>; }

    #[cfg(feature = "form")]
    check! { Argument => Validatable: Valid<super::Form<T>>; }
}
