use pilaster::http::ErrorLayer;

fn main() {
    let _ = ErrorLayer::new().map::<std::io::Error>();
}
