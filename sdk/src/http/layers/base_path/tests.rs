mod events;

use super::*;

#[test]
fn whole_segments_at_the_beginning_are_stripped() {
    let layer = BasePathLayer::new("v1").and("/v1/nested/").and("").and("/");
    let bases = layer.bases.unwrap();
    for (uri, expected) in [
        ("https://h/v1/x?a=/v1/y", "https://h/x?a=/v1/y"),
        ("https://h/v1", "https://h/"),
        ("https://h/v1?a", "https://h/?a"),
        ("https://h/v1/", "https://h/"),
        ("/v1/v1/x", "/v1/x"),
        ("/v1//x", "//x"),
        ("/v1/nested/x", "/x"),
        ("/v1/nestedx", "/nestedx"),
        ("/v1/a%2Fb", "/a%2Fb"),
    ] {
        assert_eq!(without_base(&uri.parse().unwrap(), &bases).unwrap().1, expected, "{uri}");
    }
    for uri in ["/v10/x", "/V1/x", "/v1%2Fx", "//v1/x", "/x/v1", "/", "/%761/x", "*"] {
        assert_eq!(without_base(&uri.parse().unwrap(), &bases), None, "{uri}");
    }
}

#[test]
fn a_base_path_is_escaped_as_the_paths_are() {
    for base in ["ü x", "%C3%BC x", "/%c3%bc%20x/"] {
        let bases = BasePathLayer::new(base).bases.unwrap();
        for uri in ["/%C3%BC%20x/Users", "/%c3%bc%20x/Users"] {
            let rest = without_base(&uri.parse().unwrap(), &bases);
            assert!(rest.is_some_and(|(_, rest)| rest == "/Users"), "{base} {uri}");
        }
        assert_eq!(without_base(&"/%C3%BC%20xy".parse().unwrap(), &bases), None);
    }
}

/// Every path of up to four of these segments, with and without a slash at its end.
fn paths() -> impl Iterator<Item = String> {
    const SEGMENTS: [&str; 11] = ["", "v1", "V1", "v10", "v1%2Fx", "%761", "v1.", ".", "..", "x", "nested"];
    let of = |count: u32| {
        (0..SEGMENTS.len().pow(count)).map(move |number| {
            let mut left = number;
            (0..count).fold(String::new(), |path, _| {
                let segment = SEGMENTS[left % SEGMENTS.len()];
                left /= SEGMENTS.len();
                path + "/" + segment
            })
        })
    };
    (1..=4).flat_map(of)
}

/// Removes a prefix as Powertools for AWS Lambda (Python) documents its `strip_prefixes`: the prefix alone is `/`, and
/// otherwise a slash must follow it.
fn powertools(path: &str, prefix: &str) -> String {
    match path.strip_prefix(prefix) {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path.to_owned(),
    }
}

#[test]
fn one_base_path_is_removed_as_by_powertools_from_every_path() {
    for base in ["/v1", "/v1/nested", "/x", "/v1%2Fx", "/.."] {
        let bases = BasePathLayer::new(base).bases.unwrap();
        let mut removed = 0_u32;
        for path in paths() {
            let uri: Uri = format!("https://h{path}?a=/v1").parse().unwrap();
            let own = without_base(&uri, &bases).map_or(uri, |(_, uri)| uri);
            assert_eq!((own.path(), own.query()), (powertools(&path, base).as_str(), Some("a=/v1")), "{path} {base}");
            removed += u32::from(own.path() != path);
        }
        assert!(removed > 10, "{base}");
    }
}

#[test]
fn a_text_and_a_list_are_base_paths_to_strip() {
    let one = BasePath::Strip(vec!["v1".to_owned()]);
    assert_eq!(
        [BasePath::from("v1"), "v1".to_owned().into(), (&"v1".to_owned()).into()],
        [one.clone(), one.clone(), one]
    );
    let two = BasePath::Strip(vec!["v1".to_owned(), "v2".to_owned()]);
    assert_eq!([BasePath::from(["v1", "v2"]), vec!["v1", "v2"].into()], [two.clone(), two]);
    assert!(BasePathLayer::new(BasePath::Strip(Vec::new())).bases.is_none());
}
