//! `#[error(transparent)]` without a decision about the text of the error inside.

#[derive(Debug, thiserror::Error, pilaster::ErrorType)]
enum ReserveError {
    #[error("out of stock")]
    OutOfStock,
    #[error(transparent)]
    Read(#[from] std::io::Error),
}

fn main() {}
