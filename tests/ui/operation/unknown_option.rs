use pilaster::http::{self, Method, NoContent};

#[http::operation(route = "GET /users", tag("users"))]
async fn list(_: Method) -> NoContent {
    NoContent
}

fn main() {}
