use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tower_http::cors::CorsLayer;

pub(crate) fn app(users: Users) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(["https://app.example.com".parse().unwrap()])
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(find))
        .layer(cors)
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
) -> Result<Json<User>, StatusCode> {
    let user = users.find(id).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    user.map(Json).ok_or(StatusCode::NOT_FOUND)
}

// #[tokio::main]
// async fn main() -> Result<(), lambda_http::Error> {
//     tracing_subscriber::fmt().json().init();
//     lambda_http::run(app(Users::default())).await
// }

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
