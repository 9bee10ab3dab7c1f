//! The checks of a signature that work without type information.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Signature};

use super::parse::Function;

/// The number of arguments that handlers are implemented for.
const MOST_ARGUMENTS: usize = 8;

/// Returns all mistakes that prevent the function from being a handler, regardless of its types. Each one is reported
/// once.
pub(crate) fn problems(function: &Function) -> Option<Error> {
    let sig = &function.sig;
    let runtime = function.attrs.iter().find(|attr| makes_a_runtime(attr)).map(|attr| {
        let text = "`#[lambda_handler]` adds a `main` with its own runtime: remove this attribute";
        Error::new(attr.path().span(), text)
    });
    let main = (sig.ident == "main").then(|| {
        let text = "`#[lambda_handler]` adds `fn main`: rename the handler, for example to `get_user`";
        Error::new(sig.ident.span(), text)
    });
    all([runtime, main, problems_of_signature(sig)])
}

/// Returns all mistakes of a signature that prevent it from being that of a handler.
pub(crate) fn problems_of_signature(sig: &Signature) -> Option<Error> {
    all([qualifier(sig), generics(sig), arguments(sig)])
}

fn all<const N: usize>(found: [Option<Error>; N]) -> Option<Error> {
    found.into_iter().flatten().reduce(|mut all, next| {
        all.combine(next);
        all
    })
}

/// Returns `true` for `#[tokio::main]` and similar attributes. One above `#[lambda_handler]` is already expanded, and
/// has removed `async`.
pub(crate) fn makes_a_runtime(attr: &Attribute) -> bool {
    let path = attr.path();
    path.segments.len() > 1 && path.segments.last().is_some_and(|segment| segment.ident == "main")
}

fn qualifier(sig: &Signature) -> Option<Error> {
    let problem = |span: Span, text: &str| Some(Error::new(span, text));
    if let Some(unsafety) = &sig.unsafety {
        return problem(unsafety.span(), "a handler cannot be `unsafe`: Lambda calls it");
    }
    if let Some(abi) = &sig.abi {
        return problem(abi.extern_token.span(), "a handler cannot be `extern`");
    }
    if let Some(constness) = &sig.constness {
        return problem(constness.span(), "a handler cannot be `const`: it is an `async fn`");
    }
    if sig.asyncness.is_none() {
        let text =
            "a handler must be an `async fn`: write `async` before `fn`, and remove `#[tokio::main]` if it is above";
        return problem(sig.fn_token.span(), text);
    }
    None
}

fn generics(sig: &Signature) -> Option<Error> {
    let text = "a handler cannot be generic: name the types that Lambda calls it with";
    let unnamed = || sig.inputs.iter().find_map(|input| impl_trait(input.to_token_stream()));
    let at = sig.generics.params.first().map(Spanned::span).or_else(unnamed)?;
    Some(Error::new(at, text))
}

/// Returns the span of the first `impl Trait`.
pub(crate) fn impl_trait(tokens: TokenStream) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => (ident == "impl").then(|| ident.span()),
        TokenTree::Group(group) => impl_trait(group.stream()),
        _ => None,
    })
}

fn arguments(sig: &Signature) -> Option<Error> {
    if let Some(receiver) = sig.receiver() {
        let text =
            "a handler must be a free function: move it out of the `impl`, and take `Client<T>` in place of `self`";
        return Some(Error::new(receiver.self_token.span(), text));
    }
    if sig.inputs.is_empty() {
        let text = "a handler must have an argument, which decides the event source: `_: RequestContext` for an HTTP function that needs \
                    nothing of the request, a record such as `Sqs<T>`, or an event such as `Event<T>`";
        return Some(Error::new(sig.paren_token.span.join(), text));
    }
    let ninth = sig.inputs.iter().nth(MOST_ARGUMENTS)?;
    let text = format!(
        "a handler can have at most {MOST_ARGUMENTS} arguments: combine some in a struct that implements `FromRequestParts`"
    );
    Some(Error::new(ninth.span(), text))
}
