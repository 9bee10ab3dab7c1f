use pilaster::http::Method;
use pilaster::lambda_handler;
use tower::timeout::TimeoutLayer;

#[lambda_handler]
async fn tower(_: Method) -> String {
    format!("{:?}", TimeoutLayer::new(std::time::Duration::ZERO))
}
