//! The macros of [`pilaster`](https://docs.rs/pilaster): use them through that crate.

mod bounds;
mod crate_path;
mod deprecation;
mod doc_comment;
mod error_type;
mod explained;
mod from_parameter;
mod from_secret;
mod from_value;
mod idempotent;
mod lambda_handler;
mod operation;
mod own_type;
mod to_http_error;
mod tool;
mod tool_input;

use proc_macro::TokenStream;

use self::explained::{Page, explained};

/// Implements `pilaster::lambda_handler`.
#[proc_macro_attribute]
pub fn lambda_handler(options: TokenStream, item: TokenStream) -> TokenStream {
    explained(Page::Compile, lambda_handler::expand(options.into(), item.into())).into()
}

/// Implements `FromSecret` for a type that is read from the secret of `#[secret(id = "…")]` or
/// `#[secret(env = "VARIABLE")]`.
///
/// See `pilaster::config::secrets::FromSecret`.
#[proc_macro_derive(FromSecret, attributes(secret))]
pub fn from_secret(input: TokenStream) -> TokenStream {
    explained(Page::Compile, from_secret::expand(input.into())).into()
}

/// Implements `FromParameter` for a type that is read from the parameter of `#[parameter(name = "…")]` or
/// `#[parameter(env = "VARIABLE")]`.
///
/// See `pilaster::config::parameters::FromParameter`.
#[proc_macro_derive(FromParameter, attributes(parameter))]
pub fn from_parameter(input: TokenStream) -> TokenStream {
    explained(Page::Compile, from_parameter::expand(input.into())).into()
}

/// Implements `ErrorType`: the name of the variant, or of the struct, is the `errorType` of the failed invocation.
/// `#[error_type("Name")]` above a variant or a struct sets another name, `#[error_type(transparent)]` takes the name
/// of its only field, and `#[error_type(internal)]` keeps its text in the log. Beside `#[error(transparent)]` of thiserror,
/// which shows the text of the error inside, one of them must be written.
///
/// See `pilaster::ErrorType`.
#[proc_macro_derive(ErrorType, attributes(error_type))]
pub fn error_type(input: TokenStream) -> TokenStream {
    explained(Page::Compile, error_type::expand(input.into())).into()
}

/// Implements `pilaster::idempotent`.
#[proc_macro_attribute]
pub fn idempotent(options: TokenStream, item: TokenStream) -> TokenStream {
    explained(Page::Compile, idempotent::expand(options.into(), item.into())).into()
}

/// Implements `pilaster::http::operation`.
#[proc_macro_attribute]
pub fn operation(options: TokenStream, item: TokenStream) -> TokenStream {
    explained(Page::Compile, operation::expand(options.into(), item.into())).into()
}

/// Maps each variant of an error to a response: `#[http(status = 404)]`, with `detail = "…"` if the client should read
/// another text than that of `Display`, or `#[http(transparent)]` for the response of the only field. A variant without
/// this attribute does not compile.
///
/// See `pilaster::http::ToHttpError`.
#[proc_macro_derive(ToHttpError, attributes(http))]
pub fn to_http_error(input: TokenStream) -> TokenStream {
    explained(Page::Compile, to_http_error::expand(input.into())).into()
}

/// Implements `pilaster::tools::Tool` for the input of a tool, which its doc comment describes to the model.
///
/// See `pilaster::tools::Tool`.
#[proc_macro_derive(Tool, attributes(tool))]
pub fn tool_input(input: TokenStream) -> TokenStream {
    explained(Page::Tools, tool_input::expand(input.into())).into()
}

/// Implements `pilaster::tools::tool`.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    explained(Page::Tools, tool::expand(options.into(), item.into())).into()
}
