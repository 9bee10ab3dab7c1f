//! The file name in `Content-Disposition`, including the spellings that multer does not support.

use std::borrow::Cow;

use axum::extract::multipart::Field;
use http::{HeaderMap, header};

use crate::http::header_list::split;

/// The headers of a part that describe a file.
#[derive(Debug)]
pub(super) struct Disposition {
    /// The part has a file name in some form, or its own media type, which browsers only send for files.
    pub(super) is_file: bool,
    /// The file name that multer does not find: `FileName="a"`, or one after `filename*`.
    pub(super) file_name: Option<String>,
}

impl Disposition {
    pub(super) fn of(field: &Field<'_>) -> Self {
        if field.file_name().is_some() {
            return Self { is_file: true, file_name: None };
        }
        let headers = field.headers();
        let (is_named, file_name) = read(headers);
        Self { is_file: is_named || headers.contains_key(header::CONTENT_TYPE), file_name }
    }
}

/// Returns `true` if a parameter such as `filename` or `filename*` exists, and the value of `filename`.
fn read(headers: &HeaderMap) -> (bool, Option<String>) {
    let text = headers.get(header::CONTENT_DISPOSITION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let text = text.unwrap_or(Cow::Borrowed(""));
    let (mut is_named, mut file_name) = (false, None);
    for parameter in split(&text, b';') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = name.trim();
        if name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("filename")) {
            is_named = true;
            if name.len() == 8 && file_name.is_none() {
                file_name = Some(unquoted(value.trim()));
            }
        }
    }
    (is_named, file_name)
}

/// Returns the value of a quoted string. A backslash before anything but a quote is literal, as browsers send it.
fn unquoted(value: &str) -> String {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').unwrap_or(rest).replace("\\\"", "\""),
        None => value.to_owned(),
    }
}
