use pilaster::ErrorType;

#[derive(Debug, thiserror::Error, ErrorType)]
enum ReserveError {
    #[error("nothing is left")]
    #[error_type("Out of stock")]
    OutOfStock,
}

fn main() {}
