use pilaster::channels::Handlers;
use pilaster::http::ErrorLayer;

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(pilaster::handler(Handlers::new()).layer(ErrorLayer::new()))
}
