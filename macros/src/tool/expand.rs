//! The function, and `tool()` of a type with its name.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::LitStr;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::validate::{Argument, Arguments};
use crate::crate_path::CratePath;
use crate::lambda_handler::{Function, local, returned};
use crate::own_type::own_type;
use crate::tool_input::{Options, definition};

/// Returns the function, and a type with its name. The input of the tool is a struct within `tool()`, where no name of the
/// user is a duplicate.
pub(super) fn expand(options: &Options, function: &Function, arguments: &Arguments, item: &TokenStream) -> TokenStream {
    let pilaster = CratePath::from(options.crate_path.clone());
    let name = &function.sig.ident;
    let fields = arguments.0.iter().filter_map(|argument| match argument {
        Argument::Plain(name, ty, attributes) => Some(quote!(#(#attributes)* #name: #ty)),
        Argument::Extractor(_) => None,
    });
    let input = local("pilaster_input");
    let (mut extractors, mut values) = (Vec::new(), Vec::new());
    for (at, argument) in arguments.0.iter().enumerate() {
        match argument {
            Argument::Plain(name, ..) => values.push(quote!(#input.#name)),
            Argument::Extractor(ty) => {
                let value = local(&format!("pilaster_argument_{at}"));
                extractors.push(quote!(#value: #ty,));
                values.push(quote!(#value));
            }
        }
    }
    let definition = definition(options, &name.unraw().to_string(), &function.attrs, &pilaster);
    let path = |name: &str| {
        let path = quote!(#pilaster::__private::#name).to_token_stream().to_string().replace(['"', ' '], "");
        LitStr::new(&path, proc_macro2::Span::call_site())
    };
    let (serde, schemars) = (path("serde"), path("schemars"));
    let tool = quote! {
        |#(#extractors)* #pilaster::tools::Input(#input): #pilaster::tools::Input<PilasterInput>| #name(#(#values),*)
    };
    let tools = match returned(&function.sig) {
        Some(ty) => {
            let path = pilaster.at(ty.span());
            let returned = quote_spanned!(ty.span()=> #path::__private::type_of::<#ty>().pilaster_returned());
            let tool = quote_spanned!(ty.span()=> #path::__private::returning(#returned, #tool));
            let tools = quote!(#pilaster::tools::Tools::new().pilaster_add(#tool));
            quote! {{
                use #pilaster::__private::{Fallback as _, Returned as _};
                #pilaster::__private::type_of::<#ty>().pilaster_error().pilaster_tool_error_type(#tools)
            }}
        }
        None => quote!(#pilaster::tools::Tools::new().add(#tool)),
    };
    let items = own_type(
        function,
        quote! {
            /// Returns the tool, which `Tools::add` takes.
            pub fn tool() -> #pilaster::tools::Tools {
                #[derive(#pilaster::__private::serde::Deserialize, #pilaster::__private::schemars::JsonSchema)]
                #[serde(crate = #serde, deny_unknown_fields)]
                #[schemars(crate = #schemars)]
                struct PilasterInput { #(#fields),* }

                impl #pilaster::tools::Tool for PilasterInput {
                    const DEFINITION: #pilaster::tools::Definition = #definition;
                }

                #tools
            }
        },
    );
    quote! {
        #item

        #items
    }
}
