use pilaster::lambda_handler;

#[lambda_handler]
fn health() -> &'static str {
    "well"
}
