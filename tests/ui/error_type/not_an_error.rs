use pilaster::ErrorType;

#[derive(ErrorType)]
enum ReserveError {
    OutOfStock,
}

fn main() {
    let _ = ReserveError::OutOfStock;
}
