//! `#[idempotent]`: the function runs once per key; repeated calls return the recorded result.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;

use self::parse::{Function, Options};

/// Returns the wrapped function. A mistake keeps the original, so that the compiler does not also report that it is
/// missing.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = syn::parse2::<Function>(item.clone());
    let function = function.and_then(|function| validate::check(&function).map(|()| function));
    let options = syn::parse2::<Options>(options);
    let expanded = match (options, function) {
        (Ok(options), Ok(function)) => expand::expand(&options, &function),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            Err(error)
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    expanded.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote! { #error #item }
    })
}
