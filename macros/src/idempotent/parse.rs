//! The options and the function.

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, Expr, FnArg, Ident, LitStr, Pat, Result, ReturnType, Signature, Token, Type, Visibility, token,
};

/// What may be written in the parentheses.
const FORMS: &str = "`#[idempotent]` takes, separated by commas:
    key = \"argument.path\"       what makes two calls the same, such as `key = \"order.id\"` or `key = \"customer, order.id\"`
    payload = \"argument.path\"   what has to be the same with the same key
    with = expr                 the settings and the store, such as `with = IDEMPOTENCY`
    invocation = argument       the `Invocation` whose end ends the lock
    prefix = \"name\"             what the keys begin with";

/// `#[idempotent(key = "order.id", with = IDEMPOTENCY)]`
pub(super) struct Options {
    pub(super) key: LitStr,
    pub(super) payload: Option<LitStr>,
    pub(super) with: Option<Expr>,
    pub(super) invocation: Option<Ident>,
    pub(super) prefix: Option<LitStr>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut key, mut payload, mut with, mut invocation, mut prefix) = (None, None, None, None, None);
        while !input.is_empty() {
            let Ok(name) = input.parse::<Ident>() else {
                return Err(input.error(format!("no option starts like this. {FORMS}")));
            };
            match name.to_string().as_str() {
                "key" => once(&mut key, &name, input)?,
                "payload" => once(&mut payload, &name, input)?,
                "with" => once(&mut with, &name, input)?,
                "invocation" => once(&mut invocation, &name, input)?,
                "prefix" => once(&mut prefix, &name, input)?,
                unknown => return Err(Error::new(name.span(), format!("there is no option `{unknown}`. {FORMS}"))),
            }
            if !input.is_empty() {
                let comma: Result<Token![,]> = input.parse();
                comma.map_err(|error| Error::new(error.span(), format!("a comma is missing here. {FORMS}")))?;
            }
        }
        let key = key.ok_or_else(|| Error::new(Span::call_site(), format!("there is no key. {FORMS}")))?;
        Ok(Self { key, payload, with, invocation, prefix })
    }
}

/// Keeps the value of an option that is given once.
fn once<T: Parse>(place: &mut Option<T>, name: &Ident, input: ParseStream<'_>) -> Result<()> {
    let value = input.parse::<Token![=]>().and_then(|_| input.parse());
    let value = value.map_err(|_| Error::new(name.span(), format!("`{name}` is not written like this. {FORMS}")))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), format!("`{name}` is given twice; leave one"))),
    }
}

/// A free async function, of whose body nothing needs to be known.
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
        let function = Self { attrs, vis, sig, body };
        function.check()?;
        Ok(function)
    }
}

impl Function {
    fn check(&self) -> Result<()> {
        let sig: &Signature = &self.sig;
        if let Some(receiver) = sig.receiver() {
            let text = "an idempotent function is a free one: for a method, call `Idempotency::run` in its body";
            return Err(Error::new(receiver.self_token.span, text));
        }
        if sig.asyncness.is_none() {
            return Err(Error::new(
                sig.fn_token.span,
                "an idempotent function is an `async fn`: write `async` before `fn`",
            ));
        }
        if matches!(sig.output, ReturnType::Default) {
            let text = "an idempotent function returns a `Result`: its error is also made of an `IdempotencyError`";
            return Err(Error::new(sig.paren_token.span.close(), text));
        }
        Ok(())
    }

    /// The arguments that have a name.
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
