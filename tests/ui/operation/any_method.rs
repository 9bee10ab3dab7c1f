use pilaster::http::{self, Method, NoContent};

#[http::operation(route = "ANY /users")]
async fn create(_: Method) -> NoContent {
    NoContent
}

fn main() {}
