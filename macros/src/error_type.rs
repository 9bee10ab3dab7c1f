//! `#[derive(ErrorType)]`.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use syn::DeriveInput;

/// The impl; where something is wrong, the error, and an impl that keeps the compiler from reporting its lack as well.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match validate::valid(&input) {
        Ok(plan) => expand::expand(&input, &plan),
        Err(error) => expand::failed(&input, &error),
    }
}

#[cfg(test)]
mod tests;
