//! Checks that the options can be combined and that the type can hold the value.

use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Member, Path, Result};

use super::Words;
use super::parse::Options;
use crate::crate_path::CratePath;

/// The secret or parameter, and the way the type is read from it.
pub(super) struct Input {
    pub(super) name: Name,
    pub(super) stage: Option<LitStr>,
    pub(super) source: Option<Path>,
    pub(super) decrypt: bool,
    pub(super) form: Form,
    pub(super) crate_path: CratePath,
}

pub(super) enum Name {
    Name(LitStr),
    Env(LitStr),
}

pub(super) enum Form {
    Json,
    /// The text, stored in this only field.
    Text(Member),
    /// The bytes, stored in this only field.
    Binary(Member),
}

pub(super) fn validate(input: &DeriveInput, options: Options, words: &Words) -> Result<Input> {
    let Words { thing, derived, .. } = words;
    if !input.generics.params.is_empty() {
        let message = format!("a type that derives `{derived}` cannot be generic: a {thing} is read as one type");
        return Err(Error::new(input.generics.span(), message));
    }
    let name = match (options.name, options.env) {
        (Some(name), None) => Name::Name(name),
        (None, Some(env)) => Name::Env(env),
        (Some(_), Some(env)) => {
            let message = format!("`{}` and `env` both name the {thing}: remove one", words.name);
            return Err(Error::new(env.span(), message));
        }
        (None, None) => {
            let message = format!("the {thing} is not named. {}", words.forms);
            return Err(Error::new(input.ident.span(), message));
        }
    };
    let [text_field, binary_field] = words.fields;
    let form = match (options.text, options.binary) {
        (None, None) => Form::Json,
        (Some(text), None) => Form::Text(only_field(input).ok_or_else(|| not_one_field(&text, "text", text_field))?),
        (None, Some(binary)) => {
            Form::Binary(only_field(input).ok_or_else(|| not_one_field(&binary, "binary", binary_field))?)
        }
        (Some(_), Some(binary)) => {
            return Err(Error::new(binary.span(), "`text` and `binary` cannot be combined: remove one"));
        }
    };
    let decrypt = options.decrypt.is_some();
    let crate_path = CratePath::from(options.crate_path);
    Ok(Input { name, stage: options.stage, source: options.source, decrypt, form, crate_path })
}

fn not_one_field(option: &Path, name: &str, field: &str) -> Error {
    let text = format!("`{name}` requires a struct with one field, such as `struct Key({field});`");
    Error::new(option.span(), text)
}

fn only_field(input: &DeriveInput) -> Option<Member> {
    let Data::Struct(data) = &input.data else { return None };
    match &data.fields {
        Fields::Unit => None,
        fields if fields.len() == 1 => fields.members().next(),
        _ => None,
    }
}
