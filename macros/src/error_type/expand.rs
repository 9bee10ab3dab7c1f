//! The impl.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, WhereClause, parse_quote};

use super::validate::{Name, Plan};

pub(super) fn expand(input: &DeriveInput, plan: &Plan) -> TokenStream {
    let name = match plan {
        Plan::Struct(Name::Text(name)) => quote!(#name),
        // Where the field says no name, rustc points at `transparent`.
        Plan::Struct(Name::Of(field, span)) => {
            let call = quote_spanned!(*span=> error_type());
            quote!(self.#field.#call)
        }
        // A reference to nothing has no arms, either.
        Plan::Enum(variants) if variants.is_empty() => quote!(match *self {}),
        Plan::Enum(variants) => {
            let arms = variants.iter().map(|(variant, name)| match name {
                Name::Text(name) => quote!(Self::#variant { .. } => #name),
                Name::Of(field, span) => {
                    let call = quote_spanned!(*span=> error_type());
                    quote!(Self::#variant { #field: cause } => cause.#call)
                }
            });
            quote!(match self { #(#arms,)* })
        }
    };
    let implementation = implementation(input, &name);
    quote! {
        const _: () = {
            // As a method: it is found behind a `Box` as well.
            #[allow(unused_imports)]
            use ::pilaster::ErrorType as _;

            #[automatically_derived]
            #implementation
        };
    }
}

/// The error, and an impl that satisfies whoever asks for one.
pub(super) fn failed(input: &DeriveInput, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let implementation = implementation(input, &quote!(::core::unreachable!()));
    quote! {
        #error

        #implementation
    }
}

fn implementation(input: &DeriveInput, name: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let bounds = match input.generics.params.is_empty() {
        true => bounds.cloned(),
        // Whatever the error itself asks of its parameters.
        false => {
            let mut bounds = bounds
                .cloned()
                .unwrap_or(WhereClause { where_token: Default::default(), predicates: Default::default() });
            bounds.predicates.push(parse_quote!(Self: ::core::error::Error + 'static));
            Some(bounds)
        }
    };
    quote! {
        impl #generics ::pilaster::ErrorType for #ident #arguments #bounds {
            fn error_type(&self) -> &str {
                #name
            }
        }
    }
}
