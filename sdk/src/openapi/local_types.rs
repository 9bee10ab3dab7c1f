//! Finds two types that schemars takes for one: types of one name within two functions of a module.

use std::any::type_name;
use std::collections::BTreeMap;

use schemars::JsonSchema;

/// The types by the ids of their schemas, which are the module and the name of a type.
#[derive(Debug, Default)]
pub(super) struct LocalTypes {
    by_id: BTreeMap<String, &'static str>,
    pub(super) faults: Vec<String>,
}

impl LocalTypes {
    /// Adds the type of a body or of parameters. What it holds is known to schemars alone.
    pub(super) fn add<T: JsonSchema>(&mut self) {
        let name = type_name::<T>();
        let known = *self.by_id.entry(T::schema_id().into_owned()).or_insert(name);
        // A type that is shown as another, such as a `Box`, has its id and not its name.
        if known != name && without_paths(known) == without_paths(name) {
            let fault = format!(
                "the types `{known}` and `{name}` have one schema, since schemars knows neither function: move one to \
                 another module"
            );
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
    }
}

/// Returns the name of a type without modules and functions.
fn without_paths(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_paths_keeps_its_arguments() {
        assert_eq!(without_paths("alloc::vec::Vec<a::b::User>"), "Vec<User>");
        assert_eq!(without_paths("(a::f::User, &[b::Item; 3])"), "(User, &[Item; 3])");
        assert_eq!(without_paths("User"), "User");
    }

    #[test]
    fn types_of_two_functions_are_found_and_a_box_is_not() {
        fn one(types: &mut LocalTypes) {
            #[derive(JsonSchema)]
            #[allow(dead_code)]
            struct Local {
                one: u8,
            }
            types.add::<Local>();
            types.add::<Box<Local>>();
            types.add::<Vec<Local>>();
        }
        fn other(types: &mut LocalTypes) {
            #[derive(JsonSchema)]
            #[allow(dead_code)]
            struct Local {
                other: u8,
            }
            types.add::<Vec<Local>>();
            types.add::<String>();
        }
        let mut types = LocalTypes::default();
        one(&mut types);
        one(&mut types);
        assert_eq!(types.faults, [""; 0]);
        other(&mut types);
        assert_eq!(types.faults.len(), 1, "{:?}", types.faults);
        assert!(types.faults[0].contains("::one::Local>` and `alloc::vec::Vec<"), "{:?}", types.faults);
    }
}
