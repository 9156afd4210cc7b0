//! The tree answers as each template does by itself. Input: templates, each followed by a carriage
//! return, and then the path.
#![no_main]

use ferroapi_http::{Match, PathMatch, PathMatcher, PathTemplate, RouteId, RouteTree, Verdict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (sources, path) = text.rsplit_once('\r').unwrap_or(("", text));
    let mut builder = RouteTree::builder();
    let mut expected = Vec::new();
    let templates = sources
        .split('\r')
        .filter_map(|source| PathTemplate::parse(source).ok());
    for (route, template) in (0..).map(RouteId).zip(templates.take(20)) {
        builder.insert(route, &template);
        match PathMatcher::new(&template).matches(path) {
            PathMatch::Yes(params) => {
                expected.push(Match {
                    route,
                    params,
                    verdict: Verdict::Matched,
                });
            }
            PathMatch::No => {}
            PathMatch::AskCaller => unreachable!("no custom convertors"),
        }
    }
    assert_eq!(builder.build().matches(path).collect::<Vec<_>>(), expected);
});
