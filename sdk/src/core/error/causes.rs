//! The causes of an error, also those within a `Box`, an `Arc` or an `io::Error`, which `Error::source` skips.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use crate::core::panic::caught;

/// Returns the error as an `E`, also if it is a `Box<E>` or an `Arc<E>`.
pub(crate) fn as_error<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let boxed = || error.downcast_ref::<Box<E>>().map(|error| &**error);
    let shared = || error.downcast_ref::<Arc<E>>().map(|error| &**error);
    error.downcast_ref().or_else(boxed).or_else(shared)
}

/// Returns the error that an `io::Error` or an `Arc<dyn Error>` holds.
pub(crate) fn held<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    type Shared = Arc<dyn StdError + Send + Sync>;
    match as_error::<io::Error>(error).and_then(io::Error::get_ref) {
        Some(held) => Some(held),
        None => error.downcast_ref::<Shared>().map(|shared| &**shared as &(dyn StdError + 'static)),
    }
}

/// The most errors of a chain: a `source` may lead back to its own error.
const LONGEST: usize = 100;

/// Returns the source of an error; `None` for a panic of its `source`, which is the user's code.
fn source<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    caught(|| error.source()).flatten()
}

/// Returns the next error of the chain: the one that this error holds, or its source.
fn cause<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    held(error).or_else(|| source(error))
}

/// Returns an error and all of its [causes](cause), the outermost first.
pub(crate) fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> + use<'e> {
    std::iter::successors(Some(error), |error| cause(*error)).take(LONGEST)
}

/// Returns an error and all of its sources, the outermost first.
pub(crate) fn with_sources<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> + use<'e> {
    std::iter::successors(Some(error), |error| source(*error)).take(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("taken")]
    struct Taken(#[source] io::Error);

    #[test]
    fn a_source_that_panics_or_is_the_error_itself_ends_the_chain() {
        #[derive(Debug)]
        struct Odd {
            panics: bool,
        }
        impl std::fmt::Display for Odd {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("odd")
            }
        }
        impl StdError for Odd {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                assert!(!self.panics);
                Some(self)
            }
        }
        for (panics, length) in [(true, 1), (false, LONGEST)] {
            let odd = Odd { panics };
            assert_eq!((causes(&odd).count(), with_sources(&odd).count()), (length, length));
            assert_eq!(super::super::chain(&odd), ["odd"]);
            assert_eq!(super::super::FunctionError::of(odd).error_type(), "Odd");
        }
    }

    #[test]
    fn an_error_is_found_in_whatever_holds_it() {
        let taken = || Taken(io::Error::other("full"));
        let shared: Arc<dyn StdError + Send + Sync> = Arc::new(taken());
        let in_io = || io::Error::other(taken());
        let errors: [Box<dyn StdError>; 7] = [
            Box::new(taken()),
            Box::new(Box::new(taken())),
            Box::new(Arc::new(taken())),
            Box::new(shared),
            Box::new(in_io()),
            Box::new(Arc::new(in_io())),
            Box::new(io::Error::other(Box::new(taken()))),
        ];
        for error in errors {
            let found = as_error::<Taken>(&*error).or_else(|| as_error(cause(&*error)?));
            let io = found.and_then(|taken| as_error::<io::Error>(cause(taken)?));
            assert_eq!(io.unwrap().to_string(), "full", "{error:?}");
        }
        assert!(cause(&io::Error::from(io::ErrorKind::NotFound)).is_none());
    }
}
