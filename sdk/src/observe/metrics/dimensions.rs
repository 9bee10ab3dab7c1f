//! Sets of dimensions, as a blob has them.

/// A name and its value.
pub(super) type Dimension = (String, String);

/// Dimensions, borrowed. No name occurs twice.
pub(super) type DimensionSet<'a> = Vec<(&'a str, &'a str)>;

/// Adds a dimension, or replaces the value of the one with its name.
pub(super) fn put<'a>(set: &mut DimensionSet<'a>, name: &'a str, value: &'a str) {
    match set.iter_mut().find(|(other, _)| *other == name) {
        Some((_, old)) => *old = value,
        None => set.push((name, value)),
    }
}

/// Merges dimensions; the later of two with the same name is kept.
pub(super) fn merged<'a, const N: usize>(parts: [&'a [Dimension]; N]) -> DimensionSet<'a> {
    let mut set = Vec::with_capacity(8);
    parts.into_iter().flatten().for_each(|(name, value)| put(&mut set, name, value));
    set
}
