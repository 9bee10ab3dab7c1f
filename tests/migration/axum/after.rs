use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use pilaster::http::{self, CorsLayer, HttpError, Json, Method, Path, Query, StatusCode};
use serde::{Deserialize, Serialize};

pub(crate) fn app(users: Users) -> Router {
    Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(find))
        .fallback(async || HttpError::not_found("no such route"))
        .method_not_allowed_fallback(not_allowed)
        .with_state(users)
}

async fn create(
    State(users): State<Users>,
    Json(new): Json<NewUser>,
) -> (StatusCode, Json<User>) {
    (StatusCode::CREATED, Json(users.insert(new)))
}

async fn find(
    State(users): State<Users>,
    Path(id): Path<u64>,
) -> Result<Json<User>, HttpError> {
    let user = users.find(id)?;
    user.map(Json).ok_or_else(|| HttpError::not_found("no such user"))
}

async fn not_allowed() -> HttpError {
    HttpError::method_not_allowed("not by this method")
}

pub(crate) fn api() -> http::Stack {
    let cors = CorsLayer::new()
        .allow_origins(["https://app.example.com"])
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(["content-type"]);
    http::Stack::new().cors(cors)
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(http::service(app(Users::default())).layer(api()))
}

async fn list(
    State(users): State<Users>,
    Query(page): Query<Page>,
) -> Json<Vec<User>> {
    Json(users.list(page.limit.unwrap_or(10)))
}

#[derive(Clone, Serialize)]
pub(crate) struct User {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct NewUser {
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct Page {
    limit: Option<usize>,
}

// Stands for the table.
#[derive(Clone)]
pub(crate) struct Users(BTreeMap<u64, User>);

impl Default for Users {
    fn default() -> Self {
        let user = |id, name: &str| (id, User { id, name: name.to_owned() });
        Self(BTreeMap::from([user(7, "Ada"), user(8, "Grace")]))
    }
}

impl Users {
    fn list(self, limit: usize) -> Vec<User> {
        self.0.into_values().take(limit).collect()
    }

    fn insert(self, new: NewUser) -> User {
        User { id: 9, name: new.name }
    }

    fn find(self, id: u64) -> Result<Option<User>, std::io::Error> {
        match id {
            13 => Err(std::io::Error::other("the table is gone")),
            66 => panic!("a bug"),
            id => Ok(self.0.get(&id).cloned()),
        }
    }
}
