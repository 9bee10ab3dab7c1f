//! The implementation of the trait.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, parse_quote};

use super::validate::{Input, Name, Names};
use crate::bounds::bounds_with;
use crate::crate_path::CratePath;
use crate::deprecation;

pub(super) fn expand(input: &DeriveInput, valid: &Input) -> TokenStream {
    let name = match &valid.names {
        Names::Struct(Name::Text(name)) => quote!(#name),
        // For a field without a name, the compiler points at `transparent`.
        Names::Struct(Name::Of(field, span)) => {
            let call = quote_spanned!(*span=> error_type());
            quote!(self.#field.#call)
        }
        // A match on a reference would need an arm.
        Names::Enum(variants) if variants.is_empty() => quote!(match *self {}),
        Names::Enum(variants) => {
            let arms = variants.iter().map(|(variant, name)| match name {
                Name::Text(name) => quote!(Self::#variant { .. } => #name),
                Name::Of(field, span) => {
                    let call = quote_spanned!(*span=> error_type());
                    quote!(Self::#variant { #field: pilaster_cause } => pilaster_cause.#call)
                }
            });
            quote!(match self { #(#arms,)* })
        }
    };
    let pilaster = &valid.crate_path;
    let implementation = implementation(input, pilaster, &name);
    quote! {
        const _: () = {
            // A method, so that it is also found behind a `Box`.
            #[allow(unused_imports)]
            use #pilaster::ErrorType as _;

            #[automatically_derived]
            #implementation
        };
    }
}

/// Returns the error and a stub implementation, so that the compiler does not also report a missing one.
pub(super) fn failed(input: &DeriveInput, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let implementation = implementation(input, &CratePath::default(), &quote!(::core::unreachable!()));
    quote! {
        #error

        #implementation
    }
}

fn implementation(input: &DeriveInput, pilaster: &CratePath, name: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let allow = deprecation::allowed_of(input);
    let (generics, arguments, _) = input.generics.split_for_impl();
    // The bounds of the error itself.
    let bounds = bounds_with(input, parse_quote!(Self: ::core::error::Error + 'static));
    quote! {
        #allow
        impl #generics #pilaster::ErrorType for #ident #arguments #bounds {
            fn error_type(&self) -> &str {
                #name
            }
        }
    }
}
