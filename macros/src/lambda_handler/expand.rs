//! The function and its `main`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, FnArg, ReturnType, Signature, Type};

use super::parse::{Function, Options};
use super::validate::says_impl;

/// The function as it is, and `main`.
pub(crate) fn expand(options: &Options, function: &Function, item: &TokenStream) -> TokenStream {
    let cfgs = function.cfgs();
    let warm = options.warm.iter().flatten().map(|warm| quote_spanned!(warm.span()=> .warm::<#warm>()));
    let outer = options.outer.iter().map(|outer| quote_spanned!(outer.span()=> .outer(#outer)));
    let route = options.route.iter().map(|route| quote!(.route(#route)));
    let [handler, kind] = ["handler", "kind"].map(|name| Ident::new(name, Span::mixed_site()));
    let checked = checked(&function.sig, &handler, &kind);
    let made = named(&function.sig, of_kind(options, quote!(::pilaster::handler(#handler))));
    let (made, run) = match &options.layer {
        Some(layer) => layered(layer, &made),
        None => (made, quote!(::pilaster::__private::run)),
    };
    let function = quote!(#made #(#warm)* #(#outer)* #(#route)*);
    let function = match options.streaming {
        Some(at) => quote_spanned!(at=> ::pilaster::__private::Streamed::streaming(#function)),
        None => function,
    };
    let at = options.layer.as_ref().map_or_else(Span::call_site, |layer| ends(layer)[1]);
    let function = quote_spanned!(at=> (move || #function));
    quote! {
        #item

        #(#cfgs)*
        fn main() -> ::core::result::Result<(), ::pilaster::StartError> {
            #checked
            #run #function
        }
    }
}

/// The function with the options of one kind: by a trait each, which says so of a function of another kind.
fn of_kind(options: &Options, function: TokenStream) -> TokenStream {
    // The batch first: it has a concurrency too, and the one that is written out counts.
    let options = [
        ("Batched", "batch", &options.batch),
        ("Batched", "concurrency", &options.concurrency),
        ("Timed", "margin", &options.margin),
    ];
    options.into_iter().filter_map(|(kind, name, value)| Some((kind, name, value.as_ref()?))).fold(
        function,
        |function, (kind, name, value)| {
            let [start, end] = ends(value);
            let (kind, name) = (Ident::new(kind, start), Ident::new(name, end));
            let call = quote_spanned!(end=> #name(#function, #value));
            quote_spanned!(start=> ::pilaster::__private::#kind::#call)
        },
    )
}

/// The function that knows the `errorType` of its errors, if they say one.
fn named(sig: &Signature, function: TokenStream) -> TokenStream {
    match &sig.output {
        ReturnType::Type(_, ty) if says_impl(ty.to_token_stream()).is_none() => quote! {{
            use ::pilaster::__private::{NamedError as _, UnnamedError as _};
            (&::pilaster::__private::of::<#ty>().failure()).named(#function)
        }},
        _ => function,
    }
}

/// The function in its layer, and what runs it, which is where rustc says that the two do not fit.
fn layered(layer: &Expr, function: &TokenStream) -> (TokenStream, TokenStream) {
    let [start, end] = ends(layer);
    let call = quote_spanned!(end=> checked(#function, #layer));
    let run = Ident::new("run", end);
    let path = quote_spanned!(start=> ::pilaster::__private::);
    (quote_spanned!(start=> ::pilaster::__private::Layered::#call), quote!(#path #run))
}

/// The errors, the function, and a `main` that does nothing.
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

/// `let handler = ..;`, and again for each check of a type, which points at that type. One that fails makes `handler` unknown
/// to rustc, which then says no second thing about the same mistake (`sdk/src/private.rs`).
fn checked(sig: &Signature, handler: &Ident, kind: &Ident) -> TokenStream {
    let name = &sig.ident;
    let arguments = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(At::new(&input.ty, kind)),
        FnArg::Receiver(_) => None,
    });
    let arguments = arguments.collect::<Vec<_>>();
    let values = (0..arguments.len()).map(|n| Ident::new(&format!("arg{n}"), Span::mixed_site())).collect::<Vec<_>>();
    let mut checks = Vec::new();
    // From the last one on, which says the most about the kind of the function.
    for (index, at) in arguments.iter().enumerate().rev() {
        let mut ty = at.ty();
        for (check, within) in [
            ("Received", "received"),
            ("Validated", "validated"),
            ("Made", "made"),
            ("Secreted", "secreted"),
            ("Configured", "configured"),
        ] {
            ty = at.check(check, at.get(at.ty(), within), ty);
        }
        checks.push(match index + 1 == arguments.len() {
            true => at.check("Argument", ty, handler),
            false => at.check("Part", at.check("Beside", ty, at.ty()), handler),
        });
    }
    match &sig.output {
        // A type without a name cannot be written down again.
        ReturnType::Type(_, ty) if says_impl(ty.to_token_stream()).is_none() => {
            let at = At::new(ty, kind);
            let answer = at.get(at.ty(), "answer");
            let sent = at.check("Sent", at.get(&answer, "sent"), &answer);
            checks.push(at.check("Answer", sent, handler));
            checks.push(at.check("Failure", at.get(at.ty(), "failure"), handler));
        }
        _ => {}
    }
    quote_spanned! {name.span()=>
        use ::pilaster::__private::Within as _;
        let #kind = ::pilaster::__private::kind();
        let #handler = |#(#values),*| ::pilaster::__private::sent(#name(#(#values),*));
        #(let #handler = #checks;)*
    }
}

/// A type of the signature. What is written here spans from its first to its last token, so that rustc underlines it.
struct At<'a> {
    ty: &'a Type,
    kind: &'a Ident,
    start: Span,
    end: Span,
}

impl<'a> At<'a> {
    fn new(ty: &'a Type, kind: &'a Ident) -> Self {
        let [start, end] = ends(ty);
        Self { ty, kind, start, end }
    }

    /// The type, as a value without a value.
    fn ty(&self) -> TokenStream {
        let ty = self.ty;
        let parens = quote_spanned!(self.end=> ());
        quote_spanned!(self.start=> ::pilaster::__private::of::<#ty> #parens)
    }

    /// A type that is part of another.
    fn get(&self, of: impl ToTokens, part: &str) -> TokenStream {
        let part = Ident::new(part, self.end);
        let call = quote_spanned!(self.end=> .#part());
        quote!(#of #call)
    }

    /// `then`, if the check holds.
    fn check(&self, check: &str, of: impl ToTokens, then: impl ToTokens) -> TokenStream {
        let check = Ident::new(check, self.start);
        let kind = self.kind;
        // The path to the called function spans all too, or rustc would point at it besides.
        let call = quote_spanned!(self.end=> checked(&#kind, #of, #then));
        quote_spanned!(self.start=> ::pilaster::__private::#check::#call)
    }
}

/// The first and the last token.
fn ends(tokens: impl ToTokens) -> [Span; 2] {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let start = spans.next().unwrap_or_else(Span::call_site);
    [start, spans.last().unwrap_or(start)]
}
