//! [`Named`]: values under the names of Python.

use serde_json::Value;

/// The values that a type of Pilaster has, by the names of the accessors.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Named {
    pub(super) named: Vec<(String, Value)>,
}

impl Named {
    /// The values of a type, from an object of names.
    pub(super) fn of(values: Value) -> Self {
        let mut all = Self::default();
        all.add("", values);
        all
    }

    /// Adds the values of a type, from an object of names.
    pub(super) fn add(&mut self, prefix: &str, values: Value) {
        for (name, value) in values.as_object().cloned().unwrap_or_default() {
            self.named.push((format!(".{prefix}{name}"), value));
        }
    }

    /// The value at a path: `.detail.instance_id`. `None` if no type has it.
    pub(in super::super) fn ask(&self, path: &str) -> Option<Value> {
        let fits = |name: &str| path.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let named = self.named.iter().filter_map(|(name, value)| Some((name.len(), value, fits(name)?)));
        let (_, value, rest) = named.max_by_key(|(length, ..)| *length)?;
        // A value that Powertools computes is not within the value.
        if rest.contains("()") {
            return None;
        }
        let step = regex_lite::Regex::new(r"\.get\('([^']*)'\)|\.(\w+)|\['([^']*)'\]|\[(\d+)\]").ok()?;
        let steps = step.captures_iter(rest).filter_map(|found| found.iter().skip(1).flatten().next());
        Some(steps.fold(value.clone(), |value, step| field(&value, step.as_str())))
    }
}

/// A field by its name in Python, without regard to letter case, hyphens and underscores, and to a `get_` before it.
fn field(value: &Value, name: &str) -> Value {
    if let (Value::Array(items), Ok(index)) = (value, name.parse::<usize>()) {
        return items.get(index).cloned().unwrap_or_default();
    }
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let Some(object) = value.as_object() else { return Value::Null };
    let bare = name.strip_prefix("get_").unwrap_or(name);
    let found = object.get(name).or_else(|| {
        let wanted = [plain(name), plain(bare)];
        object.iter().find(|(own, _)| wanted.contains(&plain(own))).map(|(_, value)| value)
    });
    found.cloned().unwrap_or_default()
}
