//! The impl.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, Ident};

use super::validate::{Form, Name, Plan};

pub(super) fn expand(ident: &Ident, plan: &Plan) -> TokenStream {
    let id = match (&plan.name, &plan.stage) {
        (Name::Id(id), None) => quote!(::core::result::Result::Ok(secrets::SecretId::new(#id))),
        (Name::Id(id), Some(stage)) => quote!(::core::result::Result::Ok(secrets::SecretId::new(#id).stage(#stage))),
        (Name::Env(variable), stage) => {
            let stage = match stage {
                Some(stage) => quote!(::core::option::Option::Some(#stage)),
                None => quote!(::core::option::Option::None),
            };
            quote! {
                static VARIABLE: secrets::SecretVariable = secrets::SecretVariable::new(#variable, #stage);
                VARIABLE.id()
            }
        }
    };
    // Spanned at the type's name, so that a missing `Deserialize` is reported there.
    let read = match &plan.form {
        Form::Json => quote_spanned!(ident.span()=> secrets::SecretValue::json::<#ident>(value)?),
        Form::Text(field) => quote! {
            #ident { #field: ::core::convert::From::from(::core::clone::Clone::clone(secrets::SecretValue::text(value)?)) }
        },
        Form::Binary(field) => quote! {
            #ident { #field: ::core::convert::From::from(::core::clone::Clone::clone(secrets::SecretValue::binary(value)?)) }
        },
    };
    quote! {
        const _: () = {
            use ::pilaster::config::secrets;

            #[automatically_derived]
            impl secrets::FromSecret for #ident {
                fn secret_id() -> ::core::result::Result<secrets::SecretId, secrets::SecretError> {
                    #id
                }

                fn from_secret(
                    value: &secrets::SecretValue,
                ) -> ::core::result::Result<Self, ::pilaster::BoxError> {
                    ::core::result::Result::Ok(#read)
                }
            }
        };
    }
}

/// The error, and an impl that satisfies whoever asks for one.
pub(super) fn failed(input: &DeriveInput, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #error

        const _: () = {
            use ::pilaster::config::secrets;

            impl #generics secrets::FromSecret for #ident #arguments #bounds {
                fn secret_id() -> ::core::result::Result<secrets::SecretId, secrets::SecretError> {
                    ::core::unreachable!()
                }

                fn from_secret(_: &secrets::SecretValue) -> ::core::result::Result<Self, ::pilaster::BoxError> {
                    ::core::unreachable!()
                }
            }
        };
    }
}
