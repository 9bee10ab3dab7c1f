//! `#[derive(ToHttpError)]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// Returns the implementations; with a mistake the error too, so that the compiler does not report that they are missing.
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
