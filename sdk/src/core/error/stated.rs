//! [`Stated`]: the part of an error that was written for the caller of a function, and may leave it.

use std::error::Error as StdError;

use super::internal::is_internal;
use super::shown::written;
use super::{Described, FunctionError, NamedErrors, as_error, causes};

/// The type and the text of an error for the caller. The texts of the errors around it stay in the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stated {
    pub(crate) error_type: String,
    pub(crate) message: String,
}

impl NamedErrors {
    /// Returns the first error in the chain of causes that was written for the caller: a [`FunctionError`] with a text of
    /// its own, or an error type that was added here. `None` for any other error, whose text may be internal, and for one of these types
    /// that is internal or has the text of an [`Internal`](super::Internal) cause.
    #[cfg(test)]
    pub(crate) fn stated(&self, error: &(dyn StdError + 'static)) -> Option<Stated> {
        self.stated_with(error, |_| None)
    }

    /// As `stated`, with one more type that was written for the caller, unless it is internal.
    pub(crate) fn stated_with(
        &self,
        error: &(dyn StdError + 'static),
        own: impl Fn(&(dyn StdError + 'static)) -> Option<Option<Stated>>,
    ) -> Option<Stated> {
        let stated = causes(error).find_map(|cause| {
            let stated = own(cause).or_else(|| self.named_or_described(cause))?;
            Some(stated.filter(|stated| !self.is_taken(&stated.message, cause)))
        });
        stated.flatten()
    }

    /// Returns what a known error states; `None` for another error, and for a [`FunctionError`] that has the text of its
    /// source, which decides.
    fn named_or_described(&self, cause: &(dyn StdError + 'static)) -> Option<Option<Stated>> {
        if let Some(named) = self.find(cause) {
            // A text that cannot be written stays in the log, too.
            let message = written(cause).filter(|_| !named.is_internal());
            return Some(message.map(|message| Stated { error_type: named.error_type().to_owned(), message }));
        }
        let described = as_error::<FunctionError>(cause).map(|error| &error.described);
        let described = described.or_else(|| cause.downcast_ref::<Described>())?;
        if described.is_text_of_source {
            let text_of = described.text_of.as_ref();
            return text_of.and_then(|of| causes(&**of).find_map(|cause| self.named_or_described(cause)));
        }
        // As `apply` does: the type is that of a known cause, the text stays.
        let (error_type, is_hidden) = match self.cause_of(described) {
            Some((named, is_hidden)) => (named.error_type(), is_hidden),
            None => (described.error_type.as_str(), false),
        };
        let message = &described.message;
        let is_taken = described.text_of.as_ref().is_some_and(|of| self.is_taken(message, &**of));
        let stated = || Stated { error_type: error_type.to_owned(), message: message.clone() };
        Some((!is_hidden && !is_taken).then(stated))
    }

    /// Returns `true` if a text was taken from an internal error in the chain of causes.
    fn is_taken(&self, text: &str, error: &(dyn StdError + 'static)) -> bool {
        let is_of = |cause: &(dyn StdError + 'static)| {
            self.find(cause).is_some_and(|named| named.is_internal()) && written(cause).is_some_and(|own| own == text)
        };
        is_internal(text, error) || causes(error).any(is_of)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::core::error::{BoxError, ErrorType};

    #[derive(Debug, thiserror::Error)]
    #[error("out of stock")]
    struct OutOfStock;

    impl ErrorType for OutOfStock {
        fn error_type(&self) -> &str {
            "OutOfStock"
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("secret host")]
    struct Outer(#[source] BoxError);

    #[derive(Debug, thiserror::Error)]
    #[error("secret host")]
    struct Internal(#[source] FunctionError);

    impl ErrorType for Internal {
        fn error_type(&self) -> &str {
            "Internal"
        }

        fn is_internal(&self) -> bool {
            true
        }
    }

    #[derive(Debug, Default)]
    struct Counted(AtomicU32);

    impl std::fmt::Display for Counted {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "secret host, text {}", self.0.fetch_add(1, Ordering::Relaxed))
        }
    }

    impl StdError for Counted {}

    impl ErrorType for Counted {
        fn error_type(&self) -> &str {
            "Counted"
        }

        fn is_internal(&self) -> bool {
            true
        }
    }

    #[test]
    fn the_text_of_an_internal_error_is_not_stated_nor_what_it_holds() {
        let mut names = NamedErrors::default();
        names.add::<Internal>();
        let internal = || Internal(FunctionError::new("Gone", "secret key"));
        for error in [internal().into(), Outer(internal().into()).into(), BoxError::from(Box::new(internal()))] {
            assert_eq!(names.stated(&*error), None);
            let posted = names.apply(FunctionError::of(error));
            assert_eq!((posted.error_type(), posted.message()), ("Internal", "internal error"));
            let texts = super::super::chain(&posted).join(" ");
            assert!(texts.contains("secret host"), "the log has it: {texts}");
        }
        // A text that was taken from it.
        let taken = || FunctionError::from_error(internal());
        for error in [taken().into(), Outer(taken().into()).into(), BoxError::from(Box::new(taken()))] {
            assert_eq!(names.stated(&*error), None);
        }
        assert_eq!(names.apply(taken()).message(), "internal error");
        // Also with another source.
        let with_source = || taken().with_source(std::io::Error::other("secret disk"));
        assert_eq!(names.stated(&with_source()), None);
        assert_eq!(names.apply(with_source()).message(), "internal error");
        assert_eq!(super::super::chain(&with_source()), ["secret host", "secret disk"]);
        // A text that is another one each time.
        names.add::<Counted>();
        let counted = || FunctionError::from_error(Counted::default());
        assert_eq!(names.stated(&counted()), None);
        assert_eq!(names.apply(counted()).message(), "internal error");
        // Its own text was written for the caller.
        let own = || FunctionError::new("Late", "too late").with_source(internal());
        assert_eq!(names.stated(&own()).unwrap().message, "too late");
        assert_eq!(names.apply(own()).message(), "too late");
    }

    #[test]
    fn the_text_of_an_internal_cause_is_not_stated() {
        use super::super::Internal;
        #[derive(Debug, thiserror::Error)]
        #[error(transparent)]
        struct Own(#[from] Internal);
        impl ErrorType for Own {
            fn error_type(&self) -> &str {
                "Own"
            }
        }
        let mut names = NamedErrors::default();
        names.add::<Own>();
        let internal = || Internal { text: "no table".into(), source: Some("secret host".into()) };
        let posted = |message: &str| FunctionError::new("Setup", message).with_source(Outer(internal().into()));
        assert_eq!(names.stated(&posted("no table")), None);
        assert_eq!(names.stated(&Outer(posted("no table").into())), None);
        assert_eq!(names.stated(&posted("try later")).unwrap().message, "try later", "a text of its own");
        // `transparent` leaves out the error itself, but here it is one of the causes.
        let outer = Outer(Own(Internal { text: "no table".into(), source: Some(internal().into()) }).into());
        assert_eq!(names.stated(&outer), None);
    }

    #[test]
    fn only_the_text_that_was_written_for_the_caller_is_stated() {
        let mut names = NamedErrors::default();
        let stated = |names: &NamedErrors, error: BoxError| {
            names.stated(&*error).map(|stated| format!("{}: {}", stated.error_type, stated.message))
        };
        assert_eq!(stated(&names, OutOfStock.into()), None);
        names.add::<OutOfStock>();
        for error in [OutOfStock.into(), Outer(OutOfStock.into()).into(), std::io::Error::other(OutOfStock).into()] {
            assert_eq!(stated(&names, error).as_deref(), Some("OutOfStock: out of stock"));
        }
        let own = || FunctionError::new("Gone", "not here").with_source(std::io::Error::other("secret host"));
        for error in [own().into(), Outer(own().into()).into(), BoxError::from(Box::new(own()))] {
            assert_eq!(stated(&names, error).as_deref(), Some("Gone: not here"));
        }
        for taken in [FunctionError::from_error(OutOfStock), FunctionError::from_error(OutOfStock).with_source("late")]
        {
            assert_eq!(stated(&names, taken.into()).as_deref(), Some("OutOfStock: out of stock"));
        }
        assert_eq!(stated(&names, FunctionError::from_error(std::io::Error::other("secret")).into()), None);
        let renamed = FunctionError::new("Late", "too late").with_source(OutOfStock);
        assert_eq!(stated(&names, renamed.into()).as_deref(), Some("OutOfStock: too late"));
        for secret in [Outer(std::io::Error::other("secret").into()).into(), BoxError::from("secret host")] {
            assert_eq!(stated(&names, secret), None);
        }
    }
}
