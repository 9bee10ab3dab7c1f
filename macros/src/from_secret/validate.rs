//! What fits together: one name, one form, a type that can hold it.

use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Member, Result};

use super::parse::{FORMS, Options};

/// Which secret, and how it becomes the type.
pub(super) struct Plan {
    pub(super) name: Name,
    pub(super) stage: Option<LitStr>,
    pub(super) form: Form,
}

pub(super) enum Name {
    Id(LitStr),
    Env(LitStr),
}

pub(super) enum Form {
    Json,
    /// Into this only field.
    Text(Member),
    /// Into this only field.
    Binary(Member),
}

pub(super) fn valid(input: &DeriveInput, options: Options) -> Result<Plan> {
    if !input.generics.params.is_empty() {
        return Err(Error::new(
            input.generics.span(),
            "a secret is read as one type: `FromSecret` takes no parameters",
        ));
    }
    let name = match (options.id, options.env) {
        (Some(id), None) => Name::Id(id),
        (None, Some(env)) => Name::Env(env),
        (Some(_), Some(env)) => return Err(Error::new(env.span(), "`id` names the secret already; leave one of them")),
        (None, None) => {
            return Err(Error::new(input.ident.span(), format!("which secret it is read from is not said. {FORMS}")));
        }
    };
    let form = match (options.text, options.binary) {
        (None, None) => Form::Json,
        (Some(text), None) => Form::Text(only_field(input).ok_or_else(|| not_one_field(&text, "text"))?),
        (None, Some(binary)) => Form::Binary(only_field(input).ok_or_else(|| not_one_field(&binary, "binary"))?),
        (Some(_), Some(binary)) => return Err(Error::new(binary.span(), "it is `text` already; leave one of them")),
    };
    Ok(Plan { name, stage: options.stage, form })
}

fn not_one_field(option: &syn::Path, name: &str) -> Error {
    let what = if name == "text" { "SecretString" } else { "SecretSlice<u8>" };
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
