use pilaster::http::{Path, Stack};

async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(pilaster::handler(get).layer(Stack::new()).layer(Stack::new()))
}
