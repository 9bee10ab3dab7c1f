use pilaster::http::{self, Method, NoContent};

async fn list(_: Method) -> NoContent {
    NoContent
}

fn main() {
    let _ = http::routes![list];
}
