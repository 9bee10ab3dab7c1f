//! The options of `#[secret(…)]` and `#[parameter(…)]`.

use syn::spanned::Spanned;
use syn::{DeriveInput, Error, LitStr, Path, Result};

use super::Words;

/// `#[secret(id = "…", stage = "…", text)]`, `#[parameter(name = "…", decrypt)]`, merged from all attributes.
#[derive(Default)]
pub(super) struct Options {
    pub(super) name: Option<LitStr>,
    pub(super) env: Option<LitStr>,
    pub(super) stage: Option<LitStr>,
    pub(super) source: Option<Path>,
    pub(super) decrypt: Option<Path>,
    pub(super) text: Option<Path>,
    pub(super) binary: Option<Path>,
    pub(super) crate_path: Option<Path>,
}

impl Options {
    pub(super) fn of(input: &DeriveInput, words: &Words) -> Result<Self> {
        let Words { thing, forms, .. } = words;
        let mut options = Self::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident(thing)) {
            if attribute.meta.require_list().is_err() {
                return Err(Error::new(attribute.span(), format!("the {thing} is not named. {forms}")));
            }
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let path = || meta.path.clone();
                let place = match name.as_str() {
                    name if name == words.name => &mut options.name,
                    "env" => &mut options.env,
                    "text" => return once(&mut options.text, &meta.path, path()),
                    "binary" => return once(&mut options.binary, &meta.path, path()),
                    "crate" => {
                        let path = meta.value().and_then(|value| value.call(Path::parse_mod_style));
                        let expected =
                            |_| meta.error(format!("`crate` must be a path: `crate = my_sdk::pilaster`. {forms}"));
                        return once(&mut options.crate_path, &meta.path, path.map_err(expected)?);
                    }
                    own if !words.options.contains(&own) => {
                        return Err(meta.error(format!("unknown option. {forms}")));
                    }
                    "decrypt" => return once(&mut options.decrypt, &meta.path, path()),
                    "source" => {
                        let source = meta.value().and_then(|value| value.parse::<Path>());
                        let expected = |_| meta.error(format!("`source` must be a type: `source = Settings`. {forms}"));
                        return once(&mut options.source, &meta.path, source.map_err(expected)?);
                    }
                    _ => &mut options.stage,
                };
                let value = meta.value().and_then(|value| value.parse::<LitStr>());
                let value =
                    value.map_err(|_| meta.error(format!("`{name}` must be a string: `{name} = \"…\"`. {forms}")))?;
                if value.value().trim().is_empty() {
                    return Err(Error::new(value.span(), format!("`{name}` must not be empty")));
                }
                once(place, &meta.path, value)
            })?;
        }
        Ok(options)
    }
}

/// Stores the value of an option, which may occur once.
fn once<T>(place: &mut Option<T>, name: &Path, value: T) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), "duplicate option: remove one")),
    }
}
