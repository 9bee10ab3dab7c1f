use pilaster::lambda_handler;

#[lambda_handler]
async fn health() -> &'static str {
    "well"
}
