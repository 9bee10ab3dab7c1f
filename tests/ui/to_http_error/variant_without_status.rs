use pilaster::http::ToHttpError;

#[derive(Debug, thiserror::Error, ToHttpError)]
enum SignUpError {
    #[error("the e-mail address is already in use")]
    #[http(status = 409)]
    EmailTaken,
    #[error("the invitation has expired")]
    Expired,
}

fn main() {}
