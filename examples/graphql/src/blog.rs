//! The table of posts and authors: posts in one partition, in the order of their creation; each author in a partition.

use std::time::{SystemTime, UNIX_EPOCH};

use pilaster::table::{Table, TableError};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// A post, as the table and AppSync have it. The id of its author is no field of the schema: only resolvers read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Post {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) author_id: String,
}

/// The arguments of `addPost`.
#[derive(Deserialize)]
pub(crate) struct NewPost {
    pub(crate) title: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Author {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Clone)]
pub(crate) struct Blog(pub(crate) Table);

impl Blog {
    /// Returns the last 100 posts, the newest first.
    pub(crate) async fn posts(&self) -> Result<Vec<Post>, TableError> {
        let found = self.0.query("posts").descending().limit(100).send().await?;
        Ok(found.into_iter().map(|found| found.value).collect())
    }

    /// Adds a post with this id, and its author.
    pub(crate) async fn add(&self, id: &str, title: String, author: &Author) -> Result<Post, TableError> {
        let post = Post { id: id.to_owned(), title, author_id: author.id.clone() };
        self.0.put(format!("author#{}", author.id), author).await?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.put(("posts", format!("{:015}#{id}", since.as_millis())), &post).await?;
        Ok(post)
    }

    pub(crate) async fn author(&self, id: &str) -> Result<Option<Author>, TableError> {
        self.0.get(format!("author#{id}")).await
    }
}

impl FromClients for Blog {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "BLOG_TABLE").await?))
    }
}
