use pilaster::ErrorType;

#[derive(Debug, thiserror::Error, ErrorType)]
enum ReserveError {
    #[error("the stock could not be read")]
    #[error_type(transparent)]
    Read(#[source] std::io::Error),
}

fn main() {}
