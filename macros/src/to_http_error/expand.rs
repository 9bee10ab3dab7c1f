//! The implementations.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, parse_quote};

use super::parse::{Input, Response, Responses};
use crate::bounds::bounds_with;
use crate::crate_path::CratePath;
use crate::deprecation;

pub(super) fn expand(input: &DeriveInput, valid: &Input) -> TokenStream {
    let pilaster = &valid.crate_path;
    let body = match &valid.responses {
        Responses::Struct(Response::Of(field)) => to_http_error(pilaster, &quote!(&self.#field)),
        Responses::Struct(response) => self::response(pilaster, response),
        // A match on a reference would need an arm.
        Responses::Enum(variants) if variants.is_empty() => quote!(match *self {}),
        Responses::Enum(variants) => {
            let arms = variants.iter().map(|(variant, response)| match response {
                Response::Of(field) => {
                    let response = to_http_error(pilaster, &quote!(pilaster_inner));
                    quote!(Self::#variant { #field: pilaster_inner } => #response)
                }
                response => {
                    let response = self::response(pilaster, response);
                    quote!(Self::#variant { .. } => #response)
                }
            });
            quote!(match self { #(#arms,)* })
        }
    };
    implementations(input, pilaster, &body)
}

/// Returns the error and stub implementations, for code that requires them.
pub(super) fn failed(input: &DeriveInput, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let implementations = implementations(input, &CratePath::default(), &quote!(::core::unreachable!()));
    quote! {
        #error

        #implementations
    }
}

fn to_http_error(pilaster: &CratePath, value: &TokenStream) -> TokenStream {
    quote!(#pilaster::http::ToHttpError::to_http_error(#value))
}

fn response(pilaster: &CratePath, response: &Response) -> TokenStream {
    let Response::Status(status, detail) = response else { return TokenStream::new() };
    let detail = match detail {
        Some(detail) => quote!(#detail),
        None => quote!(::std::string::ToString::to_string(self)),
    };
    quote! {
        #pilaster::http::HttpError::new(
            #pilaster::http::StatusCode::from_u16(#status)
                .unwrap_or(#pilaster::http::StatusCode::INTERNAL_SERVER_ERROR),
            #detail,
        )
    }
}

fn implementations(input: &DeriveInput, pilaster: &CratePath, body: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let allow = deprecation::allowed_of(input);
    let (generics, arguments, _) = input.generics.split_for_impl();
    // The bounds of the error's own implementation of `Error`.
    let bounds = bounds_with(
        input,
        parse_quote!(Self: ::core::error::Error + ::core::marker::Send + ::core::marker::Sync + 'static),
    );
    quote! {
        #[automatically_derived]
        #allow
        impl #generics #pilaster::http::ToHttpError for #ident #arguments #bounds {
            fn to_http_error(&self) -> #pilaster::http::HttpError {
                #body
            }
        }

        #[automatically_derived]
        #allow
        impl #generics #pilaster::http::IntoResponse for #ident #arguments #bounds {
            fn into_response(self) -> #pilaster::http::Response {
                let pilaster_error = #pilaster::http::ToHttpError::to_http_error(&self);
                #pilaster::http::IntoResponse::into_response(pilaster_error.with_source(self))
            }
        }
    }
}
