struct User;

async fn rename(user: User) -> String {
    let _ = user;
    "renamed".to_owned()
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(pilaster::handler(rename))
}
