//! The serialized name of a field.

/// Returns the name among `names` that is `field` itself, `field` under some `rename_all`, or the only one with the
/// same letters; `None` if it is ambiguous.
pub(super) fn name_of(field: &str, names: &'static [&'static str]) -> Option<&'static str> {
    let plain = field.strip_prefix("r#").unwrap_or(field);
    if let Some(name) = names.iter().find(|name| **name == plain) {
        return Some(name);
    }
    let letters =
        |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let own = letters(plain);
    let alike = || names.iter().copied().filter(|name| letters(name) == own);
    let forms = forms(plain);
    let form = only(alike().filter(|name| forms.iter().any(|form| form == name)));
    match form {
        Found::One(name) => Some(name),
        Found::Several => None,
        Found::None => match only(alike()) {
            Found::One(name) => Some(name),
            Found::None | Found::Several => None,
        },
    }
}

enum Found {
    None,
    One(&'static str),
    Several,
}

fn only(mut names: impl Iterator<Item = &'static str>) -> Found {
    match (names.next(), names.next()) {
        (None, _) => Found::None,
        (Some(name), None) => Found::One(name),
        (Some(_), Some(_)) => Found::Several,
    }
}

/// Returns the field under each rule of [`rename_all`](https://serde.rs/container-attrs.html#rename_all) that changes
/// it.
fn forms(field: &str) -> [String; 5] {
    let pascal: String = field
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(|first| first.to_uppercase()).chain(letters)
        })
        .collect();
    let mut letters = pascal.chars();
    let camel = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    let upper = field.to_ascii_uppercase();
    let kebab = field.replace('_', "-");
    let screaming_kebab = upper.replace('_', "-");
    [pascal, camel, upper, kebab, screaming_kebab]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_names_with_the_same_letters_the_form_of_the_field_is_taken() {
        const CASES: &[(&str, &[&str], Option<&str>)] = &[
            ("a_b", &["ab", "aB"], Some("aB")),
            ("a_b", &["aB", "ab", "x"], Some("aB")),
            ("ab", &["ab", "aB"], Some("ab")),
            ("ab", &["AB", "A_B"], Some("AB")),
            ("a_b", &["AB", "A_B"], None),
            ("a_b", &["ab", "A.B"], None),
            ("a_b", &["ab"], Some("ab")),
            ("a_b", &["Ab", "A-b", "a-b"], Some("a-b")),
            ("a_b", &["a--b"], Some("a--b")),
            ("a_b", &["a--b", "a.b"], None),
            ("a_b", &["a_b", "aB"], Some("a_b")),
            ("r#type", &["Type", "id"], Some("Type")),
            ("größe_x", &["größeX"], Some("größeX")),
            ("a", &["b"], None),
        ];
        for (field, names, name) in CASES {
            assert_eq!(name_of(field, names), *name, "{field} {names:?}");
        }
    }
}
