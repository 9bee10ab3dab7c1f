//! [`OperationPart`]: what an extractor or a response says about its operation.

use super::Operation;

/// An extractor or a response that describes itself in the document of its operation.
///
/// Pilaster's extractors and responses implement it. One of your own, or of another crate, is silent without it: the
/// operation is in the document, without this part.
///
/// # Example
///
/// ```
/// use pilaster::http::{FromRequestParts, HttpError, Parts};
/// use pilaster::openapi::{Operation, OperationPart, Parameter};
///
/// /// The language that the client asks for.
/// struct Language(String);
///
/// impl<S: Sync> FromRequestParts<S> for Language {
///     type Rejection = HttpError;
///
///     async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
///         let sent = parts.headers.get("x-language").and_then(|value| value.to_str().ok());
///         Ok(Self(sent.ok_or_else(|| HttpError::bad_request("`x-language` is missing"))?.to_owned()))
///     }
/// }
///
/// impl OperationPart for Language {
///     fn request(operation: &mut Operation<'_>) {
///         let schema = operation.request_schema::<String>();
///         operation.parameter(Parameter::header("X-Language", schema).required());
///         operation.problem(400, "The language is missing.");
///     }
/// }
/// ```
pub trait OperationPart {
    /// Describes the argument of a handler: what it reads of the request, and how it rejects one.
    fn request(operation: &mut Operation<'_>) {
        let _ = operation;
    }

    /// Describes the value that a handler returns.
    fn response(operation: &mut Operation<'_>) {
        let _ = operation;
    }
}

impl Operation<'_> {
    /// Adds the response of a type by this status, in place of the status of the type itself.
    pub fn response_of<T: OperationPart>(&mut self, status: &str) {
        self.with_status(status, T::response);
    }
}

/// What `#[http::operation]` writes. No public API.
#[doc(hidden)]
#[allow(missing_docs)]
pub mod probe {
    use std::marker::PhantomData;

    use schemars::JsonSchema;

    use super::{Operation, OperationPart};
    use crate::core::check::Holds;
    use crate::core::check::probe::{IsMet, Type, check, type_of};

    check! {
        #[diagnostic::on_unimplemented(
            message = "`{Self}` does not implement `schemars::JsonSchema`, which the OpenAPI document needs",
            label = "the inner type must implement `schemars::JsonSchema`",
            note = "add `#[derive(schemars::JsonSchema)]` to the type, with `schemars` as a dependency of your crate",
            note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
        )]
        pub trait IsDocumentable: JsonSchema;
    }

    /// The requirement of `schemars::JsonSchema`.
    pub struct Documentable<T>(PhantomData<T>);

    crate::core::check::requirements! { Documentable }

    impl<T: IsDocumentable<M>, M> IsMet<M> for Documentable<T> {
        type Checked<X> = T::Checked<X>;

        fn check<X>(_: Type<Self>, then: X) -> T::Checked<X> {
            T::check(then)
        }
    }

    /// The role of an argument in a document.
    #[derive(Debug)]
    pub enum Read {}

    /// The role of a returned value in a document.
    #[derive(Debug)]
    pub enum Written {}

    /// In place of a type that has no name.
    #[derive(Debug)]
    pub enum Unnamed {}

    /// Says nothing, for all types that are no parts. Its methods take a reference, so the compiler finds those that
    /// take the value first.
    pub trait Silent {
        fn pilaster_read_requires(&self) -> Type<()> {
            type_of()
        }

        fn pilaster_written_requires(&self) -> Type<()> {
            type_of()
        }

        fn pilaster_describe_request(&self, _: &mut Operation<'_>) {}

        fn pilaster_describe_response(&self, operation: &mut Operation<'_>) {
            operation.warn_of_unknown_response();
        }
    }

    impl<T: ?Sized> Silent for Type<T> {}

    impl<T: Holds<Read>> Type<T> {
        pub fn pilaster_read_requires(self) -> Type<T::Requires> {
            type_of()
        }
    }

    impl<T: Holds<Written>> Type<T> {
        pub fn pilaster_written_requires(self) -> Type<T::Requires> {
            type_of()
        }
    }

    impl<T: OperationPart> Type<T> {
        pub fn pilaster_describe_request(self, operation: &mut Operation<'_>) {
            T::request(operation);
        }

        pub fn pilaster_describe_response(self, operation: &mut Operation<'_>) {
            T::response(operation);
        }
    }

    impl<E: Holds<Read>> Holds<Read> for Option<E> {
        type Requires = E::Requires;
    }

    impl<E: Holds<Read>, R> Holds<Read> for Result<E, R> {
        type Requires = E::Requires;
    }
}
