//! Which type waits for which while the registry makes them: a circle would wait for ever.

use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A type with its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    id: TypeId,
    name: &'static str,
}

impl Named {
    pub(super) fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// `aws_sdk_s3::Client` for `aws_sdk_s3::client::Client`: the crate and the type, since half of all types are called `Client`.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            match (part.split_once("::"), part.rsplit_once("::")) {
                (Some((krate, _)), Some((_, name))) => write!(f, "{krate}::{name}")?,
                _ => f.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// The edges "`.0` waits for `.1`".
#[derive(Default)]
pub(super) struct Graph(Mutex<Vec<(Named, Named)>>);

impl Graph {
    /// Notes that `who` waits for `what` until the guard is dropped; the circle, if that would close one.
    pub(super) fn wait(&self, who: Named, what: Named) -> Result<Wait<'_>, Vec<Named>> {
        let mut edges = self.edges();
        let mut path = vec![who];
        if reaches(&edges, what, who, &mut path) {
            return Err(path);
        }
        edges.push((who, what));
        Ok(Wait { graph: self, edge: (who, what) })
    }

    fn edges(&self) -> MutexGuard<'_, Vec<(Named, Named)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `from` waits, over any number of others, for `to`; `path` then ends with the way there. The edges hold no circle,
/// so this ends.
fn reaches(edges: &[(Named, Named)], from: Named, to: Named, path: &mut Vec<Named>) -> bool {
    path.push(from);
    if from == to || edges.iter().any(|(who, what)| *who == from && reaches(edges, *what, to, path)) {
        return true;
    }
    path.pop();
    false
}

pub(super) struct Wait<'a> {
    graph: &'a Graph,
    edge: (Named, Named),
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut edges = self.graph.edges();
        if let Some(at) = edges.iter().position(|edge| *edge == self.edge) {
            edges.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_the_crate_and_the_type() {
        let name = |name| Named { id: TypeId::of::<()>(), name }.to_string();
        assert_eq!(name("aws_sdk_s3::client::Client"), "aws_sdk_s3::Client");
        assert_eq!(
            name("app::store::Repo<app::users::User, alloc::vec::Vec<u8>>"),
            "app::Repo<app::User, alloc::Vec<u8>>"
        );
        assert_eq!(name("bool"), "bool");
    }

    #[test]
    fn a_wait_ends_with_its_guard() {
        let graph = Graph::default();
        let (a, b) = (Named::of::<u8>(), Named::of::<u16>());
        let wait = graph.wait(a, b);
        assert_eq!(graph.wait(b, a).err(), Some(vec![b, a, b]));
        drop(wait);
        assert!(graph.wait(b, a).is_ok());
    }
}
