//! `#[derive(Tool)]`.

mod expand;
mod parse;
#[cfg(test)]
mod tests;
mod validate;

use proc_macro2::TokenStream;
use syn::DeriveInput;

pub(crate) use self::expand::definition;
pub(crate) use self::parse::Options;
pub(crate) use self::validate::check;

/// Returns the implementation. A mistake returns the error and a stub implementation, so that the compiler does not
/// also report a missing one.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match validate::validate(&input) {
        Ok(valid) => expand::expand(&input, &valid),
        Err(error) => expand::failed(&input, &error),
    }
}
