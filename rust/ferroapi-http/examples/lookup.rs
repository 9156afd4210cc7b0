//! Times look-ups: `cargo run --release --example lookup`.

use std::hint::black_box;
use std::time::Instant;

use ferroapi_http::{PathTemplate, RouteId, RouteTree, query};

const BATCHES: u32 = 300;
const ROUNDS: u32 = 2_000;

/// Prints the mean of the quickest batch: other programs can only make a batch slower.
fn time(label: &str, mut work: impl FnMut()) {
    let batch = |_| {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            work();
        }
        start.elapsed()
    };
    let best = (0..BATCHES).map(batch).min().unwrap_or_default();
    println!(
        "{label:<44}{:>8.1} ns",
        best.as_secs_f64() * 1e9 / f64::from(ROUNDS)
    );
}

fn tree(size: u32) -> RouteTree {
    let mut sources = vec![
        "/".to_owned(),
        "/users/me".to_owned(),
        "/users/{id:int}".to_owned(),
        "/users/{name}/posts/{post}".to_owned(),
        "/files/{path:path}".to_owned(),
        "/reports/{name}.{format}".to_owned(),
    ];
    sources.extend((0..size / 2).map(|index| format!("/section{}/item{index}", index % 100)));
    sources.extend((0..size / 2).map(|index| format!("/part{index}/{{id}}")));
    let mut builder = RouteTree::builder();
    for (index, source) in (0..).zip(&sources) {
        let template = PathTemplate::parse(source).expect("the templates above are valid");
        builder.insert(RouteId(index), &template);
    }
    builder.build()
}

fn main() {
    for size in [10, 10_000] {
        let tree = tree(size);
        let paths = [
            "/",
            "/users/me",
            "/users/42",
            "/users/ann/posts/first",
            "/files/a/b/c.txt",
            "/reports/q1.pdf",
            "/section4/item4",
            "/part4/x",
            "/nowhere/at/all",
        ];
        for path in paths {
            time(&format!("{size} routes, {path}"), || {
                black_box(tree.matches(black_box(path)).next());
            });
        }
    }
    for raw in ["limit=10&offset=20&sort=name", "q=a%20b+c&city=Z%C3%BCrich"] {
        time(&format!("query {raw}"), || {
            query::pairs(black_box(raw.as_bytes())).for_each(|pair| drop(black_box(pair)));
        });
    }
}
