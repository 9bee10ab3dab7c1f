//! The diagrams: `sdk/guide/diagrams/NAME.dot` is the source of `sdk/guide/src/NAME.svg`, which `dot -Tsvg` of Graphviz writes.

use std::collections::BTreeSet;
use std::fs;

/// The lines of all labels of a source.
fn labels(dot: &str) -> BTreeSet<String> {
    let labels = dot.split("label=\"").skip(1).filter_map(|rest| rest.split('"').next());
    labels.flat_map(|label| label.split("\\n")).map(str::to_owned).collect()
}

/// The texts of a picture.
fn texts(svg: &str) -> BTreeSet<String> {
    let texts = svg.split("<text ").skip(1).filter_map(|rest| rest.split_once('>')?.1.split("</text>").next());
    texts.map(|text| text.replace("&#45;", "-").replace("&amp;", "&").replace("&#160;", " ")).collect()
}

#[test]
fn a_picture_shows_what_its_source_says_and_a_page_shows_it() {
    let folder = crate::root().join("sdk/guide/diagrams");
    let pages = super::pages();
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let picture = path.with_extension("svg").file_name().unwrap().to_string_lossy().into_owned();
        let svg = fs::read_to_string(super::folder().join(&picture)).unwrap();
        let dot = fs::read_to_string(&path).unwrap();
        assert_eq!(
            labels(&dot),
            texts(&svg),
            "{picture} is old: dot -Tsvg {} -o sdk/guide/src/{picture}",
            path.display()
        );
        assert!(pages.iter().any(|page| page.text.contains(&format!("]: {picture}"))), "no page shows {picture}");
        count += 1;
    }
    assert!(count >= 4);
}
