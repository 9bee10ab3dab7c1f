//! The options of `#[http(…)]`.

use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitInt, LitStr, Member, Path, Result, Token};

use crate::crate_path::CratePath;

/// The accepted forms, for messages.
const FORMS: &str = "write one of these above each variant, or above a struct:
    #[http(status = 404)]                             the client reads the `Display` text if the status is a 4xx
    #[http(status = 404, detail = \"no such user\")]    the client reads this text
    #[http(transparent)]                              the response is that of the only field, a `ToHttpError`
    #[http(crate = path)]                             above the type: the path of the `pilaster` crate if it is renamed or re-exported";

/// A type with the path of the `pilaster` crate.
pub(super) struct Input {
    pub(super) responses: Responses,
    pub(super) crate_path: CratePath,
}

/// The responses of a type.
pub(super) enum Responses {
    Struct(Response),
    Enum(Vec<(Ident, Response)>),
}

/// The response of a variant or a struct.
pub(super) enum Response {
    Status(LitInt, Option<LitStr>),
    Of(Member),
}

pub(super) fn parse(input: &DeriveInput) -> Result<Input> {
    let (mut path, mut attributes) = (None, Vec::new());
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("http")) {
        match attribute.parse_args_with(crate_path) {
            Ok(found) => path = Some(found),
            Err(_) => attributes.push(attribute),
        }
    }
    Ok(Input { responses: responses(input, &attributes)?, crate_path: CratePath::from(path) })
}

/// Parses `crate = path`.
fn crate_path(input: ParseStream<'_>) -> Result<Path> {
    input.parse::<Token![crate]>()?;
    CratePath::assigned(input)
}

fn responses(input: &DeriveInput, attributes: &[&Attribute]) -> Result<Responses> {
    match &input.data {
        Data::Struct(data) => response(attributes, &input.ident, &data.fields).map(Responses::Struct),
        Data::Enum(data) => {
            if let Some(attribute) = attributes.first() {
                return Err(Error::new(
                    attribute.path().span(),
                    "each variant has its own status: move this above a variant",
                ));
            }
            let mut responses = Vec::new();
            let mut mistakes: Option<Error> = None;
            for variant in &data.variants {
                let attributes = variant.attrs.iter().filter(|attribute| attribute.path().is_ident("http"));
                let attributes = attributes.collect::<Vec<_>>();
                match (response(&attributes, &variant.ident, &variant.fields), &mut mistakes) {
                    (Ok(response), _) => responses.push((variant.ident.clone(), response)),
                    (Err(error), Some(mistakes)) => mistakes.combine(error),
                    (Err(error), None) => mistakes = Some(error),
                }
            }
            mistakes.map_or(Ok(Responses::Enum(responses)), Err)
        }
        Data::Union(data) => Err(Error::new(data.union_token.span(), "a `ToHttpError` must be an enum or a struct")),
    }
}

fn response(attributes: &[&Attribute], ident: &Ident, fields: &Fields) -> Result<Response> {
    let Some(attribute) = attributes.first() else {
        return Err(Error::new(ident.span(), format!("`{ident}` has no status; {FORMS}")));
    };
    if let Some(second) = attributes.get(1) {
        return Err(Error::new(second.path().span(), "the status is set twice: remove one"));
    }
    let (mut status, mut detail, mut transparent) = (None, None, None);
    attribute.parse_nested_meta(|meta| {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "status" => status = Some(meta.value()?.parse::<LitInt>()?),
            "detail" => detail = Some(meta.value()?.parse::<LitStr>()?),
            "transparent" => transparent = Some(meta.path.span()),
            _ => return Err(meta.error(format!("unknown option; {FORMS}"))),
        }
        Ok(())
    })?;
    match (status, transparent) {
        (Some(status), None) => match status.base10_parse::<u16>() {
            Ok(400..=599) => Ok(Response::Status(status, detail)),
            _ => Err(Error::new(status.span(), "the status of an error must be from 400 to 599")),
        },
        (None, Some(span)) => match (fields.len(), fields.members().next()) {
            (1, Some(field)) if detail.is_none() => Ok(Response::Of(field)),
            _ => Err(Error::new(
                span,
                "`transparent` cannot be combined and requires exactly one field, which implements `ToHttpError`",
            )),
        },
        _ => Err(Error::new(
            attribute.path().span(),
            format!("`status` or `transparent` is missing, or both are set; {FORMS}"),
        )),
    }
}
