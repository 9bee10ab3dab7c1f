//! [`XmlFormat`]: elements named as types and fields.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::format::{Content, Format};
use crate::core::error::BoxError;

/// `application/xml` ([XML 1.0](https://www.w3.org/TR/xml/)), in UTF-8.
///
/// The root element has the name that you give. A struct in it is an element named as the type, with an element for each
/// field; a list is an element for each item. serde's `rename` changes a name, and a field renamed to `@id` is an
/// attribute: the rules are those of the crate
/// [`quick-xml`](https://docs.rs/quick-xml/0.42/quick_xml/se/index.html). `None` is an empty element.
///
/// A value that XML can not write is an error, so that the response is a 500: a map whose key is not a name of an
/// element, a list of lists, or a text with a control character such as `\0`.
///
/// # Example
///
/// ```
/// use pilaster::http::negotiation::{JsonFormat, XmlFormat};
/// use pilaster::http::{Method, Negotiate, NegotiationLayer, Stack};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// #[serde(rename = "sale")]
/// struct Sale { #[serde(rename = "@id")] id: u32, article: &'static str }
///
/// async fn report(_: Method) -> Negotiate<Vec<Sale>> {
///     Negotiate(vec![Sale { id: 7, article: "tea & cake" }])
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
///     r#"<sales><sale id="7"><article>tea &amp; cake</article></sale></sales>"#
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
        if self.root.is_empty() {
            return Err("the root element of an XML document needs a name".into());
        }
        let mut text = String::new();
        Root { value }.serialize(quick_xml::se::Serializer::with_root(&mut text, Some(self.root))?)?;
        if text.contains(is_forbidden) {
            return Err("a text of the value holds a character that XML 1.0 does not allow".into());
        }
        Ok(text.into_bytes())
    }
}

/// Returns whether XML 1.0 forbids the character, also as a reference ([2.2](https://www.w3.org/TR/xml/#charsets)).
fn is_forbidden(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// The root element. `$value` is quick-xml's name for content without an element of its own.
struct Root<'v> {
    value: &'v Content<'v>,
}

impl Serialize for Root<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut root = serializer.serialize_struct("Root", 1)?;
        root.serialize_field("$value", self.value)?;
        root.end()
    }
}
