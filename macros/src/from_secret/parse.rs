//! The options of `#[secret(…)]`.

use syn::spanned::Spanned;
use syn::{DeriveInput, Error, LitStr, Path, Result};

/// What may be written in the parentheses.
pub(super) const FORMS: &str = "`#[secret(..)]` takes, separated by commas:
    id = \"name or ARN\"     the secret, or
    env = \"VARIABLE\"       the environment variable that names it
    stage = \"AWSPENDING\"   another version than the current one
    text                   the whole text, for a struct such as `struct ApiKey(SecretString);`
    binary                 the bytes, for a struct such as `struct Key(SecretSlice<u8>);`
without `text` and `binary` the secret is JSON, read by the type's `serde::Deserialize`";

/// `#[secret(id = "…", stage = "…", text)]`, all attributes together.
#[derive(Default)]
pub(super) struct Options {
    pub(super) id: Option<LitStr>,
    pub(super) env: Option<LitStr>,
    pub(super) stage: Option<LitStr>,
    pub(super) text: Option<Path>,
    pub(super) binary: Option<Path>,
}

impl Options {
    pub(super) fn of(input: &DeriveInput) -> Result<Self> {
        let mut options = Self::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("secret")) {
            if attribute.meta.require_list().is_err() {
                return Err(Error::new(attribute.span(), format!("the secret is not named here. {FORMS}")));
            }
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let place = match name.as_str() {
                    "id" => &mut options.id,
                    "env" => &mut options.env,
                    "stage" => &mut options.stage,
                    "text" => return once(&mut options.text, &meta.path, meta.path.clone()),
                    "binary" => return once(&mut options.binary, &meta.path, meta.path.clone()),
                    _ => return Err(meta.error(format!("there is no such option. {FORMS}"))),
                };
                let value = meta.value().and_then(|value| value.parse::<LitStr>());
                let value =
                    value.map_err(|_| meta.error(format!("`{name}` wants a string: `{name} = \"…\"`. {FORMS}")))?;
                if value.value().trim().is_empty() {
                    return Err(Error::new(value.span(), format!("`{name}` is empty")));
                }
                once(place, &meta.path, value)
            })?;
        }
        Ok(options)
    }
}

/// Keeps the value of an option that is given once.
fn once<T>(place: &mut Option<T>, name: &Path, value: T) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), "this option is given twice; leave one")),
    }
}
