//! The arguments of the function: plain ones, which the model sends, and extractors.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, Ident, Pat, PathArguments, Result, Signature, Type, TypePath};

use crate::lambda_handler::{Function, impl_trait};

/// The arguments in their order.
pub(super) struct Arguments(pub(super) Vec<Argument>);

pub(super) enum Argument {
    /// An argument that the model sends, with its doc comment and the attributes of its field.
    Plain(Ident, Type, Vec<Attribute>),
    /// `Client(db): Client<Db>`, or any argument under `#[extract]`.
    Extractor(Type),
}

impl Arguments {
    pub(super) fn of(function: &Function) -> Result<Self> {
        check(&function.sig)?;
        function.sig.inputs.iter().map(argument).collect::<Result<_>>().map(Self)
    }

    /// Returns the function without the attributes of its arguments, which the compiler does not accept.
    pub(super) fn without_attributes(function: &Function) -> TokenStream {
        let mut function = function.clone();
        for input in &mut function.sig.inputs {
            if let FnArg::Typed(input) = input {
                input.attrs.retain(|attr| !is_own(attr));
            }
        }
        function.into_token_stream()
    }
}

/// Checks what is not an argument.
fn check(sig: &Signature) -> Result<()> {
    let qualifier = sig.unsafety.as_ref().map(Spanned::span).or_else(|| sig.abi.as_ref().map(Spanned::span));
    if let Some(span) = qualifier.or_else(|| sig.constness.as_ref().map(Spanned::span)) {
        return Err(Error::new(span, "a tool cannot be `unsafe`, `extern` or `const`: it is an `async fn`"));
    }
    if sig.asyncness.is_none() {
        return Err(Error::new(sig.fn_token.span(), "a tool must be an `async fn`: write `async` before `fn`"));
    }
    let unnamed = || sig.inputs.iter().find_map(|input| impl_trait(input.to_token_stream()));
    match sig.generics.params.first().map(Spanned::span).or_else(unnamed) {
        Some(span) => {
            Err(Error::new(span, "a tool cannot be generic: its arguments have the types that a model sends"))
        }
        None => Ok(()),
    }
}

/// Returns the span of the first `&` in a type.
fn reference(tokens: TokenStream) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Punct(punct) => (punct.as_char() == '&').then(|| punct.span()),
        TokenTree::Group(group) => reference(group.stream()),
        _ => None,
    })
}

/// Returns the name of a type that is one of Pilaster's extractors, as far as its path shows.
fn extractor(ty: &Type) -> Option<&Ident> {
    let Type::Path(TypePath { qself: None, path }) = ty else { return None };
    let is_of_pilaster =
        path.segments.len() == 1 || path.segments.first().is_some_and(|first| first.ident == "pilaster");
    let last = path.segments.last().filter(|_| is_of_pilaster)?;
    let names: &[&str] = match last.arguments {
        PathArguments::None => &["Caller", "Session", "Invocation", "Metrics"],
        _ => &["Client", "Secret", "Parameter"],
    };
    names.iter().any(|name| last.ident == name).then_some(&last.ident)
}

fn is_own(attr: &Attribute) -> bool {
    ["doc", "serde", "schemars", "extract"].iter().any(|name| attr.path().is_ident(name))
}

fn argument(input: &FnArg) -> Result<Argument> {
    let FnArg::Typed(input) = input else {
        let text = "a tool must be a free function: move it out of the `impl`, and take `Client(db): Client<Db>` in place of `self`";
        return Err(Error::new(input.span(), text));
    };
    let condition = input.attrs.iter().find(|attr| ["cfg", "cfg_attr"].iter().any(|name| attr.path().is_ident(name)));
    if let Some(condition) = condition {
        let text =
            "an argument of a tool cannot have a condition: write a function for each case, and the condition above it";
        return Err(Error::new(condition.span(), text));
    }
    let is_extracted = input.attrs.iter().any(|attr| attr.path().is_ident("extract"));
    match &*input.pat {
        Pat::Ident(name) if !is_extracted => {
            if let Some(span) = reference(input.ty.to_token_stream()) {
                return Err(Error::new(
                    span,
                    "the arguments of a tool own their values: take a `String` or a `Vec<T>`",
                ));
            }
            if let Some(known) = extractor(&input.ty) {
                let text = format!(
                    "`{known}` is not sent by the model: write `#[extract]` before it; if it is a type of your own, write its \
                     path, such as `self::{known}`"
                );
                return Err(Error::new(input.ty.span(), text));
            }
            let attributes = input.attrs.iter().filter(|attr| is_own(attr)).cloned().collect();
            Ok(Argument::Plain(name.ident.clone(), (*input.ty).clone(), attributes))
        }
        _ => Ok(Argument::Extractor((*input.ty).clone())),
    }
}
