use pilaster::http::Path;
use pilaster::{Client, lambda_handler};

#[derive(Clone)]
struct Users;

#[lambda_handler]
async fn get(Client(users): Client<Users>, Path(id): Path<u64>) -> String {
    let _: Users = users;
    id.to_string()
}
