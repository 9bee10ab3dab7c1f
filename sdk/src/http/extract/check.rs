//! The requirements of extractors that hold a value.

#[cfg(feature = "form")]
use super::Form;
use super::{Json, Path, Query};
use crate::core::check::Deserializable;
use crate::core::check::probe::check;

check! { Argument => Deserializable: Json<T>, Path<T>, Query<T>; }

#[cfg(feature = "form")]
check! { Argument => Deserializable: Form<T>; }

#[cfg(feature = "jwt")]
check! { Argument => Deserializable: super::Jwt<T>; }

#[cfg(feature = "validate")]
mod valid {
    use super::super::{Json, Path, Query, Valid};
    use super::check;
    use crate::core::check::Validatable;

    check! { Argument => Validatable: Valid<Json<T>>, Valid<Path<T>>, Valid<Query<T>>; }

    #[cfg(feature = "form")]
    check! { Argument => Validatable: Valid<super::Form<T>>; }
}

mod route {
    use serde::de::DeserializeOwned;

    use super::super::Path;
    use super::super::path::route_mismatch;
    use crate::core::check::probe::Type;
    use crate::core::layer_mistakes::reject;

    impl<T: DeserializeOwned> Type<Path<T>> {
        /// Rejects a route without the parameters of `T`, before the function starts.
        pub fn pilaster_check_route(self, route: &str) {
            if let Some(mismatch) = route_mismatch::<T>(route) {
                reject(mismatch);
            }
        }
    }

    #[cfg(feature = "validate")]
    impl<T: DeserializeOwned> Type<super::super::Valid<Path<T>>> {
        /// Checks the route in the same way as `Path<T>`.
        pub fn pilaster_check_route(self, route: &str) {
            Type::<Path<T>>::pilaster_check_route(crate::core::check::probe::type_of(), route);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, Path};
    use crate::core::check::probe::{Fallback as _, type_of};
    use crate::core::layer_mistakes::collect;

    #[test]
    fn a_path_is_checked_against_the_route_and_other_types_are_not() {
        assert_eq!(collect(|| type_of::<Path<u64>>().pilaster_check_route("GET /users/{id}")), Ok(()));
        assert!(collect(|| type_of::<Path<u64>>().pilaster_check_route("GET /users")).is_err());
        assert_eq!(collect(|| type_of::<Json<u64>>().pilaster_check_route("GET /users")), Ok(()));
        assert_eq!(collect(|| type_of::<Option<Path<u64>>>().pilaster_check_route("GET /users")), Ok(()));
    }
}
