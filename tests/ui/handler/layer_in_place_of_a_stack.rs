use pilaster::http::{DeadlineLayer, Path};

async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(pilaster::handler(get).layer(DeadlineLayer::new()))
}
