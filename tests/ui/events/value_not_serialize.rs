use pilaster::{BoxError, Event, lambda_handler};

struct Reservation;

#[lambda_handler]
async fn reserve(_order: Event<u32>) -> Result<Reservation, BoxError> {
    Ok(Reservation)
}
