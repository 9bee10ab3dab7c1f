//! [`assert_openapi`]: the OpenAPI document in the repository is that of the function.

use std::path::Path;

use super::document::assert_current;
use crate::function::IntoService;
use crate::openapi;

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
    assert_current(file, &document.to_json(), "the document of the function", "PILASTER_OPENAPI");
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

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
}
