//! [`Page`]: the HTML text of a viewer, and its policy.

use super::document::Document;
use super::path::relative;
use super::viewer::Viewer;

/// What a page is made of. Nothing of it comes from a request.
pub(super) struct Page<'a> {
    pub(super) path: &'a str,
    pub(super) document_path: &'a str,
    pub(super) viewer: &'a Viewer,
    pub(super) document: &'a Document,
}

impl Page<'_> {
    /// Returns the HTML text. Its links are relative, so that they are right behind a stage, a base path and a custom
    /// domain.
    pub(super) fn html(&self) -> String {
        let kind = self.viewer.kind;
        let title = escaped(&self.document.title);
        let document = escaped(&relative(self.path, self.document_path));
        let root = escaped(&relative(self.path, "/"));
        let style = kind.style.map_or_else(String::new, |(file, _)| {
            let (url, hash) = (escaped(&self.viewer.url(file)), &self.viewer.style_hash);
            format!("<link rel=\"stylesheet\" href=\"{url}\" integrity=\"{hash}\" crossorigin=\"anonymous\">\n")
        });
        let (script, hash) = (escaped(&self.viewer.url(kind.script.0)), &self.viewer.script_hash);
        let start = kind.start.0;
        // Without the icon, browsers ask for /favicon.ico of the host.
        format!(
            "<!doctype html>\n\
             <html lang=\"en\">\n\
             <head>\n\
             <meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             {style}\
             <script>{start}</script>\n\
             </head>\n\
             <body>\n\
             <div id=\"viewer\" data-document=\"{document}\" data-root=\"{root}\"></div>\n\
             <noscript>This page needs JavaScript. <a href=\"{document}\">The document</a> does not.</noscript>\n\
             <script src=\"{script}\" integrity=\"{hash}\" crossorigin=\"anonymous\"></script>\n\
             </body>\n\
             </html>\n"
        )
    }

    /// Returns the policy of the page: its own script by its hash, the files of the viewer by their URLs, and calls to
    /// the API.
    pub(super) fn policy(&self) -> String {
        let kind = self.viewer.kind;
        let script = self.viewer.source(kind.script.0);
        let own = kind.start.1;
        let mut styles = Vec::new();
        styles.extend(kind.style.map(|(file, _)| self.viewer.source(file)));
        if kind.styles_inline {
            styles.push("'unsafe-inline'".to_owned());
        }
        let styles = styles.join(" ");
        let servers = self.document.origins.iter().map(|origin| format!(" {origin}")).collect::<String>();
        format!(
            "default-src 'none'; script-src {script} '{own}'; style-src {styles}; img-src 'self' data:; \
             connect-src 'self'{servers}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
}

/// Escapes a text for HTML, in elements and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
