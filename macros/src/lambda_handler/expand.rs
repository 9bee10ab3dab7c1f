//! The function, `function()` of a type with its name, and `main`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, Expr, FnArg, ReturnType, Signature, Type, parse_quote_spanned};

use super::parse::{Function, Options};
use super::validate::impl_trait;
use crate::crate_path::CratePath;
use crate::deprecation;
use crate::operation::described;

/// Returns the unchanged function, `function()` of a type with its name, and `main`, which runs what that returns.
///
/// The type is imported by a glob, so that a module or a type of the user with the same name takes precedence and is no
/// duplicate; the code itself uses the path of the type. Its `impl` is beside the function, so that the options find
/// the names that are there.
///
/// All names in the code begin with `pilaster_`: a `let` with the name of a constant is a pattern, regardless of its
/// hygiene.
pub(crate) fn expand(options: &Options, function: &Function, item: &TokenStream) -> TokenStream {
    let pilaster = CratePath::from(options.crate_path.clone());
    let cfgs = function.cfgs().collect::<Vec<_>>();
    let handler = local("pilaster_handler");
    let checks = checks(&function.sig, &pilaster, &handler);
    let made = quote!(#pilaster::handler(#pilaster::__private::end(#handler)));
    let made = with_error_type(&function.sig, &pilaster, made);
    let made = options_of_kinds(options, &pilaster, made);
    let (made, built) = match &options.layer {
        Some(layer) => {
            let [start, end] = ends(layer);
            let made = check(&pilaster, "IsLayer", [start, end], quote!(#made, #layer));
            // The span where the compiler reports a layer that does not fit.
            let path = pilaster.at(start);
            (made, quote_spanned!(start=> #path::__private::).into_iter().chain(quote_spanned!(end=> built)).collect())
        }
        None => (made, quote!(#pilaster::__private::built)),
    };
    let made = with_document(options, function, &pilaster, made);
    let made = options.outer.iter().fold(made, |made, outer| {
        let spans = ends(outer);
        check(&pilaster, "IsOuterLayer", spans, quote!(#made, #outer))
    });
    let made = options.warm.iter().flatten().fold(made, |made, warm| {
        let path = pilaster.at(warm.span());
        quote_spanned!(warm.span()=> #path::Function::warm::<#warm>(#made))
    });
    let routes = check_routes(options, &function.sig, &pilaster);
    let at = options.layer.as_ref().map_or_else(Span::call_site, |layer| ends(layer)[1]);
    let made = quote_spanned!(at=> (move || { #routes #made }));
    let module = format_ident!("__pilaster_{}", function.sig.ident.unraw());
    let name = &function.sig.ident;
    let items = type_with(
        function,
        &module,
        quote! {
            /// Returns the function that `main` runs, with all options of `#[lambda_handler]`.
            pub fn function() -> impl #pilaster::IntoService {
                #checks
                #built #made
            }
        },
    );
    quote! {
        #item

        #items

        #(#cfgs)*
        fn main() -> ::core::result::Result<(), #pilaster::StartError> {
            #pilaster::__private::run(#module::#name::function)
        }
    }
}

/// Returns a type with the name of the function, in this module, with associated functions.
fn type_with(function: &Function, module: &Ident, functions: TokenStream) -> TokenStream {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let cfgs = function.cfgs().collect::<Vec<_>>();
    let allow = deprecation::allowed(&function.attrs);
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, unreachable_pub, missing_docs, missing_debug_implementations)]
        mod #module {
            pub enum #name {}
        }

        #(#cfgs)*
        #[doc(hidden)]
        #[allow(unused_imports)]
        #vis use #module::*;

        #(#cfgs)*
        #allow
        #[allow(unreachable_pub)]
        impl #module::#name {
            #functions
        }
    }
}

/// Returns the function with the options of one kind. They are methods of a trait of the kind, which reports that
/// another kind has no such option.
fn options_of_kinds(options: &Options, pilaster: &CratePath, function: TokenStream) -> TokenStream {
    let value = |value: &Option<Expr>| value.as_ref().map(|value| (ends(value), quote!(, #value)));
    let streaming = options.streaming.map(|span| ([span, span], TokenStream::new()));
    let route = options.route.as_ref().map(|route| (ends(route), quote!(, #route)));
    // The batch is set first: it has a concurrency too, and the option takes precedence.
    let options = [
        ("IsHttpFunction", "route", route),
        ("IsHttpFunction", "streaming", streaming),
        ("IsRecordFunction", "batch", value(&options.batch)),
        ("HasConcurrency", "concurrency", value(&options.concurrency)),
        ("HasMargin", "margin", value(&options.margin)),
    ];
    options.into_iter().fold(function, |function, (kind, name, value)| match value {
        Some((spans, value)) => call(pilaster, kind, name, spans, quote!(#function #value)),
        None => function,
    })
}

/// Returns the function with its operation in the OpenAPI document.
fn with_document(options: &Options, function: &Function, pilaster: &CratePath, made: TokenStream) -> TokenStream {
    let (Some((_, documented)), Some(route)) = (&options.openapi, &options.route) else { return made };
    let described = described(documented, function, pilaster);
    quote! {
        #pilaster::__private::with_operation(
            #made,
            [
                ::core::env!("CARGO_PKG_NAME"),
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::env!("CARGO_PKG_DESCRIPTION"),
                ::core::env!("CARGO_PKG_LICENSE"),
            ],
            #route,
            #described,
        )
    }
}

/// Returns a check at start that the route has the parameters of each argument.
fn check_routes(options: &Options, sig: &Signature, pilaster: &CratePath) -> TokenStream {
    let Some(route) = &options.route else { return TokenStream::new() };
    let arguments = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(&input.ty),
        FnArg::Receiver(_) => None,
    });
    quote!(#(#pilaster::__private::type_of::<#arguments>().pilaster_check_route(#route);)*)
}

/// Returns the function with the `errorType` of its errors, if they define one.
fn with_error_type(sig: &Signature, pilaster: &CratePath, function: TokenStream) -> TokenStream {
    match returned(sig) {
        Some(ty) => quote! {{
            use #pilaster::__private::Fallback as _;
            #pilaster::__private::type_of::<#ty>().pilaster_error().pilaster_error_type(#function)
        }},
        None => function,
    }
}

/// Returns the return type, unless it cannot be named.
pub(crate) fn returned(sig: &Signature) -> Option<&Type> {
    match &sig.output {
        ReturnType::Type(_, ty) if impl_trait(ty.to_token_stream()).is_none() => Some(ty),
        _ => None,
    }
}

/// Returns the errors, the function, and a `main` that does nothing.
pub(crate) fn failed(errors: Option<Error>, function: Option<Function>, item: TokenStream) -> TokenStream {
    let errors = errors.map(Error::into_compile_error);
    let cfgs = function.iter().flat_map(Function::cfgs).cloned().collect::<Vec<_>>();
    let item = function.map_or(item, |function| function.without_mistakes().into_token_stream());
    quote! {
        #errors

        #item

        #(#cfgs)*
        fn main() {}
    }
}

/// Returns `let pilaster_handler = ..;`, repeated for each check of a type, at the span of that type. After a failed
/// check the compiler does not know its type, so it reports no second error for the same mistake
/// (`sdk/src/core/check/probe.rs`).
pub(crate) fn checks(sig: &Signature, pilaster: &CratePath, handler: &Ident) -> TokenStream {
    let (name, kind) = (&sig.ident, local("pilaster_kind"));
    let arguments = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(At::new(&input.ty, pilaster, &kind)),
        FnArg::Receiver(_) => None,
    });
    let arguments = arguments.collect::<Vec<_>>();
    let values = (0..arguments.len()).map(|n| local(&format!("pilaster_argument_{n}")));
    let values = values.collect::<Vec<_>>();
    let mut checks = Vec::new();
    // From the last argument on, since it decides the kind of the function.
    for (index, at) in arguments.iter().enumerate().rev() {
        let ty = at.required(&at.ty(), "pilaster_argument_requires");
        checks.push(match index + 1 == arguments.len() {
            true => at.check("IsLastExtractor", ty, handler),
            false => at.check("IsPartsExtractor", at.check("IsExtractor", ty, at.ty()), handler),
        });
    }
    let nothing = parse_quote_spanned!(name.span()=> ());
    let returned = match &sig.output {
        ReturnType::Default => Some(&nothing),
        ReturnType::Type(..) => returned(sig),
    };
    if let Some(ty) = returned {
        let at = At::new(ty, pilaster, &kind);
        checks.push(at.check("IsReturned", at.ty(), handler));
        let value = at.required(&at.method(at.ty(), "pilaster_value"), "pilaster_response_requires");
        checks.push(at.check("IsResponse", value, handler));
        checks.push(at.check("IsError", at.method(at.ty(), "pilaster_error"), handler));
    }
    let path = pilaster.at(name.span());
    let call = quote_spanned! {name.span()=>
        let #handler = #path::__private::begin(|#(#values),*| #path::__private::require_send(#name(#(#values),*)));
    };
    quote! {
        use #pilaster::__private::Fallback as _;
        #call
        #(
            let #kind = #pilaster::__private::kind_of(&#handler);
            let #handler = #checks;
        )*
    }
}

/// Returns a type of the signature as a value, whose contents meet the requirement that this method returns. `within` is
/// a method that returns a part of the type, such as the value of a `Result`.
pub(crate) fn met(ty: &Type, pilaster: &CratePath, within: Option<&str>, requirement: &str) -> TokenStream {
    let kind = local("pilaster_kind");
    let at = At::new(ty, pilaster, &kind);
    let value = within.map_or_else(|| at.ty(), |method| at.method(at.ty(), method));
    at.required(&value, requirement)
}

/// A type of the signature. The code about it spans from its first to its last token, so that the compiler underlines
/// it.
struct At<'a> {
    ty: &'a Type,
    pilaster: &'a CratePath,
    kind: &'a Ident,
    spans: [Span; 2],
}

impl<'a> At<'a> {
    fn new(ty: &'a Type, pilaster: &'a CratePath, kind: &'a Ident) -> Self {
        Self { ty, pilaster, kind, spans: ends(ty) }
    }

    /// Returns the type, as a value.
    fn ty(&self) -> TokenStream {
        let Self { ty, spans: [start, end], .. } = self;
        let path = self.pilaster.at(*start);
        let parens = quote_spanned!(*end=> ());
        quote_spanned!(*start=> #path::__private::type_of::<#ty> #parens)
    }

    /// Returns a method of a value that represents a type.
    fn method(&self, value: TokenStream, method: &str) -> TokenStream {
        let end = self.spans[1];
        let method = Ident::new(method, end);
        let call = quote_spanned!(end=> .#method());
        quote!(#value #call)
    }

    /// Returns the type, if its contents meet the requirement that this method returns.
    fn required(&self, ty: &TokenStream, method: &str) -> TokenStream {
        let requirement = self.method(ty.clone(), method);
        check(self.pilaster, "IsMet", self.spans, quote!(#requirement, #ty))
    }

    /// Returns code that evaluates `then`, if the check holds.
    fn check(&self, name: &str, ty: TokenStream, then: impl ToTokens) -> TokenStream {
        let kind = self.kind;
        check(self.pilaster, name, self.spans, quote!(#kind, #ty, #then))
    }
}

/// Returns a call of a check.
fn check(pilaster: &CratePath, name: &str, spans: [Span; 2], arguments: TokenStream) -> TokenStream {
    call(pilaster, name, "check", spans, arguments)
}

/// Returns a call of a method of a trait. Its path has the span of its arguments, or the compiler would underline both.
fn call(
    pilaster: &CratePath,
    name: &str,
    method: &str,
    [start, end]: [Span; 2],
    arguments: TokenStream,
) -> TokenStream {
    let (path, name, method) = (pilaster.at(start), Ident::new(name, start), Ident::new(method, end));
    let call = quote_spanned!(end=> #method(#arguments));
    quote_spanned!(start=> #path::__private::#name::#call)
}

/// Returns a name in the code of `function()`. With the hygiene of a local variable, the name is the same for tokens of any origin.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Returns the spans of the first and the last token.
fn ends(tokens: impl ToTokens) -> [Span; 2] {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let start = spans.next().unwrap_or_else(Span::call_site);
    [start, spans.last().unwrap_or(start)]
}
