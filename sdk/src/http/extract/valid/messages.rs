//! The messages of garde's built-in rules.

use std::borrow::Cow;
use std::fmt::Display;

use garde::i18n::{I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind};

/// Messages for clients. None contains the value.
pub(super) struct Messages;

impl I18n for Messages {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        match min {
            1 => "must not be empty".into(),
            min => format!("must have a length of at least {min}").into(),
        }
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        format!("must have a length of at most {max}").into()
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        format!("must be at least {min}").into()
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        format!("must be at most {max}").into()
    }

    fn credit_card_invalid(&self, _: InvalidCreditCard) -> Cow<'static, str> {
        "must be a valid credit card number".into()
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("must match the pattern `{pattern}`").into()
    }

    fn contains_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("must contain `{pattern}`").into()
    }

    fn url_invalid(&self, _: InvalidUrl) -> Cow<'static, str> {
        "must be a valid URL".into()
    }

    fn prefix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("must start with `{pattern}`").into()
    }

    fn suffix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("must end with `{pattern}`").into()
    }

    fn phone_number_invalid(&self, _: InvalidPhoneNumber) -> Cow<'static, str> {
        "must be a valid phone number".into()
    }

    fn ip_invalid(&self, kind: IpKind) -> Cow<'static, str> {
        format!("must be a valid {kind} address").into()
    }

    fn matches_field_mismatch(&self, field: &dyn Display) -> Cow<'static, str> {
        format!("must be equal to `{field}`").into()
    }

    fn email_invalid(&self, _: InvalidEmail) -> Cow<'static, str> {
        "must be a valid e-mail address".into()
    }

    fn ascii_invalid(&self) -> Cow<'static, str> {
        "must contain only ASCII characters".into()
    }

    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        "must contain only letters and digits".into()
    }

    fn required_not_set(&self) -> Cow<'static, str> {
        "is required".into()
    }
}
