//! The options of a tool, checked.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, Result};

use super::parse::{FORMS, Options};
use crate::doc_comment;

/// The longest name of a tool.
const LONGEST_NAME: usize = 128;

/// Returns the options of a derived type.
pub(super) fn validate(input: &DeriveInput) -> Result<Options> {
    match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => {}
        _ => {
            let text = "the arguments of a tool are an object, so its input is a struct with named fields; \
                        `struct Ping {}` for none";
            return Err(Error::new(input.ident.span(), text));
        }
    }
    let options = of_attributes(&input.attrs)?;
    check(&options, &input.attrs, &input.ident)?;
    Ok(options)
}

fn of_attributes(attributes: &[Attribute]) -> Result<Options> {
    let mut attributes = attributes.iter().filter(|attribute| attribute.path().is_ident("tool"));
    let Some(attribute) = attributes.next() else { return Ok(Options::default()) };
    if let Some(second) = attributes.next() {
        return Err(Error::new(second.span(), "there is one `#[tool(..)]` above a type: join the two"));
    }
    let Ok(list) = attribute.meta.require_list() else {
        return Err(Error::new(attribute.path().span(), format!("expected options in parentheses: {FORMS}")));
    };
    list.parse_args()
}

/// Checks the name, by default that of the item, and that there is a description.
pub(crate) fn check(options: &Options, attributes: &[Attribute], item: &Ident) -> Result<()> {
    if let Some(literal) = &options.name {
        let name = literal.value();
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_valid) {
            let text = format!("the name of a tool has 1 to {LONGEST_NAME} of `A-Z a-z 0-9 _ . -`");
            return Err(Error::new(literal.span(), text));
        }
    } else if !item.unraw().to_string().is_ascii() {
        let text = "a tool has the name of its item, which has other characters than `A-Z a-z 0-9 _`: write \
                    `#[tool(name = \"..\")]`";
        return Err(Error::new(item.span(), text));
    }
    let is_described = match &options.description {
        Some(description) => !description.value().trim().is_empty(),
        None => !doc_comment::is_known(attributes) || !doc_comment::text(attributes).is_empty(),
    };
    if !is_described {
        let text = "a tool needs a description, by which the model decides to call it: write a doc comment here";
        return Err(Error::new(item.span(), text));
    }
    if let Some(destructive) = options.destructive.as_ref().filter(|d| d.value && options.read_only) {
        return Err(Error::new(destructive.span(), "a tool that is `read_only` cannot be destructive: remove one"));
    }
    Ok(())
}
