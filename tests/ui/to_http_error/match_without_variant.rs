use pilaster::http::{HttpError, ToHttpError};

#[derive(Debug, thiserror::Error)]
enum SignUpError {
    #[error("the e-mail address is already in use")]
    EmailTaken,
    #[error("the invitation has expired")]
    Expired,
}

impl ToHttpError for SignUpError {
    fn to_http_error(&self) -> HttpError {
        match self {
            Self::EmailTaken => HttpError::conflict("the e-mail address is already in use"),
        }
    }
}

fn main() {}
