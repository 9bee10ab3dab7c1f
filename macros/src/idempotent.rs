//! `#[idempotent]`: the function runs once per key; repeated calls get its recorded answer.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

use self::parse::{Function, Options};

/// What takes the attribute's place. Whatever is wrong, the function stays, so that rustc does not miss it as well.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = syn::parse2::<Function>(item.clone());
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
