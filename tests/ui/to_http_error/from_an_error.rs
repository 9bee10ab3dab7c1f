use pilaster::http::HttpError;
use thiserror::Error;

#[derive(Debug, Error)]
#[error("the e-mail address is already in use")]
struct EmailTaken;

impl From<EmailTaken> for HttpError {
    fn from(_: EmailTaken) -> Self {
        HttpError::conflict("the e-mail address is already in use")
    }
}

fn main() {}
