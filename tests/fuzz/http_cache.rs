//! A shared HTTP cache in front of a function whose responses are compressed, negotiated, conditional and under CORS: it must never
//! serve a body that its client cannot read or did not accept.
//!
//! The cache is written from RFC 9111 (sections 3.2, 4.1, 4.3.1 and 4.3.4) alone.

use std::cell::{Cell, RefCell};
use std::io::Read;

use pilaster::http::{
    self, Body, CompressionLayer, ConditionalLayer, CorsLayer, HeaderMap, HeaderValue, IntoResponse, Negotiate,
    Negotiated, NegotiationLayer, Response, StatusCode,
};
use pilaster::testing::{Caller, http as request};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::decoders::block_on;
use crate::inverse::holds;

const MEDIA_TYPES: [&str; 2] = ["application/json", "text/csv"];
const LANGUAGES: [&str; 2] = ["en", "de"];
const ORIGINS: [&str; 2] = ["https://a.example.com", "https://b.example.com"];

const ACCEPT: [&str; 5] = ["", "application/json", "text/csv", "text/*, application/json;q=0.5", "*/*;x=\"a, b\""];
const ACCEPT_LANGUAGE: [&str; 4] = ["", "en", "de", "de-CH, *;q=0.1"];
const ACCEPT_ENCODING: [&str; 6] = ["", "gzip", "br", "gzip;q = 0.1, br", "identity", "gzip, identity;q=0, zstd;q=0"];
const ORIGIN: [&str; 4] = ["", ORIGINS[0], ORIGINS[1], "https://evil.example.com"];

/// The source of the version: the function's tag in some form, or the layer.
#[derive(Clone, Copy, Debug)]
enum Tag {
    Strong,
    Weak,
    /// The function's own tag ends as the layer's suffix does.
    Suffixed(&'static str),
    Generated,
}

/// The source of the resource's representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The function, which gives each media type its own tag, as RFC 9110 requires.
    Function,
    /// A writer: the function knows of no media types, so that its tag is the same for all.
    Writer,
    /// The one or the other, by the version.
    Either,
}

#[derive(Clone, Copy, Debug)]
struct Resource {
    tag: Tag,
    size: usize,
    form: Form,
    /// The function handles `If-None-Match` if it has a tag; otherwise the layer does.
    compares: bool,
}

thread_local! {
    static VERSION: Cell<u32> = const { Cell::new(0) };
    static RESOURCE: Cell<Resource> =
        const { Cell::new(Resource { tag: Tag::Strong, size: 0, form: Form::Function, compares: false }) };
}

/// The input of the writers.
#[derive(serde::Serialize)]
struct Value {
    language: &'static str,
    version: u32,
    size: usize,
}

fn written(media_type: &'static str) -> impl Fn(&Value) -> String {
    move |value| content(media_type, value.language, value.version, value.size)
}

fn layer() -> NegotiationLayer {
    let layer = NegotiationLayer::new().languages(LANGUAGES);
    MEDIA_TYPES.into_iter().fold(layer, |layer, media_type| layer.writer(media_type, written(media_type)))
}

fn content(media_type: &str, language: &str, version: u32, size: usize) -> String {
    format!("{media_type} {language} {version} {}", "text ".repeat(size))
}

async fn resource(negotiated: Negotiated, asked: HeaderMap) -> Response {
    let (media_type, language) = (negotiated.media_type().unwrap(), negotiated.language().unwrap());
    let Resource { tag, size, form, compares } = RESOURCE.get();
    let version = VERSION.get();
    let is_written = form == Form::Writer || form == Form::Either && version.is_multiple_of(3);
    let own = match is_written {
        true => format!("{version}w{language}"),
        false => format!("{version}{}{language}", media_type.len()),
    };
    let tag = match tag {
        Tag::Strong => Some(format!("\"{own}\"")),
        Tag::Weak => Some(format!("W/\"{own}\"")),
        Tag::Suffixed(suffix) => Some(format!("\"{own}{}\"", if version.is_multiple_of(2) { suffix } else { "" })),
        Tag::Generated => None,
    };
    let is_held = tag.as_deref().is_some_and(|tag| {
        let lines = asked.get_all("if-none-match").iter().filter_map(|line| line.to_str().ok());
        let mut held = lines.flat_map(|line| line.split(", "));
        held.any(|held| held.trim_start_matches("W/") == tag.trim_start_matches("W/"))
    });
    let mut response = match (compares && is_held, is_written) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, true) => Negotiate(Value { language, version, size }).into_response(),
        (false, false) => {
            let mut response = Response::new(Body::from(content(media_type, language, version, size)));
            response.headers_mut().insert("content-type", HeaderValue::from_static(media_type));
            response
        }
    };
    response.headers_mut().insert("cache-control", HeaderValue::from_static("max-age=60"));
    if let Some(tag) = tag {
        response.headers_mut().insert("etag", tag.parse().unwrap());
    }
    response
}

#[derive(Clone, Debug)]
enum Step {
    /// The resource changes.
    Publish,
    Get {
        accept: usize,
        language: usize,
        encoding: usize,
        origin: usize,
        /// A stored response that fits is still fresh.
        fresh: bool,
        /// The tags are sent in a line each.
        lines: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let get =
        (0..ACCEPT.len(), 0..ACCEPT_LANGUAGE.len(), 0..ACCEPT_ENCODING.len(), 0..ORIGIN.len(), any::<[bool; 2]>());
    prop_oneof![
        1 => Just(Step::Publish),
        6 => get.prop_map(|(accept, language, encoding, origin, [fresh, lines])| {
            Step::Get { accept, language, encoding, origin, fresh, lines }
        }),
    ]
}

struct Stored {
    asked: HeaderMap,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// The lines of a header as one value, as RFC 9111, section 4.1 compares them.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| line.to_str().unwrap().to_ascii_lowercase()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

impl Stored {
    /// Section 4.1: each header that `Vary` names is the same in both requests.
    fn fits(&self, asked: &HeaderMap) -> bool {
        let vary = joined(&self.headers, "vary").unwrap_or_default();
        vary.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .all(|name| name != "*" && joined(&self.asked, name) == joined(asked, name))
    }

    fn tag(&self) -> Option<&HeaderValue> {
        self.headers.get("etag")
    }

    /// Section 3.2: the headers of a 304 replace the stored ones, but for those of the body.
    fn freshen(&mut self, headers: &HeaderMap) {
        for name in headers.keys().filter(|name| !name.as_str().starts_with("content-")) {
            self.headers.remove(name);
            for value in headers.get_all(name) {
                self.headers.append(name, value.clone());
            }
        }
    }
}

/// Returns whether a request accepts a coding, of those in [`ACCEPT_ENCODING`] (RFC 9110, section 12.5.3).
fn takes(accept_encoding: &str, coding: &str) -> bool {
    let named = accept_encoding.split(',').map(|item| item.split_once(';').unwrap_or((item, "")));
    coding == "identity" || named.into_iter().any(|(name, weight)| name.trim() == coding && weight.trim() != "q=0")
}

fn decoded(headers: &HeaderMap, body: &[u8]) -> (String, String) {
    let coding = joined(headers, "content-encoding").unwrap_or_else(|| "identity".to_owned());
    let mut text = String::new();
    match coding.as_str() {
        "gzip" => flate2::read::GzDecoder::new(body).read_to_string(&mut text).unwrap(),
        "br" => brotli::Decompressor::new(body, 4096).read_to_string(&mut text).unwrap(),
        "identity" => (&*body).read_to_string(&mut text).unwrap(),
        other => panic!("{other} was not requested"),
    };
    (coding, text)
}

#[test]
fn a_cache_never_serves_a_wrong_body() {
    let tags = prop_oneof![
        Just(Tag::Strong),
        Just(Tag::Weak),
        Just(Tag::Suffixed("-gzip")),
        Just(Tag::Suffixed("-br")),
        Just(Tag::Suffixed("-identity")),
        Just(Tag::Suffixed(";text/csv")),
        Just(Tag::Suffixed(";text/csv-gzip")),
        Just(Tag::Suffixed(";own")),
        Just(Tag::Generated),
    ];
    let forms = prop_oneof![Just(Form::Function), Just(Form::Writer), Just(Form::Either)];
    let resource = (tags, prop_oneof![Just(4_usize), Just(600)], forms, any::<bool>());
    let resource = resource.prop_map(|(tag, size, form, compares)| Resource { tag, size, form, compares });
    let served = RefCell::new([0_u32; 3]);
    holds((resource, vec(step(), 1..40)), |(resource, steps)| {
        block_on(run(resource, steps, &served));
    });
    let [from_store, revalidated, fetched] = served.take();
    // Each way was taken.
    assert!(from_store > 0 && revalidated > 0 && fetched > 0, "{from_store} {revalidated} {fetched}");
}

async fn run(resource_of: Resource, steps: Vec<Step>, served: &RefCell<[u32; 3]>) {
    let size = resource_of.size;
    VERSION.set(0);
    RESOURCE.set(resource_of);
    let stack = http::Stack::new()
        .cors(CorsLayer::new().allow_origins(ORIGINS))
        .compression(CompressionLayer::new())
        .conditional(ConditionalLayer::new())
        .layer(layer());
    let caller = Caller::new(pilaster::handler(resource).layer(stack)).without_logs();
    let mut store: Vec<Stored> = Vec::new();
    for step in steps {
        let Step::Get { accept, language, encoding, origin, fresh, lines } = step else {
            VERSION.set(VERSION.get() + 1);
            continue;
        };
        let mut asked = HeaderMap::new();
        for (name, value) in [
            ("accept", ACCEPT[accept]),
            ("accept-language", ACCEPT_LANGUAGE[language]),
            ("accept-encoding", ACCEPT_ENCODING[encoding]),
            ("origin", ORIGIN[origin]),
        ] {
            if !value.is_empty() {
                asked.insert(name, HeaderValue::from_static(value));
            }
        }
        let stored = store.iter().rposition(|stored| stored.fits(&asked)).filter(|_| fresh);
        let (headers, body) = match stored {
            Some(at) => {
                served.borrow_mut()[0] += 1;
                (store[at].headers.clone(), store[at].body.clone())
            }
            None => fetch(&caller, &mut store, &asked, lines, served).await,
        };
        let (coding, text) = decoded(&headers, &body);
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap();
        let (media_type, spoken, version): (_, _, u32) = (word(), word(), word().parse().unwrap());
        let context = format!("{asked:?} got {headers:?} {media_type} {spoken} {version}");
        assert_eq!(text, content(media_type, spoken, version, size), "{context}");
        assert_eq!(headers["content-type"], media_type, "{context}");
        assert!(takes(ACCEPT_ENCODING[encoding], &coding), "{context}");
        assert!(accept == 0 || accept > 2 || ACCEPT[accept] == media_type, "{context}");
        assert!(!matches!(language, 1 | 2) || ACCEPT_LANGUAGE[language] == spoken, "{context}");
        assert!(stored.is_some() || version == VERSION.get(), "{context}");
        let allowed = joined(&headers, "access-control-allow-origin");
        match ORIGIN[origin] {
            "" => {}
            known if ORIGINS.contains(&known) => assert_eq!(allowed.as_deref(), Some(known), "{context}"),
            other => assert_ne!(allowed.as_deref(), Some(other), "{context}"),
        }
    }
}

/// Asks the function, with the tags of all stored responses (section 4.3.1), and stores its response.
async fn fetch<R: pilaster::RawService>(
    caller: &Caller<R>,
    store: &mut Vec<Stored>,
    asked: &HeaderMap,
    lines: bool,
    served: &RefCell<[u32; 3]>,
) -> (HeaderMap, Vec<u8>) {
    let mut sent = request::get("/");
    for (name, value) in asked {
        sent = sent.header(name, value.to_str().unwrap());
    }
    let tags: Vec<_> = store.iter().filter_map(|stored| stored.tag()?.to_str().ok()).collect();
    if lines {
        sent = tags.iter().fold(sent, |sent, tag| sent.header("if-none-match", tag));
    } else if !tags.is_empty() {
        sent = sent.header("if-none-match", tags.join(", "));
    }
    let answer = caller.send(sent).await.unwrap();
    if answer.status() == 200 {
        served.borrow_mut()[2] += 1;
        let (headers, body) = (answer.headers().clone(), answer.bytes().to_vec());
        store.retain(|stored| !stored.fits(asked));
        store.push(Stored { asked: asked.clone(), headers: headers.clone(), body: body.clone() });
        return (headers, body);
    }
    assert_eq!(answer.status(), 304);
    served.borrow_mut()[1] += 1;
    // Section 4.3.4: a response with that tag; of several with a weak one the latest.
    let tag = answer.headers().get("etag").cloned();
    let at = store.iter().rposition(|stored| stored.tag() == tag.as_ref()).expect("a tag that the cache sent");
    // Selected for another request, it is stored for that one, too: section 4.1 compares requests.
    if !store[at].fits(asked) {
        let (headers, body) = (store[at].headers.clone(), store[at].body.clone());
        store.retain(|stored| !stored.fits(asked));
        store.push(Stored { asked: asked.clone(), headers, body });
    }
    let stored = store.iter_mut().rfind(|stored| stored.tag() == tag.as_ref() && stored.fits(asked));
    let stored = stored.expect("what was stored for this request");
    stored.freshen(answer.headers());
    (stored.headers.clone(), stored.body.clone())
}
