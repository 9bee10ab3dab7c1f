//! [`XmlFormat`]: elements named as fields.

mod element;

use serde_json::value::RawValue;

use self::element::write;
use super::format::{Content, Format};
use crate::core::error::BoxError;

/// `application/xml` ([XML 1.0](https://www.w3.org/TR/xml/)), in UTF-8: the JSON of the value as elements.
///
/// The root element has the name that you give. A member of an object is an element with its name, in the order of
/// serde; an item of a list is an element `item`. A text, a number and a boolean are the text of their element, and
/// `null` is an empty element. There are no attributes.
///
/// What XML cannot write is an error, so that the response is a 500: a member whose name is not one of an element
/// (letters, digits, `-`, `_` and `.`, and the first is a letter or `_`), and a text with a control character such as
/// `\0`.
///
/// # Example
///
/// ```
/// use pilaster::http::negotiation::{JsonFormat, XmlFormat};
/// use pilaster::http::{Method, Negotiate, NegotiationLayer, Stack};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Sale { article: &'static str, sold: u32 }
///
/// async fn report(_: Method) -> Negotiate<Vec<Sale>> {
///     Negotiate(vec![Sale { article: "tea & cake", sold: 7 }])
/// }
///
/// let layer = NegotiationLayer::new().format(JsonFormat).format(XmlFormat::new("sales"));
/// # #[cfg(feature = "testing")]
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # use pilaster::testing::{Caller, http::get};
/// let caller = Caller::new(pilaster::handler(report).layer(Stack::new().layer(layer)));
/// let response = caller.send(get("/").header("accept", "application/xml")).await?;
/// assert_eq!(
///     response.text(),
///     "<sales><item><article>tea &amp; cake</article><sold>7</sold></item></sales>"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlFormat {
    root: &'static str,
}

impl XmlFormat {
    /// Returns the format whose root element has this name. A name that XML does not allow makes each response in this
    /// format a 500.
    pub const fn new(root: &'static str) -> Self {
        Self { root }
    }
}

impl Format for XmlFormat {
    fn media_type(&self) -> &'static str {
        "application/xml"
    }

    fn write(&self, value: &Content<'_>) -> Result<Vec<u8>, BoxError> {
        let json: Box<RawValue> = RawValue::from_string(serde_json::to_string(value)?)?;
        let mut text = String::with_capacity(json.get().len() * 2);
        write(&mut text, self.root, &json)?;
        Ok(text.into_bytes())
    }
}
