use pilaster::lambda_handler;

#[lambda_handler(concurrency = 8)]
fn health() -> &'static str {
    "well"
}
