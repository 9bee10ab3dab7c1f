//! The options of `#[tool(..)]`.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitBool, LitStr, Path, Result, Token};

use crate::crate_path::CratePath;

/// The accepted options.
pub(super) const FORMS: &str = "the options of `#[tool(..)]`, separated by commas, are
    name = \"weather\"      1 to 128 of `A-Z a-z 0-9 _ . -`; by default the name in snake_case
    title = \"Weather\"     a name for people
    description = \"..\"    in place of the doc comment
    read_only             the tool changes nothing
    idempotent            a second call with the same arguments changes nothing more
    destructive = false   the tool neither overwrites nor deletes anything
    open_world = false    the tool works with a closed set of things
    crate = path          the path of the `pilaster` crate if it is renamed or re-exported";

/// The options of a tool.
#[derive(Default)]
pub(crate) struct Options {
    pub(super) name: Option<LitStr>,
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) read_only: bool,
    pub(super) idempotent: bool,
    pub(super) destructive: Option<LitBool>,
    pub(super) open_world: Option<LitBool>,
    pub(crate) crate_path: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        let mut seen = Vec::new();
        while !input.is_empty() {
            let Ok(name) = input.call(Ident::parse_any) else {
                return Err(input.error(format!("expected the name of an option: {FORMS}")));
            };
            if seen.contains(&name) {
                return Err(Error::new(name.span(), format!("duplicate option `{name}`: remove one")));
            }
            match &*name.to_string() {
                "name" => options.name = Some(text(input)?),
                "title" => options.title = Some(text(input)?),
                "description" => options.description = Some(text(input)?),
                "read_only" => options.read_only = true,
                "idempotent" => options.idempotent = true,
                "destructive" => options.destructive = Some(truth(input)?),
                "open_world" => options.open_world = Some(truth(input)?),
                "crate" => options.crate_path = Some(CratePath::assigned(input)?),
                _ => return Err(Error::new(name.span(), format!("unknown option `{name}`: {FORMS}"))),
            }
            seen.push(name);
            if !input.is_empty() {
                let comma: Result<Token![,]> = input.parse();
                comma.map_err(|error| Error::new(error.span(), format!("expected a comma: {FORMS}")))?;
            }
        }
        Ok(options)
    }
}

/// Parses `= "text"`.
fn text(input: ParseStream<'_>) -> Result<LitStr> {
    let text = input.parse::<Token![=]>().and_then(|_| input.parse());
    text.map_err(|error| Error::new(error.span(), "expected `= \"text\"`"))
}

/// Parses `= true` or `= false`.
fn truth(input: ParseStream<'_>) -> Result<LitBool> {
    let truth = input.parse::<Token![=]>().and_then(|_| input.parse());
    truth.map_err(|error| Error::new(error.span(), "expected `= true` or `= false`"))
}
