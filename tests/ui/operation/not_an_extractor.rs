use pilaster::http::{self, NoContent};

struct User;

#[http::operation(route = "POST /users")]
async fn create(_: User) -> NoContent {
    NoContent
}

fn main() {}
