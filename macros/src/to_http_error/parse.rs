//! The options of `#[http(…)]`.

use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitInt, LitStr, Member, Result};

/// The accepted forms, for messages.
const FORMS: &str = "write one of these above each variant, or above a struct:
    #[http(status = 404)]                             the client reads the `Display` text if the status is a 4xx
    #[http(status = 404, detail = \"no such user\")]    the client reads this text
    #[http(transparent)]                              the response is that of the only field, a `ToHttpError`";

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

pub(super) fn responses(input: &DeriveInput) -> Result<Responses> {
    match &input.data {
        Data::Struct(data) => response(&input.attrs, &input.ident, &data.fields).map(Responses::Struct),
        Data::Enum(data) => {
            if let Some(attribute) = input.attrs.iter().find(|attribute| attribute.path().is_ident("http")) {
                return Err(Error::new(
                    attribute.path().span(),
                    "each variant has its own status: write this above a variant",
                ));
            }
            let mut responses = Vec::new();
            let mut mistakes: Option<Error> = None;
            for variant in &data.variants {
                match (response(&variant.attrs, &variant.ident, &variant.fields), &mut mistakes) {
                    (Ok(response), _) => responses.push((variant.ident.clone(), response)),
                    (Err(error), Some(mistakes)) => mistakes.combine(error),
                    (Err(error), None) => mistakes = Some(error),
                }
            }
            mistakes.map_or(Ok(Responses::Enum(responses)), Err)
        }
        Data::Union(data) => Err(Error::new(data.union_token.span(), "a `ToHttpError` is an enum or a struct")),
    }
}

fn response(attributes: &[Attribute], ident: &Ident, fields: &Fields) -> Result<Response> {
    let mut found = attributes.iter().filter(|attribute| attribute.path().is_ident("http"));
    let Some(attribute) = found.next() else {
        return Err(Error::new(ident.span(), format!("`{ident}` has no status; {FORMS}")));
    };
    if let Some(second) = found.next() {
        return Err(Error::new(second.path().span(), "the status is set twice; leave one"));
    }
    let (mut status, mut detail, mut transparent) = (None, None, None);
    attribute.parse_nested_meta(|meta| {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "status" => status = Some(meta.value()?.parse::<LitInt>()?),
            "detail" => detail = Some(meta.value()?.parse::<LitStr>()?),
            "transparent" => transparent = Some(meta.path.span()),
            _ => return Err(meta.error(format!("no such option; {FORMS}"))),
        }
        Ok(())
    })?;
    match (status, transparent) {
        (Some(status), None) => match status.base10_parse::<u16>() {
            Ok(400..=599) => Ok(Response::Status(status, detail)),
            _ => Err(Error::new(status.span(), "the status of an error is from 400 to 599")),
        },
        (None, Some(span)) => match (fields.len(), fields.members().next()) {
            (1, Some(field)) if detail.is_none() => Ok(Response::Of(field)),
            _ => Err(Error::new(span, "`transparent` stands alone and is for one field, which is a `ToHttpError` too")),
        },
        _ => Err(Error::new(
            attribute.path().span(),
            format!("`status` or `transparent` is missing, or both are set; {FORMS}"),
        )),
    }
}
