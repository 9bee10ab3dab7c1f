use pilaster::BoxError;
use pilaster::channels::Payload;
use pilaster::lambda_handler;

#[lambda_handler]
async fn moderate(Payload(text): Payload<String>) -> Result<Option<String>, BoxError> {
    Ok(Some(text))
}
