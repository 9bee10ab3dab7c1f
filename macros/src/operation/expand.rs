//! The function, and the route and the description of a type with its name.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{FnArg, ReturnType, parse_quote};

use super::parse::{Content, Documented, Options, Response};
use crate::crate_path::CratePath;
use crate::doc_comment;
use crate::lambda_handler::{Function, checks, local, met, returned};
use crate::own_type::own_type;

/// Returns the unchanged function, and a type with its name, which `http::routes!` adds to the routes.
pub(super) fn expand(options: &Options, function: &Function, item: &TokenStream) -> TokenStream {
    let pilaster = CratePath::from(options.crate_path.clone());
    let (handler, routes) = (local("pilaster_handler"), local("pilaster_routes"));
    let checks = checks(&function.sig, &pilaster, &handler);
    let route = &options.route;
    let described = described(&options.documented, function, &pilaster);
    let items = own_type(
        function,
        quote! {
            #[doc(hidden)]
            pub fn __pilaster_add(#routes: #pilaster::http::Routes) -> #pilaster::http::Routes {
                #checks
                #pilaster::__private::add_route(#routes, #route, #pilaster::__private::end(#handler), #described)
            }
        },
    );
    quote! {
        #item

        #items
    }
}

/// Returns the function that describes the operation.
pub(crate) fn described(documented: &Documented, function: &Function, pilaster: &CratePath) -> TokenStream {
    let operation = &local("pilaster_operation");
    let texts = doc_comment::texts(&function.attrs);
    let doc_comment = (!texts.is_empty()).then(|| quote!(#operation.doc_comment(&[#(#texts),*]);));
    let deprecated = function.attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let deprecated = deprecated.then(|| quote!(#operation.deprecated();));
    let name = function.sig.ident.unraw().to_string();
    let id = documented.id.as_ref().map_or_else(|| quote!(#name), |id| quote!(#id));
    let hidden = documented.is_hidden.then(|| quote!(#operation.hidden();));
    let tags = &documented.tags;
    let security = documented.security.as_ref().map(|security| match security.split_first() {
        None => quote!(#operation.public();),
        Some((scheme, scopes)) => quote!(#operation.security(#scheme, &[#(#scopes),*]);),
    });
    let responses = documented.responses.iter().map(|response| of_response(response, pilaster, operation));
    let arguments = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(&input.ty),
        FnArg::Receiver(_) => None,
    });
    let arguments = arguments.map(|ty| {
        let argument = met(ty, pilaster, None, "pilaster_read_requires");
        quote!(#argument.pilaster_describe_request(#operation);)
    });
    let nothing = parse_quote!(());
    let value = match &function.sig.output {
        ReturnType::Default => Some(&nothing),
        ReturnType::Type(..) => returned(&function.sig),
    };
    let value = value.map_or_else(
        // A type that cannot be named is described by `responses(..)`.
        || quote!(#pilaster::__private::type_of::<#pilaster::__private::Unnamed>()),
        |ty| met(ty, pilaster, Some("pilaster_value"), "pilaster_written_requires"),
    );
    quote! {
        |#operation: &mut #pilaster::openapi::Operation<'_>| {
            use #pilaster::__private::{Fallback as _, Silent as _};
            #operation.id(#id);
            #doc_comment
            #deprecated
            #hidden
            #(#operation.tag(#tags);)*
            #security
            #(#responses)*
            #(#arguments)*
            #value.pilaster_describe_response(#operation);
        }
    }
}

fn of_response(Response { status, content }: &Response, pilaster: &CratePath, operation: &Ident) -> TokenStream {
    let number = status.base10_parse::<u16>().unwrap_or_default();
    let status = number.to_string();
    match content {
        Content::Text(text) if number >= 400 => {
            quote!(#operation.response(#status, #pilaster::openapi::Response::problem_text(#text));)
        }
        Content::Text(text) => quote!(#operation.response(#status, #pilaster::openapi::Response::text(#text));),
        Content::Type(ty) => quote!(#operation.response_of::<#ty>(#status);),
    }
}
