//! The arguments of the function: plain ones, which the model sends, and extractors.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, Ident, Pat, Result, Type};

use crate::lambda_handler::{Function, problems_besides_arguments};

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
        if let Some(problems) = problems_besides_arguments(&function.sig) {
            return Err(problems);
        }
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

fn is_own(attr: &Attribute) -> bool {
    ["doc", "serde", "schemars", "extract"].iter().any(|name| attr.path().is_ident(name))
}

fn argument(input: &FnArg) -> Result<Argument> {
    let FnArg::Typed(input) = input else {
        return Err(Error::new(input.span(), "a tool is a function, not a method: remove `self`"));
    };
    let is_extracted = input.attrs.iter().any(|attr| attr.path().is_ident("extract"));
    match &*input.pat {
        Pat::Ident(name) if !is_extracted => {
            if let Type::Reference(reference) = &*input.ty {
                let text = "the arguments of a tool own their values: take a `String` or a `Vec<T>`";
                return Err(Error::new(reference.span(), text));
            }
            let attributes = input.attrs.iter().filter(|attr| is_own(attr)).cloned().collect();
            Ok(Argument::Plain(name.ident.clone(), (*input.ty).clone(), attributes))
        }
        _ => Ok(Argument::Extractor((*input.ty).clone())),
    }
}
