//! The directives of responses.

/// What follows the name of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    Seconds,
    /// `private="set-cookie"`: optional names of headers.
    Names,
}

/// The directives of responses
/// ([IANA](https://www.iana.org/assignments/http-cache-directives/http-cache-directives.xhtml)).
pub(super) const DIRECTIVES: [(&str, Argument); 13] = [
    ("public", Argument::None),
    ("private", Argument::Names),
    ("no-cache", Argument::Names),
    ("no-store", Argument::None),
    ("no-transform", Argument::None),
    ("max-age", Argument::Seconds),
    ("s-maxage", Argument::Seconds),
    ("must-revalidate", Argument::None),
    ("proxy-revalidate", Argument::None),
    ("must-understand", Argument::None),
    ("immutable", Argument::None),
    ("stale-while-revalidate", Argument::Seconds),
    ("stale-if-error", Argument::Seconds),
];
