//! [`RouteTable`]: the routes of a function, of which a router takes no two that match the same requests.

/// The routes of a function, by path.
#[derive(Default)]
pub(crate) struct RouteTable(Vec<(String, Vec<String>)>);

impl RouteTable {
    /// Adds a route such as `GET /users/{id}`.
    ///
    /// # Errors
    ///
    /// A sentence, if it cannot be beside the others.
    pub(crate) fn add(&mut self, route: &str) -> Result<(), String> {
        let (method, path) = route.split_once(' ').unwrap_or(("ANY", route));
        if let Some(problem) = self.0.iter().find_map(|(known, _)| problem(known, path)) {
            return Err(problem);
        }
        match self.0.iter_mut().find(|(known, _)| known == path) {
            None => self.0.push((path.to_owned(), vec![method.to_owned()])),
            Some((_, methods)) if methods.iter().any(|known| known == method) => {
                return Err(format!("`{route}` is the route of two operations: remove one"));
            }
            Some((_, methods)) => methods.push(method.to_owned()),
        }
        Ok(())
    }
}

/// Returns why a router cannot have both paths.
fn problem(known: &str, path: &str) -> Option<String> {
    let (mut left, mut right) = (known.split('/'), path.split('/'));
    loop {
        match (left.next(), right.next()) {
            (None, None) if known == path => return None,
            (None, None) => {
                return Some(format!(
                    "`{known}` and `{path}` are one path with parameters of different names: use one"
                ));
            }
            (Some(left), Some(right)) if left.starts_with('{') && right.starts_with('{') => {
                // The rest of a path, `{path+}`, matches whatever the other parameter does.
                if left != right && (left.ends_with("+}") || right.ends_with("+}")) {
                    return Some(format!("`{known}` and `{path}` match the same paths: remove one"));
                }
            }
            (left, right) if left == right => {}
            _ => return None,
        }
    }
}
