//! Keeps a list of tasks per person up to date, from the stream of the table of tasks. To run it locally:
//! `cargo run --no-default-features -- events/changes.json`

#[cfg(test)]
mod tests;
mod view;

use pilaster::{BoxError, Change, Client, lambda_handler};

use crate::view::{Task, View};

// The changes of one task are handled in order, those of different tasks concurrently. From a change that fails on, the
// stream delivers all of them again: what is done for a change may be done twice.
#[lambda_handler(concurrency = 10, warm(Client<View>))]
async fn project(Client(view): Client<View>, change: Change<Task>) -> Result<(), BoxError> {
    match change {
        Change::Insert { new, .. } => view.put(&new).await?,
        Change::Modify { old, new, .. } => {
            view.put(&new).await?;
            if old.assignee != new.assignee {
                view.remove(&old).await?;
            }
        }
        Change::Remove { old, .. } => view.remove(&old).await?,
    }
    Ok(())
}
