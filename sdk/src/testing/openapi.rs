//! [`assert_openapi`]: the OpenAPI document in the repository is that of the function.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use crate::function::IntoService;
use crate::openapi;

/// The most differing lines that a failure shows.
const SHOWN: usize = 20;

/// Checks that a file is the OpenAPI document of a function. Cargo runs a test in the folder of its package, so
/// `openapi.json` is beside `Cargo.toml`. With `PILASTER_OPENAPI=overwrite` in the environment, it writes the file.
///
/// # Example
///
/// ```no_run
/// # use pilaster::http::{self, Method};
/// # /// Returns nothing.
/// # #[http::operation(route = "GET /")]
/// # async fn nothing(_: Method) {}
/// # fn service() -> impl pilaster::IntoService { http::service(http::routes![nothing]) }
/// #[test]
/// # fn shown() {}
/// fn the_document_is_current() {
///     pilaster::testing::assert_openapi("openapi.json", service());
/// }
/// # the_document_is_current();
/// ```
///
/// # Panics
///
/// The file is missing or differs, or the document has a [fault](openapi::Faults).
#[track_caller]
pub fn assert_openapi(file: impl AsRef<Path>, function: impl IntoService) {
    let file = file.as_ref();
    let document = openapi::of(&function).unwrap_or_else(|faults| panic!("the document has faults:\n{faults}"));
    let document = document.to_json();
    let name = file.display();
    if env::var("PILASTER_OPENAPI").is_ok_and(|value| value == "overwrite") {
        return fs::write(file, document).unwrap_or_else(|error| panic!("`{name}` cannot be written: {error}"));
    }
    let found = fs::read_to_string(file).unwrap_or_else(|error| {
        panic!("`{name}` cannot be read ({error}): run the test once with `PILASTER_OPENAPI=overwrite`")
    });
    // An editor or git may have changed the ends of lines.
    if !found.lines().eq(document.lines()) {
        let difference = difference(&found, &document);
        panic!(
            "`{name}` is not the document of the function: run the test with `PILASTER_OPENAPI=overwrite`\n{difference}"
        );
    }
}

/// Returns the lines between those that are equal at the beginning and at the end.
fn difference(old: &str, new: &str) -> String {
    let (old, new) = (old.lines().collect::<Vec<_>>(), new.lines().collect::<Vec<_>>());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(old, new)| old == new).count();
    let mut text = format!("from line {}:\n", start + 1);
    for (sign, lines) in [('-', &old[start..old.len() - end]), ('+', &new[start..new.len() - end])] {
        for line in lines.iter().take(SHOWN) {
            let _ = writeln!(text, "{sign} {line}");
        }
        if let Some(more) = lines.len().checked_sub(SHOWN + 1) {
            let _ = writeln!(text, "{sign} and {} more lines", more + 1);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{self, Method, NoContent};

    #[http::operation(crate = crate, route = "GET /")]
    async fn nothing(_: Method) -> NoContent {
        NoContent
    }

    fn service() -> impl IntoService {
        http::service(http::routes![nothing])
    }

    fn failure(file: &Path) -> String {
        let failed = std::panic::catch_unwind(|| assert_openapi(file, service())).unwrap_err();
        failed.downcast_ref::<String>().unwrap().clone()
    }

    #[test]
    fn a_file_that_is_missing_or_differs_is_named_with_the_difference() {
        let folder = env::temp_dir().join(format!("pilaster-openapi-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("openapi.json");
        let missing = failure(&file);
        assert!(missing.contains("cannot be read") && missing.contains("PILASTER_OPENAPI=overwrite"), "{missing}");
        let document = openapi::of(&service()).unwrap().to_json();
        fs::write(&file, document.replace("204", "205")).unwrap();
        let differs = failure(&file);
        assert!(differs.contains("-           \"205\": {") && differs.contains("+           \"204\": {"), "{differs}");
        fs::write(&file, document.replace('\n', "\r\n")).unwrap();
        assert_openapi(&file, service());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_difference_shows_the_lines_that_differ() {
        assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), "from line 2:\n- b\n+ x\n+ y\n");
        assert_eq!(difference("a", "a\nb"), "from line 2:\n+ b\n");
        assert_eq!(difference("a\na", "a"), "from line 2:\n- a\n");
        let many = (0..30).map(|n| format!("{n}\n")).collect::<String>();
        assert!(difference("", &many).ends_with("+ 19\n+ and 10 more lines\n"));
    }
}
