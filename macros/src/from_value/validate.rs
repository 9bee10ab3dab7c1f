//! What fits together: one name, one form, a type that can hold it.

use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Member, Path, Result};

use super::Words;
use super::parse::Options;

/// Which secret or parameter, and how it becomes the type.
pub(super) struct Plan {
    pub(super) name: Name,
    pub(super) stage: Option<LitStr>,
    pub(super) source: Option<Path>,
    pub(super) decrypt: bool,
    pub(super) form: Form,
}

pub(super) enum Name {
    Name(LitStr),
    Env(LitStr),
}

pub(super) enum Form {
    Json,
    /// Into this only field.
    Text(Member),
    /// Into this only field.
    Binary(Member),
}

pub(super) fn valid(input: &DeriveInput, options: Options, words: &Words) -> Result<Plan> {
    let Words { thing, derived, .. } = words;
    if !input.generics.params.is_empty() {
        let message = format!("a {thing} is read as one type: `{derived}` takes no parameters");
        return Err(Error::new(input.generics.span(), message));
    }
    let name = match (options.name, options.env) {
        (Some(name), None) => Name::Name(name),
        (None, Some(env)) => Name::Env(env),
        (Some(_), Some(env)) => {
            let message = format!("`{}` names the {thing} already; leave one of them", words.name);
            return Err(Error::new(env.span(), message));
        }
        (None, None) => {
            let message = format!("which {thing} it is read from is not said. {}", words.forms);
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
        (Some(_), Some(binary)) => return Err(Error::new(binary.span(), "it is `text` already; leave one of them")),
    };
    let decrypt = options.decrypt.is_some();
    Ok(Plan { name, stage: options.stage, source: options.source, decrypt, form })
}

fn not_one_field(option: &Path, name: &str, what: &str) -> Error {
    let example = format!("`{name}` is for a struct with one field, such as `struct Key({what});`");
    Error::new(option.span(), example)
}

fn only_field(input: &DeriveInput) -> Option<Member> {
    let Data::Struct(data) = &input.data else { return None };
    match &data.fields {
        Fields::Unit => None,
        fields if fields.len() == 1 => fields.members().next(),
        _ => None,
    }
}
