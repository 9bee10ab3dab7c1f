use pilaster::ErrorType;

#[derive(Debug, thiserror::Error, ErrorType)]
enum ReserveError {
    #[error("nothing is left")]
    #[error_type(name = "OutOfStock")]
    OutOfStock,
}

fn main() {}
