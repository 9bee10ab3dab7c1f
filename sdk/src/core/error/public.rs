//! The part of an error that a client may read: only the types that are made for clients have one.

use std::error::Error as StdError;

use super::{Described, FunctionError, NamedErrors, causes};

/// Returns the `errorType` and the text of the outermost cause that is meant for a client: a [`FunctionError`], or an
/// error type that the function names by [`ErrorType`](super::ErrorType). `None` for any other error, whose text may be
/// internal.
pub(crate) fn public(error: &(dyn StdError + 'static), named: &NamedErrors) -> Option<(String, String)> {
    causes(error).find_map(|cause| {
        if let Some(name) = named.name_of(cause) {
            return Some((name.to_owned(), cause.to_string()));
        }
        let described = match cause.downcast_ref::<FunctionError>() {
            Some(error) => &error.described,
            None => cause.downcast_ref::<Described>()?,
        };
        // As `NamedErrors::apply`: the type is that of a known cause, the text stays.
        let source = described.source.as_ref().map(|source| &**source as &(dyn StdError + 'static));
        let name = source.and_then(|source| causes(source).find_map(|at| named.name_of(at)));
        Some((name.unwrap_or(&described.error_type).to_owned(), described.message.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{BoxError, ErrorType};
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("out of stock")]
    struct OutOfStock(#[source] std::io::Error);

    impl ErrorType for OutOfStock {
        fn error_type(&self) -> &str {
            "OutOfStock"
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("wrapped around secret")]
    struct Wrapper(#[source] BoxError);

    fn read(error: impl Into<BoxError>) -> Option<(String, String)> {
        let mut named = NamedErrors::default();
        named.add::<OutOfStock>();
        public(&*error.into(), &named)
    }

    fn some(name: &str, text: &str) -> Option<(String, String)> {
        Some((name.to_owned(), text.to_owned()))
    }

    #[test]
    fn only_a_type_that_is_meant_for_a_client_is_public() {
        let secret = || std::io::Error::other("secret host");
        assert_eq!(read(secret()), None);
        assert_eq!(read("secret host"), None);
        assert_eq!(read(Wrapper(secret().into())), None);
        assert_eq!(read(OutOfStock(secret())), some("OutOfStock", "out of stock"));
        assert_eq!(read(Wrapper(OutOfStock(secret()).into())), some("OutOfStock", "out of stock"));
        assert_eq!(read(std::io::Error::other(OutOfStock(secret()))), some("OutOfStock", "out of stock"));
        assert_eq!(read(FunctionError::new("Late", "too late").with_source(secret())), some("Late", "too late"));
        assert_eq!(read(Wrapper(FunctionError::new("Late", "too late").into())), some("Late", "too late"));
        let renamed = FunctionError::new("Late", "too late").with_source(OutOfStock(secret()));
        assert_eq!(read(renamed), some("OutOfStock", "too late"));
    }
}
