//! [`Viewer`]: the scripts that show a document.

use std::borrow::Cow;

use super::host;

/// A program that runs in the browser and shows an OpenAPI document: [Swagger UI](https://swagger.io/tools/swagger-ui/)
/// or [Scalar](https://github.com/scalar/scalar). The page links its files by HTTPS, with the hash of each
/// ([SRI](https://www.w3.org/TR/sri-2/)), so that a browser runs no other file.
///
/// # Example
///
/// ```
/// use pilaster::http::openapi_viewer::Viewer;
///
/// let from_a_cdn = Viewer::swagger_ui();
/// // A folder of your own bucket or site, with the same files.
/// let from_your_bucket = Viewer::scalar().assets("https://assets.example.com/scalar/1.76.0");
/// # let _ = (from_a_cdn, from_your_bucket);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a viewer does nothing until it is added to a layer"]
pub struct Viewer {
    pub(super) kind: &'static Kind,
    pub(super) assets: Cow<'static, str>,
    pub(super) script_hash: Cow<'static, str>,
    pub(super) style_hash: Cow<'static, str>,
    mistake: Option<&'static str>,
}

/// What differs between the viewers.
#[derive(Debug)]
pub(super) struct Kind {
    assets: &'static str,
    /// The name of a file, and its hash.
    pub(super) script: (&'static str, &'static str),
    pub(super) style: Option<(&'static str, &'static str)>,
    /// The script in the page, and its hash.
    pub(super) start: (&'static str, &'static str),
    /// The viewer inserts elements of style.
    pub(super) styles_inline: bool,
}

/// swagger-ui-dist 5.35.0: 0.5 MB, compressed.
pub(super) static SWAGGER_UI: Kind = Kind {
    assets: "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0",
    script: ("swagger-ui-bundle.js", "sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9"),
    style: Some(("swagger-ui.css", "sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I")),
    start: (
        concat!(include_str!("swagger_ui.js"), include_str!("start.js")),
        "sha256-IrWXoSVdXW07xpHjh90ufLHwD4p9V8jaUCpPn5qU0vI=",
    ),
    styles_inline: false,
};

/// @scalar/api-reference 1.76.0: 1.4 MB, compressed.
pub(super) static SCALAR: Kind = Kind {
    assets: "https://cdn.jsdelivr.net/npm/@scalar/api-reference@1.76.0/dist/browser",
    script: ("standalone.js", "sha384-oH1C0RwqcwbVXkC+r8A+4qRoyEUQdtxAzOwumkxZtQBBcsy61FOoPt7B50OVJYYQ"),
    style: None,
    start: (
        concat!(include_str!("scalar.js"), include_str!("start.js")),
        "sha256-ivWxD+E/nCVQpbGuwnJ/bS6S/mpWCp3L2ILEJmYXYY4=",
    ),
    styles_inline: true,
};

impl Viewer {
    /// Creates the viewer Swagger UI 5.35.0, whose files are `swagger-ui-bundle.js` and `swagger-ui.css` of the npm
    /// package `swagger-ui-dist`, linked from cdn.jsdelivr.net.
    pub fn swagger_ui() -> Self {
        Self::of(&SWAGGER_UI)
    }

    /// Creates the viewer Scalar 1.76.0, whose file is `dist/browser/standalone.js` of the npm package
    /// `@scalar/api-reference`, linked from cdn.jsdelivr.net. Its fonts, its telemetry and its services of other hosts
    /// are turned off.
    pub fn scalar() -> Self {
        Self::of(&SCALAR)
    }

    fn of(kind: &'static Kind) -> Self {
        let style_hash = kind.style.map_or("", |(_, hash)| hash);
        Self {
            kind,
            assets: kind.assets.into(),
            script_hash: kind.script.1.into(),
            style_hash: style_hash.into(),
            mistake: None,
        }
    }

    /// Links the files from this folder, which has those of the same version: an `https` URL, or a path of the page's
    /// own host. `http` is for this machine. Another host must send `Access-Control-Allow-Origin`.
    pub fn assets(mut self, folder: impl Into<Cow<'static, str>>) -> Self {
        let folder = folder.into();
        if is_folder(&folder) {
            self.assets = folder;
        } else {
            self.mistake = Some(
                "`Viewer`: `assets` takes the `https` URL of a folder, such as `https://assets.example.com/swagger-ui`, \
                 or a path of the page's own host; `http` is for this machine",
            );
        }
        self
    }

    /// Sets the hash of a file, such as `swagger-ui.css`, for another version of the viewer in
    /// [`assets`](Self::assets): the output of `openssl dgst -sha384 -binary FILE | base64`, with `sha384-` before it.
    pub fn integrity(mut self, file: &str, hash: impl Into<Cow<'static, str>>) -> Self {
        let hash = hash.into();
        if !is_hash(&hash) {
            self.mistake = Some("`Viewer`: a hash of `integrity` must be `sha384-` and 64 characters of Base64");
        } else if file == self.kind.script.0 {
            self.script_hash = hash;
        } else if self.kind.style.is_some_and(|(name, _)| file == name) {
            self.style_hash = hash;
        } else {
            self.mistake = Some(
                "`Viewer`: `integrity` takes a file of the viewer: `swagger-ui-bundle.js` or `swagger-ui.css` of Swagger \
                 UI, `standalone.js` of Scalar",
            );
        }
        self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.mistake.map_or(Ok(()), |mistake| Err(mistake.to_owned()))
    }

    /// Returns the URL of a file.
    pub(super) fn url(&self, file: &str) -> String {
        format!("{}/{file}", self.assets.trim_end_matches('/'))
    }

    /// Returns the source of a file in a policy, which has no source for a path.
    pub(super) fn source(&self, file: &str) -> String {
        if self.assets.starts_with('/') { "'self'".to_owned() } else { self.url(file) }
    }
}

/// Returns `true` for a URL or a path of characters that neither HTML nor a policy gives a meaning.
fn is_folder(url: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~/:@%+[]".contains(&c);
    let has_host = host::origin(url).is_some() || (url.starts_with('/') && !url.starts_with("//"));
    has_host && url.bytes().all(is_plain)
}

fn is_hash(hash: &str) -> bool {
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/".contains(&c);
    hash.strip_prefix("sha384-").is_some_and(|hash| hash.len() == 64 && hash.bytes().all(is_base64))
}
