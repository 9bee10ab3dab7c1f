//! Detects types that depend on each other: creating them would deadlock.

use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A type with its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypeName {
    id: TypeId,
    name: &'static str,
}

impl TypeName {
    pub(super) fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

impl PartialEq for TypeName {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Shortens `aws_sdk_s3::client::Client` to `aws_sdk_s3::Client`: the crate and the type, since many types are called
/// `Client`.
impl fmt::Display for TypeName {
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

/// The edges: the creation of `.0` waits for `.1`.
#[derive(Default)]
pub(super) struct Waits(Mutex<Vec<(TypeName, TypeName)>>);

impl Waits {
    /// Records that `who` waits for `what` until the guard is dropped. If that closes a cycle, returns the cycle as the
    /// error.
    pub(super) fn wait(&self, who: TypeName, what: TypeName) -> Result<Wait<'_>, Vec<TypeName>> {
        let mut edges = self.edges();
        let mut path = vec![who];
        if reaches(&edges, what, who, &mut path) {
            return Err(path);
        }
        edges.push((who, what));
        Ok(Wait { waits: self, edge: (who, what) })
    }

    fn edges(&self) -> MutexGuard<'_, Vec<(TypeName, TypeName)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `true` if `from` waits for `to`, directly or indirectly; `path` then ends with the path to it. The edges
/// have no cycle, so this terminates.
fn reaches(edges: &[(TypeName, TypeName)], from: TypeName, to: TypeName, path: &mut Vec<TypeName>) -> bool {
    path.push(from);
    if from == to || edges.iter().any(|(who, what)| *who == from && reaches(edges, *what, to, path)) {
        return true;
    }
    path.pop();
    false
}

pub(super) struct Wait<'a> {
    waits: &'a Waits,
    edge: (TypeName, TypeName),
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut edges = self.waits.edges();
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
        let name = |name| TypeName { id: TypeId::of::<()>(), name }.to_string();
        assert_eq!(name("aws_sdk_s3::client::Client"), "aws_sdk_s3::Client");
        assert_eq!(
            name("app::store::Repo<app::users::User, alloc::vec::Vec<u8>>"),
            "app::Repo<app::User, alloc::Vec<u8>>"
        );
        assert_eq!(name("bool"), "bool");
    }

    #[test]
    fn a_wait_ends_with_its_guard() {
        let waits = Waits::default();
        let (a, b) = (TypeName::of::<u8>(), TypeName::of::<u16>());
        let wait = waits.wait(a, b);
        assert_eq!(waits.wait(b, a).err(), Some(vec![b, a, b]));
        drop(wait);
        assert!(waits.wait(b, a).is_ok());
    }
}
