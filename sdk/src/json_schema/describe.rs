//! Describes a violation by the schema alone, without the value.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::types::JsonType;
use serde_json::Value;

/// The text of a value that fits no alternative.
pub(super) const NO_ALTERNATIVE: &str = "must match one of the allowed forms";

/// The maximum length of a part of the schema in a text, in bytes.
const SHOWN: usize = 200;

/// Returns the text, which begins with a verb: a pointer precedes it.
pub(super) fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind: TypeKind::Single(kind) } => format!("must be {}", with_article(*kind)),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            format!("must be {}", kinds.iter().map(with_article).collect::<Vec<_>>().join(" or "))
        }
        Kind::Required { .. } => "is required".to_owned(),
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {
            "has a member that is not allowed".to_owned()
        }
        Kind::PropertyNames { .. } => "has a member whose name is not allowed".to_owned(),
        Kind::AdditionalItems { .. } | Kind::UnevaluatedItems { .. } => "has an item that is not allowed".to_owned(),
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } | Kind::MinProperties { limit: 1 } => {
            "must not be empty".to_owned()
        }
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::MinProperties { limit } => format!("must have at least {limit} members"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} members"),
        Kind::Minimum { limit } => format!("must be at least {}", schema_value(limit)),
        Kind::Maximum { limit } => format!("must be at most {}", schema_value(limit)),
        Kind::ExclusiveMinimum { limit } => format!("must be greater than {}", schema_value(limit)),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {}", schema_value(limit)),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::Pattern { pattern } => format!("must match the pattern `{}`", cut(pattern)),
        Kind::Format { format } => format!("must have the format `{}`", cut(format)),
        Kind::Constant { expected_value } => format!("must be {}", schema_value(expected_value)),
        Kind::Enum { options } => match options.as_array() {
            Some(options) => {
                let options = options.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                format!("must be one of {}", cut(&options))
            }
            None => "must be one of the allowed values".to_owned(),
        },
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => NO_ALTERNATIVE.to_owned(),
        Kind::OneOfMultipleValid { .. } => "must match exactly one of the allowed forms".to_owned(),
        Kind::UniqueItems => "must have unique items".to_owned(),
        Kind::Contains => "must contain the required items".to_owned(),
        Kind::FalseSchema => "is not allowed".to_owned(),
        Kind::Not { .. } => "must not match the excluded form".to_owned(),
        Kind::ContentEncoding { content_encoding } => format!("must be encoded as {}", cut(content_encoding)),
        Kind::ContentMediaType { content_media_type } => format!("must contain {}", cut(content_media_type)),
        // Their texts may repeat the value.
        other => format!("must match the keyword `{}`", cut(other.keyword())),
    }
}

fn with_article(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn schema_value(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.floor_char_boundary(SHOWN) {
        whole if whole == text.len() => text.to_owned(),
        cut => format!("{}…", &text[..cut]),
    }
}
