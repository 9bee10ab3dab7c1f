//! [`CsvFormat`]: comma-separated values.

mod rows;

use serde::Serialize;

use self::rows::{Rows, RowsError};
use super::format::{Content, Format};
use crate::core::error::BoxError;

/// `text/csv` with a header line ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)), in UTF-8.
///
/// Return a list of structs, whose field names are the header, or a list of tuples, without a header: each item is a
/// line. A field is a text, a number, a boolean, an `Option` of these, or an enum without data; a list or a map in an
/// item is an error, so that the response is a 500. An empty list is an empty body. Values of other forms are written as
/// the crate [`csv`](https://docs.rs/csv) writes them: a struct alone is one line, each member of a tuple alone is one,
/// and an enum with data is its data.
///
/// A spreadsheet may run a text that begins with `=`, `+`, `-` or `@` as a formula: a function whose texts come from
/// other users should put `'` before such a text
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)).
///
/// # Example
///
/// ```
/// use pilaster::http::negotiation::{CsvFormat, JsonFormat};
/// use pilaster::http::{Method, Negotiate, NegotiationLayer, Stack};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Sale { article: &'static str, sold: u32 }
///
/// async fn report(_: Method) -> Negotiate<Vec<Sale>> {
///     Negotiate(vec![Sale { article: "tea, green", sold: 7 }])
/// }
///
/// let layer = NegotiationLayer::new().format(JsonFormat).format(CsvFormat);
/// # #[cfg(feature = "testing")]
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # use pilaster::testing::{Caller, http::get};
/// let caller = Caller::new(pilaster::handler(report).layer(Stack::new().layer(layer)));
/// let response = caller.send(get("/").header("accept", "text/csv")).await?;
/// assert_eq!(response.text(), "article,sold\r\n\"tea, green\",7\r\n");
/// let response = caller.send(get("/")).await?;
/// assert_eq!(response.text(), r#"[{"article":"tea, green","sold":7}]"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvFormat;

impl Format for CsvFormat {
    fn media_type(&self) -> &'static str {
        "text/csv"
    }

    fn write(&self, value: &Content<'_>) -> Result<Vec<u8>, BoxError> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        match value.serialize(Rows(&mut writer)) {
            Ok(()) => {}
            Err(RowsError::NotAList) => writer.serialize(value)?,
            Err(RowsError::Csv(error)) => return Err(error.into()),
        }
        Ok(writer.into_inner().map_err(|error| error.into_error())?)
    }
}
