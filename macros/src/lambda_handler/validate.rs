//! What can be said of a function by its signature alone.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Signature};

use super::parse::Function;

/// As many as `HttpHandler` is implemented for.
const MOST_ARGUMENTS: usize = 8;

/// All that keeps the function from being a handler, whatever its types are. Each mistake is told once.
pub(crate) fn problems(function: &Function) -> Option<Error> {
    let sig = &function.sig;
    let runtime = function.attrs.iter().find(|attr| makes_a_runtime(attr)).map(|attr| {
        let text = "`#[lambda_handler]` adds a `main` with a runtime of its own: remove this attribute";
        Error::new(attr.path().span(), text)
    });
    let main = (sig.ident == "main").then(|| {
        let text = "`#[lambda_handler]` adds `fn main`: give the handler a name of its own, such as `get_user`";
        Error::new(sig.ident.span(), text)
    });
    let found = [runtime, main, qualifier(sig), generics(sig), arguments(sig)];
    found.into_iter().flatten().reduce(|mut all, next| {
        all.combine(next);
        all
    })
}

/// `#[tokio::main]` and its like. One that stands above `#[lambda_handler]` has done its work already: it took `async` away.
pub(crate) fn makes_a_runtime(attr: &Attribute) -> bool {
    let path = attr.path();
    path.segments.len() > 1 && path.segments.last().is_some_and(|segment| segment.ident == "main")
}

fn qualifier(sig: &Signature) -> Option<Error> {
    let problem = |span: Span, text: &str| Some(Error::new(span, text));
    if let Some(unsafety) = &sig.unsafety {
        return problem(unsafety.span(), "a handler is called by Lambda, not by you: it cannot be `unsafe`");
    }
    if let Some(abi) = &sig.abi {
        return problem(abi.extern_token.span(), "a handler is an `async fn` of Rust: it cannot be `extern`");
    }
    if let Some(constness) = &sig.constness {
        return problem(constness.span(), "a handler is an `async fn`: it cannot be `const`");
    }
    if sig.asyncness.is_none() {
        let text =
            "a handler is an `async fn`: write `async` before `fn`, and no `#[tokio::main]` or the like above it";
        return problem(sig.fn_token.span(), text);
    }
    None
}

fn generics(sig: &Signature) -> Option<Error> {
    let text = "a handler has no generic parameters: Lambda calls it with one set of types, so name them";
    let unnamed = || sig.inputs.iter().find_map(|input| says_impl(input.to_token_stream()));
    let at = sig.generics.params.first().map(Spanned::span).or_else(unnamed)?;
    Some(Error::new(at, text))
}

/// Where a type without a name is asked for.
pub(crate) fn says_impl(tokens: TokenStream) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => (ident == "impl").then(|| ident.span()),
        TokenTree::Group(group) => says_impl(group.stream()),
        _ => None,
    })
}

fn arguments(sig: &Signature) -> Option<Error> {
    if let Some(receiver) = sig.receiver() {
        let text = "a handler is a free function: without `self`, and outside of `impl`; what it needs arrives as arguments, such \
                    as `Client<T>`";
        return Some(Error::new(receiver.self_token.span(), text));
    }
    if sig.inputs.is_empty() {
        let text = "a handler has at least one argument, since the arguments choose the event source: an HTTP function takes \
                    extractors, such as `Json<T>`, `Path<T>`, `Query<T>` or `HeaderMap`; if it needs nothing of the request, \
                    `_: RequestContext`; a function of records takes one, such as `Sqs<T>` or `S3Object`; a function of events takes \
                    `Event<T>`";
        return Some(Error::new(sig.paren_token.span.join(), text));
    }
    let ninth = sig.inputs.iter().nth(MOST_ARGUMENTS)?;
    let text = format!(
        "a handler has at most {MOST_ARGUMENTS} arguments: put several in a struct that implements `FromRequestParts`"
    );
    Some(Error::new(ninth.span(), text))
}
