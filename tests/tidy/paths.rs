//! Reads the paths that the modules of a crate name: every `crate::`, `self::` and `super::` path, in `use` statements and inline, through re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module by its path from the crate's root: `["http", "layers", "cors"]`.
pub(crate) type Module = Vec<String>;

/// The modules of a crate, the paths that each one names, and its re-exports.
pub(crate) struct Crate {
    modules: BTreeMap<Module, Source>,
}

struct Source {
    /// The absolute paths that the code names, tests left out.
    paths: Vec<Module>,
    /// By the name that a `use` statement brings into the module, the path behind it. `*` has all of them that end in one.
    names: BTreeMap<String, Module>,
    globs: Vec<Module>,
}

impl Crate {
    /// Reads the crate whose `lib.rs` is in this folder.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut files = Vec::new();
        super::rust_files(folder, &mut files);
        let mut modules = BTreeMap::new();
        for file in files {
            let relative = file.strip_prefix(folder).unwrap().with_extension("");
            let mut module: Module = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if module == ["lib"] {
                module.clear();
            }
            if module.iter().any(|part| part == "tests") {
                continue;
            }
            let code = code(&fs::read_to_string(&file).unwrap());
            modules.insert(module.clone(), source(&module, &code));
        }
        Self { modules }
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.keys()
    }

    /// The modules that a module's paths lead to, behind all re-exports.
    pub(crate) fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let Some(source) = self.modules.get(module) else { return BTreeSet::new() };
        source.paths.iter().filter_map(|path| self.resolve(path, 0)).filter(|target| target != module).collect()
    }

    /// The module in which the item of this path is defined. `None` for a path of an inline module of the same file.
    fn resolve(&self, path: &[String], depth: usize) -> Option<Module> {
        let longest = (0..=path.len()).rev().find(|&n| self.modules.contains_key(&path[..n]))?;
        let (module, rest) = path.split_at(longest);
        let source = &self.modules[module];
        if let (Some(name), true) = (rest.first(), depth < 8) {
            if let Some(behind) = source.names.get(name) {
                let behind: Module = behind.iter().chain(&rest[1..]).cloned().collect();
                if behind != path {
                    return self.resolve(&behind, depth + 1);
                }
            }
            // Behind a glob only where a module has a name of its own for it.
            for glob in &source.globs {
                let named = self.modules.get(glob).is_some_and(|source| source.names.contains_key(name));
                let behind: Module = glob.iter().chain(rest).cloned().collect();
                if named || self.modules.contains_key(&behind) {
                    return self.resolve(&behind, depth + 1);
                }
            }
        }
        Some(module.to_vec())
    }
}

/// The code without comments, the contents of strings, and modules of tests.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = characters.next() {
        match c {
            '/' if characters.peek() == Some(&'/') => while characters.next_if(|&c| c != '\n').is_some() {},
            // A raw string ends at its quote with as many `#`.
            'r' if !last.is_alphanumeric() && last != '_' && matches!(characters.peek(), Some('#' | '"')) => {
                let mut hashes = 0;
                while characters.next_if_eq(&'#').is_some() {
                    hashes += 1;
                }
                if characters.next_if_eq(&'"').is_some() {
                    let end = format!("\"{}", "#".repeat(hashes));
                    let mut raw = String::new();
                    for c in characters.by_ref() {
                        raw.push(c);
                        if raw.ends_with(&end) {
                            break;
                        }
                    }
                }
            }
            '"' => {
                while let Some(c) = characters.next_if(|&c| c != '"') {
                    if c == '\\' {
                        characters.next();
                    }
                }
                characters.next();
            }
            // A character, not a lifetime.
            '\'' => {
                let ahead: String = characters.clone().take(3).collect();
                if ahead.starts_with('\\') {
                    characters.next();
                    characters.next();
                    while characters.next_if(|&c| c != '\'').is_some() {}
                    characters.next();
                } else if ahead.chars().nth(1) == Some('\'') {
                    characters.next();
                    characters.next();
                }
            }
            _ => code.push(c),
        }
        last = c;
    }
    without_tests(&code)
}

/// Leaves out `mod … { … }` and other items under `#[cfg(test)]`, as rustfmt lays them out.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let is_of_tests =
            line.trim_start().starts_with("#[cfg(test)]") || line.trim_start().starts_with("#[cfg(all(test");
        if !is_of_tests {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        // The item ends at the first line of the same indent that closes it.
        let end = [format!("{indent}}}"), format!("{indent}}};"), format!("{indent});")];
        for line in lines.by_ref() {
            let own = line.starts_with(indent) && !line[indent.len()..].starts_with(char::is_whitespace);
            if own && (end.iter().any(|end| line == end) || line.trim_end().ends_with(';')) {
                break;
            }
        }
    }
    kept
}

fn source(module: &Module, code: &str) -> Source {
    let mut source = Source { paths: Vec::new(), names: BTreeMap::new(), globs: Vec::new() };
    // The number of inline modules around a place, which `super` leaves first.
    let mut inline: Vec<usize> = Vec::new();
    let mut rest = code;
    let mut at = 0;
    let mut depths = Vec::new();
    for line in code.lines() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<_> = line.split_whitespace().collect();
        let begins = words.last() == Some(&"{") && words.len() >= 3 && words[words.len() - 3] == "mod";
        if inline.last() == Some(&indent) && line.trim() == "}" {
            inline.pop();
        }
        depths.push((at, inline.len()));
        if begins {
            inline.push(indent);
        }
        at += line.len() + 1;
    }
    let depth = |at: usize| depths[depths.partition_point(|&(start, _)| start <= at) - 1].1;
    while let Some(found) = next_path(rest) {
        let start = code.len() - rest.len() + found;
        let is_use = code[..start].trim_end().ends_with("use");
        let end = match is_use {
            true => code[start..].find(';').map_or(code.len(), |end| start + end),
            false => start + code[start..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(0),
        };
        for (path, name) in spread(&code[start..end]) {
            if let Some(path) = absolute(&path, module, depth(start)) {
                // A `use` within an inline module or a function brings nothing to the module itself.
                if is_use
                    && depth(start) == 0
                    && code[..start].rfind('\n').is_some_and(|line| !code[line + 1..start].starts_with(' '))
                {
                    match name.as_str() {
                        "*" => source.globs.push(path.clone()),
                        _ => drop(source.names.insert(name, path.clone())),
                    }
                }
                source.paths.push(path);
            }
        }
        rest = &code[end.max(start + 1)..];
    }
    source
}

/// Returns the position of the next `crate::`, `self::` or `super::`.
fn next_path(code: &str) -> Option<usize> {
    let starts = ["crate::", "self::", "super::"].into_iter().flat_map(|head| code.match_indices(head));
    let is_whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    starts.map(|(at, _)| at).filter(|&at| is_whole(at)).min()
}

/// The paths of a `use` tree, `{…}` spread, each with the name that it brings.
fn spread(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    if let Some((head, inner)) = tree.split_once('{') {
        let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
        let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(&inner[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push(&inner[start..]);
        let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
        return parts.flat_map(|part| spread(&format!("{}{}", head.trim(), part.trim()))).collect();
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (tree, None),
    };
    let mut path: Vec<String> =
        path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    // `a::b::{self, …}` is `a::b`.
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
    vec![(path, name)]
}

/// The path from the crate's root; `None` where it stays within the file.
fn absolute(path: &[String], module: &Module, inline: usize) -> Option<Module> {
    let mut rest = path;
    let (mut base, mut up) = (module.clone(), 0);
    match rest.first()?.as_str() {
        "crate" => return Some(strip_glob(&rest[1..])),
        "self" if inline > 0 => return None,
        "self" => rest = &rest[1..],
        _ => {}
    }
    while rest.first().is_some_and(|part| part == "super") {
        up += 1;
        rest = &rest[1..];
    }
    if up < inline || (up == inline && inline > 0) {
        return None;
    }
    for _ in inline..up {
        base.pop()?;
    }
    base.extend(strip_glob(rest));
    Some(base)
}

fn strip_glob(path: &[String]) -> Module {
    path.iter().filter(|part| *part != "*").cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(sources: &[(&str, &str)], of: &str) -> Vec<String> {
        let folder = std::env::temp_dir().join(format!("tidy-{}-{of}", std::process::id()));
        for (name, text) in sources {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let found = Crate::read(&folder);
        fs::remove_dir_all(folder).unwrap();
        let module: Module = of.split("::").map(str::to_owned).collect();
        found.imports(&module).into_iter().map(|target| target.join("::")).collect()
    }

    #[test]
    fn a_path_is_found_wherever_it_stands_and_behind_re_exports() {
        let sources = [
            ("lib.rs", "mod a;\nmod b;\npub use crate::b::{self, inner::Deep};\n"),
            ("a.rs", "mod x;\nmod y;\nmod z;\n"),
            ("a/x.rs", "fn f<'a>() -> char { let _: crate::Deep; super::y::g(\"crate::c\"); '\"' }\n"),
            ("a/y.rs", "// crate::b\nuse crate::{b::Own};\n#[cfg(test)]\nmod tests {\n    use crate::a::z;\n}\n"),
            ("a/z.rs", "mod inner {\n    use super::*;\n    use super::super::x::f;\n}\n"),
            ("b.rs", "pub mod inner;\npub struct Own;\n"),
            ("b/inner.rs", "pub struct Deep;\n"),
        ];
        assert_eq!(imports(&sources, "a::x"), ["a::y", "b::inner"]);
        assert_eq!(imports(&sources, "a::y"), ["b"]);
        assert_eq!(imports(&sources, "a::z"), ["a::x"]);
    }
}
