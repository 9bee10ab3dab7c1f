//! The type with the name of a function, which holds what a macro adds to it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::deprecation;
use crate::lambda_handler::Function;

/// Returns a type with the name of the function, and associated functions. It is defined beside the function and not
/// imported by a glob: in a module with `use super::*`, it hides that of a handler with the same name.
pub(crate) fn own_type(function: &Function, functions: TokenStream) -> TokenStream {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let cfgs = function.cfgs().collect::<Vec<_>>();
    let allow = deprecation::allowed(&function.attrs);
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, unreachable_pub, missing_docs, missing_debug_implementations, dead_code)]
        #vis enum #name {}

        #(#cfgs)*
        #allow
        #[allow(unreachable_pub)]
        impl #name {
            #functions
        }
    }
}
