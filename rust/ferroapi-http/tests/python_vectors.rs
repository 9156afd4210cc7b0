//! Every table written by Python, through the public functions.
#![allow(
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "a test may panic, and need not be quick"
)]

#[allow(
    clippy::pedantic,
    clippy::type_complexity,
    missing_docs,
    reason = "written by a program"
)]
mod vectors;

use std::borrow::Cow;

use ferroapi_http::content_type::{ContentType, classify};
use ferroapi_http::json::text::{write_f64, write_str, write_str_ascii};
use ferroapi_http::{
    Convertor, PathMatch, PathMatcher, PathTemplate, RouteId, RouteTree, Verdict, cookie, query,
};

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

/// What was captured, `None` if the path does not match; `Err` leaves it to Python.
type Answer<'p> = Result<Option<Vec<&'p str>>, ()>;

/// The captures by the lone matcher.
fn by_matcher<'p>(template: &PathTemplate, path: &'p str) -> Answer<'p> {
    match PathMatcher::new(template).matches(path) {
        PathMatch::No => Ok(None),
        PathMatch::Yes(ranges) => Ok(Some(ranges.iter().map(|range| range.of(path)).collect())),
        PathMatch::AskCaller => Err(()),
    }
}

/// The same by a tree of one route.
fn by_tree<'p>(template: &PathTemplate, path: &'p str) -> Answer<'p> {
    let mut builder = RouteTree::builder();
    builder.insert(RouteId(7), template);
    let tree = builder.build();
    let mut matches = tree.matches(path);
    let Some(found) = matches.next() else {
        return Ok(None);
    };
    assert_eq!((found.route, matches.next()), (RouteId(7), None));
    let params = found.params.iter().map(|range| range.of(path)).collect();
    if found.verdict == Verdict::Matched {
        Ok(Some(params))
    } else {
        Err(())
    }
}

#[test]
fn paths_match_as_in_starlette() {
    for (source, path, expected) in vectors::paths::CASES {
        let template = PathTemplate::parse(source).unwrap();
        let expected = Ok(expected.map(<[_]>::to_vec));
        assert_eq!(
            by_matcher(&template, path),
            expected,
            "matcher: {source:?} {path:?}"
        );
        assert_eq!(
            by_tree(&template, path),
            expected,
            "tree: {source:?} {path:?}"
        );
    }
}

#[test]
fn custom_convertors_match_as_in_starlette_or_ask() {
    let mut asked = 0;
    for (expression, source, path, expected) in vectors::custom::CASES {
        let custom = Convertor::Custom {
            regex: (*expression).into(),
        };
        let convertor = |name: &str| {
            if name == "c" {
                Some(custom.clone())
            } else {
                Convertor::builtin(name)
            }
        };
        let template = PathTemplate::parse_with(source, convertor).unwrap();
        let expected = expected.map(<[_]>::to_vec);
        for answer in [by_matcher(&template, path), by_tree(&template, path)] {
            if let Ok(answer) = answer {
                assert_eq!(answer, expected, "{expression:?} {source:?} {path:?}");
                continue;
            }
            // Only word classes on text beyond ASCII are left to Python.
            asked += 1;
            assert!(expression.contains('\\'), "{expression:?}");
            assert!(!path.is_ascii(), "{path:?}");
        }
    }
    assert!(asked > 0);
}

#[test]
fn queries_parse_as_parse_qsl() {
    for (raw, expected) in vectors::queries::CASES {
        let pairs: Vec<_> = query::pairs(raw).collect();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(pairs, *expected, "{raw:?}");
    }
}

#[test]
fn cookies_parse_as_in_starlette() {
    for (header, expected) in vectors::cookies::CASES {
        let mut dict: Vec<(&str, Cow<str>)> = Vec::new();
        for (name, value) in cookie::pairs(header) {
            match dict.iter_mut().find(|(known, _)| *known == name) {
                Some(item) => item.1 = value,
                None => dict.push((name, value)),
            }
        }
        let dict: Vec<_> = dict.iter().map(|(name, value)| (*name, &**value)).collect();
        assert_eq!(dict, *expected, "{header:?}");
    }
}

#[test]
fn strings_are_written_as_by_json_dumps() {
    for (text, unicode, ascii) in vectors::strings::CASES {
        assert_eq!(written(|out| write_str(out, text)), *unicode, "{text:?}");
        assert_eq!(
            written(|out| write_str_ascii(out, text)),
            *ascii,
            "{text:?}"
        );
    }
}

#[test]
fn floats_are_written_as_by_repr() {
    for (bits, expected) in vectors::floats::CASES {
        assert_eq!(
            written(|out| write_f64(out, f64::from_bits(*bits))),
            *expected,
            "{bits:#x}"
        );
    }
}

#[test]
fn content_types_are_classified_as_by_email_message() {
    let mut unsure = 0;
    for (raw, json) in vectors::content_types::CASES {
        match classify(raw) {
            ContentType::Json => assert!(json, "{raw:?}"),
            ContentType::NotJson => assert!(!json, "{raw:?}"),
            ContentType::Unsure => {
                unsure += 1;
                let odd = |byte: &u8| *byte != b'\t' && !(b' '..=b'~').contains(byte);
                assert!(raw.iter().any(odd), "{raw:?}");
            }
        }
    }
    assert!(unsure > 0);
}
