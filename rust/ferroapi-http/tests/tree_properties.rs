//! The tree against the obvious: every route's own regular expression, one after the other.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "a test may panic, and need not be quick"
)]

use ferroapi_http::{
    Convertor, Match, ParamRange, ParamRanges, PathMatch, PathMatcher, PathTemplate, Piece,
    RouteId, RouteTree, Verdict,
};
use proptest::prelude::*;
use regex::Regex;

/// `compile_path` as Starlette has it, with Python's `$` spelled out.
fn compile(template: &PathTemplate) -> Regex {
    let mut source = String::from(r"\A");
    for piece in template.pieces() {
        match piece {
            Piece::Literal(text) => source.push_str(&regex::escape(text)),
            Piece::Param(index) => {
                let param = &template.params()[*index];
                let expression = match &param.convertor {
                    Convertor::Str => "[^/]+",
                    Convertor::Path => ".*",
                    Convertor::Int => "[0-9]+",
                    Convertor::Float => r"[0-9]+(\.[0-9]+)?",
                    Convertor::Uuid => {
                        "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"
                    }
                    Convertor::Custom { regex } => &**regex,
                };
                source.push_str(&format!("(?P<{}>{expression})", param.name));
            }
        }
    }
    Regex::new(&(source + r"(?:\n?\z)")).unwrap()
}

fn naive(templates: &[PathTemplate], path: &str) -> Vec<Match> {
    let answer = |(index, template): (usize, &PathTemplate)| {
        let found = compile(template).captures(path)?;
        let params: ParamRanges = template
            .params()
            .iter()
            .map(|param| {
                let group = found.name(&param.name).unwrap();
                ParamRange {
                    start: group.start() as u32,
                    end: group.end() as u32,
                }
            })
            .collect();
        Some(Match {
            route: RouteId(index as u32),
            params,
            verdict: Verdict::Matched,
        })
    };
    templates.iter().enumerate().filter_map(answer).collect()
}

fn tree(templates: &[PathTemplate]) -> RouteTree {
    let mut builder = RouteTree::builder();
    // From the last to the first: the order of insertion must not matter.
    for (index, template) in templates.iter().enumerate().rev() {
        builder.insert(RouteId(index as u32), template);
    }
    builder.build()
}

const UUID: &str = "123e4567-e89b-12d3-a456-426614174000";

/// Templates with each `#` replaced by a number, so that names differ.
fn template() -> impl Strategy<Value = PathTemplate> {
    let piece = prop_oneof![
        6 => Just("/"),
        3 => prop_oneof![Just("a"), Just("b"), Just("1"), Just("v"), Just("é"), Just("\n")],
        1 => prop_oneof![Just("."), Just("-"), Just(".json"), Just("{#"), Just("}")],
        3 => Just("{p#}"),
        2 => prop_oneof![Just("{p#:int}"), Just("{p#:float}"), Just("{p#:uuid}")],
        1 => Just("{p#:path}"),
        1 => prop_oneof![Just("{p#:low}"), Just("{p#:date}"), Just("{p#:deep}")],
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| {
        let numbered = pieces.iter().enumerate();
        let text: String = numbered
            .map(|(index, piece)| piece.replace('#', &index.to_string()))
            .collect();
        PathTemplate::parse_with(&format!("/{text}"), convertor).unwrap()
    })
}

fn convertor(name: &str) -> Option<Convertor> {
    let custom = |regex: &str| {
        Some(Convertor::Custom {
            regex: regex.into(),
        })
    };
    match name {
        "low" => custom("[a-z]+"),
        "date" => custom("[0-9]{1,4}(-[0-9]{2})?"),
        "deep" => custom("[a-z]*(/[a-z]+)*"),
        _ => Convertor::builtin(name),
    }
}

fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => Just("/"),
        8 => prop_oneof![Just("a"), Just("b"), Just("1"), Just("12"), Just("1.5"), Just("v"), Just("é"), Just("v1")],
        2 => prop_oneof![Just("."), Just("-"), Just(".json"), Just("{p}"), Just(UUID), Just("1-31")],
        1 => Just("\n"),
    ];
    let text = proptest::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat());
    prop_oneof![
        9 => text.clone().prop_map(|text| format!("/{text}")),
        3 => text.clone().prop_map(|text| format!("/{text}\n")),
        1 => text,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tree_equals_linear_scan(
        templates in proptest::collection::vec(template(), 0..12),
        paths in proptest::collection::vec(path(), 1..8),
    ) {
        let tree = tree(&templates);
        for path in &paths {
            let found: Vec<Match> = tree.matches(path).collect();
            prop_assert_eq!(&found, &naive(&templates, path), "{:?} in {:?}", path, sources(&templates));
        }
    }

    #[test]
    fn matcher_equals_regex(template in template(), path in path()) {
        let expected = match naive(std::slice::from_ref(&template), &path).pop() {
            Some(found) => PathMatch::Yes(found.params),
            None => PathMatch::No,
        };
        prop_assert_eq!(PathMatcher::new(&template).matches(&path), expected, "{:?}", template.source());
    }

    #[test]
    fn any_text_parses_and_is_looked_up(source in r"/?\PC{0,20}", path in r"(?s).{0,20}") {
        if let Ok(template) = PathTemplate::parse(&source) {
            prop_assert!(template.pieces().iter().all(|piece| *piece != Piece::Literal("".into())));
            let found: Vec<Match> = tree(std::slice::from_ref(&template)).matches(&path).collect();
            prop_assert_eq!(found, naive(&[template], &path));
        }
    }
}

fn sources(templates: &[PathTemplate]) -> Vec<&str> {
    templates.iter().map(PathTemplate::source).collect()
}

fn routes(tree: &RouteTree, path: &str) -> Vec<u32> {
    tree.matches(path).map(|found| found.route.0).collect()
}

fn parsed(sources: &[&str]) -> Vec<PathTemplate> {
    sources
        .iter()
        .map(|source| PathTemplate::parse_with(source, convertor).unwrap())
        .collect()
}

#[test]
fn first_registered_comes_first() {
    let templates = parsed(&[
        "/{x}",
        "/a",
        "/{x:path}",
        "/a",
        "/{x}.b",
        "/{x:low}",
        "/a/b",
    ]);
    let tree = tree(&templates);
    assert_eq!(routes(&tree, "/a"), [0, 1, 2, 3, 5]);
    assert_eq!(routes(&tree, "/a.b"), [0, 2, 4]);
    assert_eq!(routes(&tree, "/a/b"), [2, 6]);
    assert_eq!(routes(&tree, ""), [0; 0]);
}

#[test]
fn opaque_routes_are_candidates_everywhere() {
    let template = PathTemplate::parse("/a").unwrap();
    let mut builder = RouteTree::builder();
    builder
        .insert(RouteId(1), &template)
        .insert_opaque(RouteId(2))
        .insert_opaque(RouteId(0));
    builder.insert(RouteId(3), &template);
    let tree = builder.build();
    let verdicts: Vec<_> = tree
        .matches("/a")
        .map(|found| (found.route.0, found.verdict))
        .collect();
    let (ask, matched) = (Verdict::AskCaller, Verdict::Matched);
    assert_eq!(verdicts, [(0, ask), (1, matched), (2, ask), (3, matched)]);
    assert_eq!(routes(&tree, "not a path"), [0, 2]);
}

#[test]
fn only_python_knows_some_convertors() {
    let convertor = |_: &str| {
        Some(Convertor::Custom {
            regex: "(?=a)[a-z]+".into(),
        })
    };
    let template = PathTemplate::parse_with("/a/{x:c}/b", convertor).unwrap();
    let tree = tree(&[template]);
    let found = tree.matches("/a/x/b").next().unwrap();
    assert_eq!((found.verdict, found.params.len()), (Verdict::AskCaller, 0));
    assert_eq!(
        routes(&tree, "/b/x/b"),
        [0; 0],
        "what precedes the convertor is still compared"
    );
}

#[test]
fn one_route_may_have_several_templates() {
    let mut builder = RouteTree::builder();
    for template in parsed(&["/a", "/{x}", ""]) {
        builder.insert(RouteId(4), &template);
    }
    let tree = builder.build();
    assert_eq!(routes(&tree, "/a"), [4, 4]);
    assert_eq!(routes(&tree, "\n"), [4]);
}

#[test]
fn empty_trees_match_nothing() {
    assert_eq!(routes(&RouteTree::default(), "/"), [0; 0]);
    assert_eq!(routes(&RouteTree::builder().build(), "/a/b"), [0; 0]);
}

#[test]
fn many_children_of_every_kind() {
    let mut sources: Vec<String> = (0..500).map(|index| format!("/static{index}/x")).collect();
    sources.extend((0..500).map(|index| format!("/p{index}-{{x}}/y")));
    sources.extend((0..500).map(|index| format!("/m{index}/{{x:path}}")));
    let templates = parsed(&sources.iter().map(String::as_str).collect::<Vec<_>>());
    let tree = tree(&templates);
    for index in 0..500 {
        assert_eq!(routes(&tree, &format!("/static{index}/x")), [index]);
        assert_eq!(routes(&tree, &format!("/p{index}-z/y")), [500 + index]);
        assert_eq!(routes(&tree, &format!("/m{index}/a/b")), [1000 + index]);
    }
}

#[test]
fn deep_templates_and_paths() {
    let source = format!("/{{first}}{}/{{last:path}}", "/a".repeat(2000));
    let tree = tree(&parsed(&[&source]));
    let path = format!("/start{}/rest/of/it", "/a".repeat(2000));
    let found = tree.matches(&path).next().unwrap();
    let texts: Vec<&str> = found.params.iter().map(|range| range.of(&path)).collect();
    assert_eq!(texts, ["start", "rest/of/it"]);
    assert_eq!(routes(&tree, &"/a".repeat(100_000)), [0]);
}
