use pilaster::ErrorType;

#[derive(Debug, thiserror::Error, ErrorType)]
#[error_type("Reserve")]
enum ReserveError {
    #[error("nothing is left")]
    OutOfStock,
}

fn main() {}
