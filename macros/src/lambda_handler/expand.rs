//! The function and its `main`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Error;
use syn::spanned::Spanned;

use super::parse::{Function, Options};

/// The function as it is, and `main`.
pub(crate) fn expand(options: &Options, function: &Function, item: TokenStream) -> TokenStream {
    let name = &function.sig.ident;
    let cfgs = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let layer = options.layer.iter().map(|layer| quote_spanned!(layer.span()=> .layer(#layer)));
    let warm = options.warm.iter().flatten().map(|warm| quote_spanned!(warm.span()=> .warm::<#warm>()));
    let route = options.route.iter().map(|route| quote!(.route(#route)));
    quote! {
        #item

        #(#cfgs)*
        fn main() -> ::core::result::Result<(), ::pilaster::StartError> {
            ::pilaster::run(::pilaster::handler(#name) #(#layer)* #(#warm)* #(#route)*)
        }
    }
}

/// The errors, the item, and a `main` that does nothing.
pub(crate) fn failed(errors: Option<Error>, _function: Option<Function>, item: TokenStream) -> TokenStream {
    let errors = errors.map(Error::into_compile_error);
    quote! {
        #errors

        #item

        fn main() {}
    }
}
