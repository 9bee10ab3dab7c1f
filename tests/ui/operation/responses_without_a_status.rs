use pilaster::http::{self, Method, NoContent};

#[http::operation(route = "GET /users", responses("Continue"))]
async fn list(_: Method) -> NoContent {
    NoContent
}

fn main() {}
