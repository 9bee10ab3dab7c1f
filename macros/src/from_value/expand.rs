//! The impl.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, Ident};

use super::Words;
use super::validate::{Form, Name, Plan};

/// The names of the code, as identifiers.
struct Names {
    derived: Ident,
    module: Ident,
    id: Ident,
    id_method: Ident,
    value: Ident,
    error: Ident,
    read_method: Ident,
}

impl Names {
    fn of(words: &Words) -> Self {
        let ident = |name| Ident::new(name, Span::call_site());
        Self {
            derived: ident(words.derived),
            module: ident(words.code.module),
            id: ident(words.code.id),
            id_method: ident(words.code.id_method),
            value: ident(words.code.value),
            error: ident(words.code.error),
            read_method: ident(words.code.read_method),
        }
    }
}

pub(super) fn expand(ident: &Ident, plan: &Plan, words: &Words) -> TokenStream {
    let Names { derived, module, id, id_method, value, error, read_method } = Names::of(words);
    let stage = plan.stage.iter();
    let decrypt = plan.decrypt.then(|| quote!(.decrypt(true)));
    let which = match &plan.name {
        Name::Name(name) => {
            quote!(::core::result::Result::Ok(#module::#id::new(#name) #(.stage(#stage))* #decrypt))
        }
        Name::Env(variable) => {
            let named = quote!(#module::#id::named_by(&VARIABLE, variables));
            let which = match plan.stage.is_none() && decrypt.is_none() {
                true => named,
                false => quote!(::core::result::Result::Ok(#named? #(.stage(#stage))* #decrypt)),
            };
            quote! {
                static VARIABLE: ::pilaster::config::NamedBy = ::pilaster::config::NamedBy::new(#variable);
                #which
            }
        }
    };
    // Spanned at the type's name, so that a missing `Deserialize` is reported there.
    let read = match &plan.form {
        Form::Json => quote_spanned!(ident.span()=> #module::#value::json::<#ident>(value)?),
        Form::Text(field) => quote! {
            #ident { #field: ::core::convert::From::from(#module::#value::text(value)?.to_owned()) }
        },
        Form::Binary(field) => quote! {
            #ident { #field: ::core::convert::From::from(#module::#value::binary(value)?.to_owned()) }
        },
    };
    let source = plan.source.iter().map(|source| {
        quote! {
            async fn parameters(
                clients: &::pilaster::Clients,
            ) -> ::core::result::Result<::pilaster::Parameters, ::pilaster::BoxError> {
                let source = ::pilaster::Clients::get::<#source>(clients).await?;
                ::core::result::Result::Ok(::core::clone::Clone::clone(
                    ::core::convert::AsRef::<::pilaster::Parameters>::as_ref(&source),
                ))
            }
        }
    });
    quote! {
        const _: () = {
            use ::pilaster::config::#module;

            #[automatically_derived]
            impl #module::#derived for #ident {
                fn #id_method(
                    variables: &::pilaster::clients::Variables,
                ) -> ::core::result::Result<#module::#id, #module::#error> {
                    let _ = variables;
                    #which
                }

                fn #read_method(
                    value: &#module::#value,
                ) -> ::core::result::Result<Self, ::pilaster::BoxError> {
                    ::core::result::Result::Ok(#read)
                }

                #(#source)*
            }
        };
    }
}

/// The error, and an impl that satisfies whoever asks for one.
pub(super) fn failed(input: &DeriveInput, mistake: &Error, words: &Words) -> TokenStream {
    let Names { derived, module, id, id_method, value, error, read_method } = Names::of(words);
    let mistake = mistake.to_compile_error();
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #mistake

        const _: () = {
            use ::pilaster::config::#module;

            impl #generics #module::#derived for #ident #arguments #bounds {
                fn #id_method(
                    _: &::pilaster::clients::Variables,
                ) -> ::core::result::Result<#module::#id, #module::#error> {
                    ::core::unreachable!()
                }

                fn #read_method(_: &#module::#value) -> ::core::result::Result<Self, ::pilaster::BoxError> {
                    ::core::unreachable!()
                }
            }
        };
    }
}
