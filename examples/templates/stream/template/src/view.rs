//! The read model: the tasks of each person, in a DynamoDB table, or in memory in a local run without `VIEW_TABLE`.

use pilaster::table::{Key, Table, TableError};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// A task, as the table of tasks has it; the view has the same content under another key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub id: String,
    pub assignee: String,
    pub title: String,
}

impl Task {
    /// Returns the key in the view: a query of the partition `assignee#NAME` returns the tasks of a person.
    pub fn view_key(&self) -> Key {
        Key::new(format!("assignee#{}", self.assignee), &self.id)
    }
}

#[derive(Clone)]
pub struct View(pub Table);

impl FromClients for View {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "VIEW_TABLE").await?))
    }
}

impl View {
    pub async fn put(&self, task: &Task) -> Result<(), TableError> {
        tracing::info!(task = task.id, assignee = task.assignee, "put the task");
        self.0.put(task.view_key(), task).await
    }

    pub async fn remove(&self, task: &Task) -> Result<(), TableError> {
        tracing::info!(task = task.id, assignee = task.assignee, "remove the task");
        self.0.delete(task.view_key()).await
    }
}
