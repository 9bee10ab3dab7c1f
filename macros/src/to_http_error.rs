//! `#[derive(ToHttpError)]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// Returns the implementations. A mistake adds the error to stubs, so that the compiler does not also report missing
/// implementations.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match parse::parse(&input) {
        Ok(valid) => expand::expand(&input, &valid),
        Err(error) => expand::failed(&input, &error),
    }
}

#[cfg(test)]
mod tests;
