//! [`Unauthorized`]: the error by which AppSync recognises a refusal.

use std::error::Error as StdError;
use std::fmt;
use std::sync::LazyLock;

use crate::core::error::{FunctionError, with_sources};

/// The `errorType` that AppSync recognises
/// (<https://docs.aws.amazon.com/appsync/latest/devguide/resolver-mapping-template-reference-lambda.html>).
pub(crate) const UNAUTHORIZED: &str = "UnauthorizedException";

pub(super) const TEXT: &str = "the client is not authorized to make this call";

/// The cause of each [`Unauthorized`]: `#[error(transparent)]` and `anyhow` leave out the error itself, and keep its cause.
static REFUSAL: LazyLock<FunctionError> = LazyLock::new(|| Unauthorized.into());

/// The client must not do this: the `errorType` is `UnauthorizedException`, for which AppSync puts its own text "You are
/// not authorized to make this call." in place of ours.
///
/// It is found in the chain of causes of an error, so that an error type can have it as a variant. A `FunctionError`, and a
/// type that the function names by [`ErrorType`](crate::ErrorType), around it keep their own `errorType`, unless the variant
/// is `#[error(transparent)]`.
///
/// # Example
///
/// ```
/// use pilaster::appsync::{Arguments, CognitoUser, Unauthorized};
///
/// #[derive(Debug, thiserror::Error)]
/// enum DeleteError {
///     #[error(transparent)]
///     Denied(#[from] Unauthorized),
///     #[error("the post could not be deleted")]
///     Store(#[from] std::io::Error),
/// }
///
/// #[derive(serde::Deserialize)]
/// struct ById { id: String }
///
/// async fn delete_post(user: CognitoUser, Arguments(by): Arguments<ById>) -> Result<String, DeleteError> {
///     if !user.is_in_group("editors") {
///         return Err(Unauthorized.into());
///     }
///     Ok(by.id)
/// }
/// # let _ = pilaster::handler(delete_post);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unauthorized;

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TEXT)
    }
}

impl StdError for Unauthorized {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        REFUSAL.source()
    }
}

impl From<Unauthorized> for FunctionError {
    fn from(_: Unauthorized) -> Self {
        Self::new(UNAUTHORIZED, TEXT)
    }
}

/// Returns `true` for an [`Unauthorized`], and for an error that passes it on as it is.
pub(super) fn is_unauthorized(error: &(dyn StdError + 'static)) -> bool {
    let refusal = REFUSAL.source();
    with_sources(error).nth(1).zip(refusal).is_some_and(|(source, refusal)| std::ptr::addr_eq(source, refusal))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::appsync_request::failure::Failure;
    use crate::core::error::{BoxError, ErrorType, NamedErrors, chain};
    use crate::core::invocation::Invocation;

    #[derive(Debug, thiserror::Error)]
    enum Denied {
        #[error(transparent)]
        AsItIs(#[from] Unauthorized),
        #[error("the secret door is closed")]
        Because(#[source] Unauthorized),
    }

    impl ErrorType for Denied {
        fn error_type(&self) -> &str {
            "Denied"
        }
    }

    fn read(error: impl Into<BoxError>, named: &NamedErrors) -> (String, String) {
        let failure = Failure::of(error.into(), named, &Invocation::new(Default::default()));
        assert!(failure.is_expected(), "{failure:?}");
        (failure.error_type().to_owned(), failure.message().to_owned())
    }

    #[test]
    fn a_refusal_is_recognised_in_each_error_that_holds_it() {
        let named = NamedErrors::default();
        let errors: [BoxError; 8] = [
            Unauthorized.into(),
            Box::new(Box::new(Unauthorized)),
            Arc::new(Unauthorized).into(),
            std::io::Error::other(Unauthorized).into(),
            Denied::from(Unauthorized).into(),
            Denied::Because(Unauthorized).into(),
            std::io::Error::other(Denied::from(Unauthorized)).into(),
            FunctionError::from(Unauthorized).into(),
        ];
        for error in errors {
            let shown = format!("{error:?}");
            assert_eq!(read(error, &named), (UNAUTHORIZED.to_owned(), TEXT.to_owned()), "{shown}");
        }
    }

    #[test]
    fn a_named_type_that_passes_a_refusal_on_is_one_and_another_keeps_its_name() {
        let mut named = NamedErrors::default();
        named.add::<Denied>();
        assert_eq!(read(Denied::from(Unauthorized), &named).0, UNAUTHORIZED);
        let own = ("Denied".to_owned(), "the secret door is closed".to_owned());
        assert_eq!(read(Denied::Because(Unauthorized), &named), own);
    }

    #[test]
    fn a_refusal_keeps_its_type_in_a_function_of_events_and_is_shown_once() {
        assert_eq!(FunctionError::of(Unauthorized).error_type(), UNAUTHORIZED);
        assert_eq!(FunctionError::of(BoxError::from(Unauthorized)).error_type(), UNAUTHORIZED);
        assert_eq!(chain(&Unauthorized), [TEXT]);
        assert_eq!(format!("{Unauthorized:?}"), "Unauthorized");
    }
}
