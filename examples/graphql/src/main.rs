//! Posts and their authors behind a GraphQL API of AppSync. To run it locally:
//! `cargo run -p graphql --no-default-features -- examples/graphql/events/posts.json`

mod blog;

use std::collections::BTreeMap;

use pilaster::appsync::{Arguments, Batch, Batched, CognitoUser, FieldInfo, Resolvers};
use pilaster::table::TableError;
use pilaster::{Client, FunctionError, IntoService, Invocation, StartError};

use crate::blog::{Author, Blog, NewPost, Post};

async fn posts(Client(blog): Client<Blog>, _: FieldInfo) -> Result<Vec<Post>, TableError> {
    blog.posts().await
}

/// The author is the user of the token: a client cannot name another one.
async fn add_post(
    invocation: Invocation,
    Client(blog): Client<Blog>,
    user: CognitoUser,
    Arguments(new): Arguments<NewPost>,
) -> Result<Post, pilaster::BoxError> {
    if new.title.trim().is_empty() || new.title.len() > 200 {
        return Err(FunctionError::new("InvalidTitle", "a title has 1 to 200 bytes").into());
    }
    let author = Author { id: user.sub, name: user.username };
    Ok(blog.add(invocation.request_id(), new.title, &author).await?)
}

/// One read for each author, however many posts of theirs are in the batch.
async fn authors(Client(blog): Client<Blog>, batch: Batch<Post>) -> Result<Batched<Author>, TableError> {
    let mut authors = BTreeMap::new();
    for post in batch.sources() {
        if !authors.contains_key(&post.author_id) {
            authors.insert(post.author_id.clone(), blog.author(&post.author_id).await?);
        }
    }
    let unknown = || FunctionError::new("AuthorNotFound", "the author of this post is not known");
    Ok(batch.try_answer(|item| authors.get(&item.source.author_id).cloned().flatten().ok_or_else(unknown)))
}

fn resolvers() -> Resolvers {
    let resolvers = Resolvers::new().field("Query", "posts", posts).field("Mutation", "addPost", add_post);
    resolvers.batch("Post", "author", authors)
}

fn function() -> impl IntoService {
    pilaster::handler(resolvers()).warm::<Client<Blog>>()
}

fn main() -> Result<(), StartError> {
    pilaster::run(function())
}

#[cfg(test)]
mod tests;
