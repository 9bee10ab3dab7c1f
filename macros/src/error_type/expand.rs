//! The implementation of the trait.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, parse_quote};

use super::validate::{Input, Name, Named, Names};
use crate::bounds::bounds_with;
use crate::crate_path::CratePath;
use crate::deprecation;

pub(super) fn expand(input: &DeriveInput, valid: &Input) -> TokenStream {
    let name = of_each(&valid.names, |named| match &named.name {
        Name::Text(name) => Value::Own(quote!(#name)),
        Name::Of(_, span) => Value::OfField(quote_spanned!(*span=> error_type())),
    });
    let is_internal = of_each(&valid.names, |Named { name, is_internal }| match name {
        Name::Of(_, span) if !is_internal => Value::OfField(quote_spanned!(*span=> is_internal())),
        _ => Value::Own(quote!(#is_internal)),
    });
    let pilaster = &valid.crate_path;
    let implementation = implementation(input, pilaster, &name, &is_internal);
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

/// What a method returns for a variant or a struct.
enum Value {
    Own(TokenStream),
    /// What this method of the only field returns.
    OfField(TokenStream),
}

fn of_each(names: &Names, value: impl Fn(&Named) -> Value) -> TokenStream {
    match names {
        Names::Struct(named) => match (value(named), &named.name) {
            // For a field without a name, the compiler points at `transparent`.
            (Value::OfField(call), Name::Of(field, _)) => quote!(self.#field.#call),
            (Value::Own(value) | Value::OfField(value), _) => value,
        },
        // A match on a reference would need an arm.
        Names::Enum(variants) if variants.is_empty() => quote!(match *self {}),
        Names::Enum(variants) => {
            let arms = variants.iter().map(|(variant, named)| match (value(named), &named.name) {
                (Value::OfField(call), Name::Of(field, _)) => {
                    quote!(Self::#variant { #field: pilaster_cause } => pilaster_cause.#call)
                }
                (Value::Own(value) | Value::OfField(value), _) => quote!(Self::#variant { .. } => #value),
            });
            quote!(match self { #(#arms,)* })
        }
    }
}

/// Returns the error and a stub implementation, so that the compiler does not also report a missing one.
pub(super) fn failed(input: &DeriveInput, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let implementation = implementation(input, &CratePath::default(), &quote!(::core::unreachable!()), &quote!(false));
    quote! {
        #error

        #implementation
    }
}

fn implementation(
    input: &DeriveInput,
    pilaster: &CratePath,
    name: &TokenStream,
    is_internal: &TokenStream,
) -> TokenStream {
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

            fn is_internal(&self) -> bool {
                #is_internal
            }
        }
    }
}
