//! The implementation of the trait.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, Ident};

use super::Words;
use super::validate::{Form, Input, Name};
use crate::crate_path::CratePath;
use crate::deprecation;

/// The paths and names in the generated code.
struct Names {
    derived: TokenStream,
    id: TokenStream,
    id_method: Ident,
    value: TokenStream,
    error: TokenStream,
    read_method: Ident,
}

impl Names {
    fn of(words: &Words, pilaster: &CratePath) -> Self {
        let ident = |name| Ident::new(name, Span::call_site());
        let module = ident(words.code.module);
        let path = |name| {
            let name = ident(name);
            quote!(#pilaster::config::#module::#name)
        };
        Self {
            derived: path(words.derived),
            id: path(words.code.id),
            id_method: ident(words.code.id_method),
            value: path(words.code.value),
            error: path(words.code.error),
            read_method: ident(words.code.read_method),
        }
    }
}

/// Expands the derive. All names begin with `pilaster_`: a parameter with the name of a constant is a pattern,
/// regardless of its hygiene.
pub(super) fn expand(input: &DeriveInput, valid: &Input, words: &Words) -> TokenStream {
    let pilaster = &valid.crate_path;
    let Names { derived, id, id_method, value, error, read_method } = Names::of(words, pilaster);
    let ident = &input.ident;
    let allow = deprecation::allowed_of(input);
    let stage = valid.stage.iter();
    let decrypt = valid.decrypt.then(|| quote!(.decrypt(true)));
    let which = match &valid.name {
        Name::Name(name) => quote!(::core::result::Result::Ok(#id::new(#name) #(.stage(#stage))* #decrypt)),
        Name::Env(name) => {
            let found = match valid.stage.is_none() && decrypt.is_none() {
                true => quote!(#id::named_by(&PILASTER_VARIABLE, pilaster_variables)),
                false => {
                    quote!(::core::result::Result::Ok(#id::named_by(&PILASTER_VARIABLE, pilaster_variables)? #(.stage(#stage))* #decrypt))
                }
            };
            quote! {
                static PILASTER_VARIABLE: #pilaster::config::NamedBy = #pilaster::config::NamedBy::new(#name);
                #found
            }
        }
    };
    // Spanned at the name of the type, where the compiler then reports a missing `Deserialize`.
    let read = match &valid.form {
        Form::Json => quote_spanned!(ident.span()=> #value::json::<#ident>(pilaster_value)?),
        Form::Text(field) => quote! {
            #ident { #field: ::core::convert::From::from(#value::text(pilaster_value)?.to_owned()) }
        },
        Form::Binary(field) => quote! {
            #ident { #field: ::core::convert::From::from(#value::binary(pilaster_value)?.to_owned()) }
        },
    };
    let source = valid.source.iter().map(|source| {
        quote! {
            async fn parameters(
                pilaster_clients: &#pilaster::Clients,
            ) -> ::core::result::Result<#pilaster::Parameters, #pilaster::BoxError> {
                let pilaster_source = #pilaster::Clients::get::<#source>(pilaster_clients).await?;
                ::core::result::Result::Ok(::core::clone::Clone::clone(
                    ::core::convert::AsRef::<#pilaster::Parameters>::as_ref(&pilaster_source),
                ))
            }
        }
    });
    quote! {
        #[automatically_derived]
        #allow
        impl #derived for #ident {
            fn #id_method(
                pilaster_variables: &#pilaster::clients::Variables,
            ) -> ::core::result::Result<#id, #error> {
                let _ = pilaster_variables;
                #which
            }

            fn #read_method(pilaster_value: &#value) -> ::core::result::Result<Self, #pilaster::BoxError> {
                ::core::result::Result::Ok(#read)
            }

            #(#source)*
        }
    }
}

/// Returns the error and a stub implementation, so that the compiler does not also report a missing one.
pub(super) fn failed(input: &DeriveInput, mistake: &Error, words: &Words) -> TokenStream {
    let pilaster = CratePath::default();
    let Names { derived, id, id_method, value, error, read_method } = Names::of(words, &pilaster);
    let mistake = mistake.to_compile_error();
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #mistake

        impl #generics #derived for #ident #arguments #bounds {
            fn #id_method(_: &#pilaster::clients::Variables) -> ::core::result::Result<#id, #error> {
                ::core::unreachable!()
            }

            fn #read_method(_: &#value) -> ::core::result::Result<Self, #pilaster::BoxError> {
                ::core::unreachable!()
            }
        }
    }
}
