use pilaster::http::{self, Method, NoContent};

#[http::operation(tags("users"))]
async fn create(_: Method) -> NoContent {
    NoContent
}

fn main() {}
