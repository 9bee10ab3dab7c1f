use pilaster::http::ToHttpError;

#[derive(Debug, thiserror::Error, ToHttpError)]
#[error("all is well")]
#[http(status = 200)]
struct Well;

fn main() {}
