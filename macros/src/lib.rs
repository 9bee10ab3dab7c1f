//! The macros of [`pilaster`](https://docs.rs/pilaster): use them through that crate.

mod from_secret;
mod lambda_handler;

use proc_macro::TokenStream;

/// This is `pilaster::lambda_handler`. Its `main` names the crate `pilaster`, so depend on it by this name.
#[proc_macro_attribute]
pub fn lambda_handler(options: TokenStream, item: TokenStream) -> TokenStream {
    lambda_handler::expand(options.into(), item.into()).into()
}

/// Says which secret a type is read from: `#[secret(id = "…")]` or `#[secret(env = "VARIABLE")]`.
///
/// See `pilaster::config::secrets::FromSecret`.
#[proc_macro_derive(FromSecret, attributes(secret))]
pub fn from_secret(input: TokenStream) -> TokenStream {
    from_secret::expand(input.into()).into()
}
