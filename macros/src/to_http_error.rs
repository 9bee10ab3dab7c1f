//! `#[derive(ToHttpError)]`.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// Returns the implementations. After a mistake they are beside the error, so that the compiler does not report their lack as well.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match parse::responses(&input) {
        Ok(responses) => expand::expand(&input, &responses),
        Err(error) => expand::failed(&input, &error),
    }
}

#[cfg(test)]
mod tests;
