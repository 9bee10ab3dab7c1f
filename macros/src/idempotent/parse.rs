//! The options and the function.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, FnArg, Ident, LitStr, Pat, Path, Result, Signature, Token, Type, Visibility, token};

use crate::crate_path::CratePath;

/// The accepted options.
const FORMS: &str = "`#[idempotent]` takes these options, separated by commas:
    key = \"argument.path\"       the key, by which two calls are the same, such as `key = \"order.id\"` or `key = \"customer, order.id\"`
    payload = \"argument.path\"   the payload, which must not change between calls with the same key
    with = expr                 the settings and the store, such as `with = IDEMPOTENCY`
    invocation = argument       the `Invocation`, whose deadline ends the lock
    prefix = \"name\"             the prefix of the keys
    crate = path                the path of the `pilaster` crate if it is renamed or re-exported, such as `crate = my_sdk::pilaster`";

/// `#[idempotent(key = "order.id", with = IDEMPOTENCY)]`
pub(super) struct Options {
    pub(super) key: LitStr,
    pub(super) payload: Option<LitStr>,
    pub(super) with: Option<Expr>,
    pub(super) invocation: Option<Ident>,
    pub(super) prefix: Option<LitStr>,
    pub(super) crate_path: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut key, mut payload, mut with, mut invocation, mut prefix) = (None, None, None, None, None);
        let mut crate_path = None;
        while !input.is_empty() {
            let Ok(name) = input.call(Ident::parse_any) else {
                return Err(input.error(format!("expected the name of an option. {FORMS}")));
            };
            match name.to_string().as_str() {
                "key" => once(&mut key, &name, assigned(input))?,
                "payload" => once(&mut payload, &name, assigned(input))?,
                "with" => once(&mut with, &name, assigned(input))?,
                "invocation" => once(&mut invocation, &name, assigned(input))?,
                "prefix" => once(&mut prefix, &name, assigned(input))?,
                "crate" => once(&mut crate_path, &name, CratePath::assigned(input))?,
                unknown => return Err(Error::new(name.span(), format!("unknown option `{unknown}`. {FORMS}"))),
            }
            if !input.is_empty() {
                let comma: Result<Token![,]> = input.parse();
                comma.map_err(|error| Error::new(error.span(), format!("expected a comma. {FORMS}")))?;
            }
        }
        let key = key.ok_or_else(|| Error::new(Span::call_site(), format!("`key` is missing. {FORMS}")))?;
        Ok(Self { key, payload, with, invocation, prefix, crate_path })
    }
}

/// Parses `= value`.
fn assigned<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// Stores the value of an option, which may occur once.
fn once<T>(place: &mut Option<T>, name: &Ident, value: Result<T>) -> Result<()> {
    let value = value.map_err(|_| Error::new(name.span(), format!("invalid syntax for `{name}`. {FORMS}")))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), format!("duplicate option `{name}`: remove one"))),
    }
}

/// A free async function, whose body is not parsed.
pub(super) struct Function {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) sig: Signature,
    pub(super) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let head = input.call(Attribute::parse_outer).and_then(|attrs| Ok((attrs, input.parse()?, input.parse()?)));
        let head = head.ok().filter(|_| input.peek(token::Brace));
        let body = input.parse::<TokenStream>()?;
        let Some((attrs, vis, sig)) = head else {
            let text = "`#[idempotent]` goes on an `async fn`, such as `async fn charge(order: Order) -> Result<Receipt, Error> { .. }`";
            return Err(Error::new(Span::call_site(), text));
        };
        Ok(Self { attrs, vis, sig, body })
    }
}

impl Function {
    /// Returns the arguments that have a name.
    fn named(&self) -> impl Iterator<Item = (&Ident, &Type)> {
        self.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(input) => match &*input.pat {
                Pat::Ident(pat) if pat.subpat.is_none() => Some((&pat.ident, &*input.ty)),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Ident> {
        self.named().map(|(name, _)| name)
    }

    pub(super) fn type_of(&self, argument: &Ident) -> Option<&Type> {
        self.named().find(|(name, _)| *name == argument).map(|(_, ty)| ty)
    }
}
