use pilaster::lambda_handler;

#[lambda_handler]
struct Handler;
