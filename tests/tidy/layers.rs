//! The layers of the code: which folder of `sdk/src` may import which.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Crate, Module};
use super::root;

/// A module imports only from its left; those of one step do not know each other.
const ORDER: &str = "core ← observe ← clients ← config, idempotency, json_schema, openapi, rate_limit, table, websocket ← jwt ← function ← tools ← http, records, events, bedrock, agentcore, mcp ← testing, local ← runtime ← private";

fn step(folder: &str) -> Option<usize> {
    ORDER.split(" ← ").position(|step| step.split(", ").any(|name| name == folder))
}

fn shown(module: &[String]) -> String {
    module.join("::")
}

#[test]
fn a_module_imports_only_from_its_left() {
    let sdk = Crate::read(&root().join("sdk/src"));
    let (mut wrong, mut checked) = (BTreeSet::new(), 0);
    // The root has re-exports alone, and is left of nothing. The guide has no code.
    for module in sdk.modules().filter(|module| module.first().is_some_and(|folder| folder != "guide")) {
        let own = step(&module[0]).unwrap_or_else(|| panic!("{} is in no layer: {ORDER}", shown(module)));
        for target in sdk.imports(module) {
            checked += 1;
            // The hallway of HTTP exports a macro of its own, which is at the root.
            if target.is_empty() && *module == ["http"] {
                continue;
            }
            let is_left = target
                .first()
                .is_some_and(|folder| *folder == module[0] || step(folder).is_some_and(|step| step < own));
            if !is_left {
                wrong.insert(format!("{} imports {}", shown(module), shown(&target)));
            }
        }
    }
    assert!(checked > 500, "{checked} imports were found");
    assert!(wrong.is_empty(), "{ORDER}\n{} imports lead elsewhere:\n{}", wrong.len(), Vec::from_iter(wrong).join("\n"));
}

#[test]
fn no_modules_of_a_folder_import_each_other_in_a_circle() {
    let sdk = Crate::read(&root().join("sdk/src"));
    // By folder, which of its modules (with all below them) imports which, and an import that shows it.
    let mut folders: BTreeMap<Module, BTreeMap<(String, String), String>> = BTreeMap::new();
    for module in sdk.modules() {
        for target in sdk.imports(module) {
            let common = module.iter().zip(&target).take_while(|(own, theirs)| own == theirs).count();
            if let (Some(own), Some(theirs)) = (module.get(common), target.get(common)) {
                let edges = folders.entry(module[..common].to_vec()).or_default();
                let example = format!("{} imports {}", shown(module), shown(&target));
                edges.entry((own.clone(), theirs.clone())).or_insert(example);
            }
        }
    }
    let mut circles = Vec::new();
    for (folder, mut edges) in folders {
        // A module without imports or importers among the rest is in no circle.
        loop {
            let before = edges.len();
            let from: BTreeSet<_> = edges.keys().map(|(from, _)| from.clone()).collect();
            let to: BTreeSet<_> = edges.keys().map(|(_, to)| to.clone()).collect();
            edges.retain(|(own, theirs), _| to.contains(own) && from.contains(theirs));
            if edges.len() == before {
                break;
            }
        }
        if !edges.is_empty() {
            let examples = Vec::from_iter(edges.into_values()).join("\n  ");
            circles.push(format!("in `{}`:\n  {examples}", shown(&folder)));
        }
    }
    assert!(circles.is_empty(), "{} folders have circles:\n{}", circles.len(), circles.join("\n"));
}
