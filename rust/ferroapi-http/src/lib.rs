//! HTTP text processing for ferroapi, free of Python: everything here takes `&str` or `&[u8]` and gives plain
//! values, byte for byte what Starlette 1.10 and the Python standard library give.
//!
//! # The API in one place
//!
//! ```text
//! path          PathTemplate::parse("/users/{id:int}")                   -> Result<PathTemplate, TemplateError>
//!               PathTemplate::parse_with(text, |name| -> Option<Convertor>)   (CONVERTOR_TYPES can be changed by users)
//!               template.source() / .format() / .params() -> &[Param { name, convertor }] / .pieces()
//!               template.has_custom() / .is_static()
//!               Convertor::{Str, Path, Int, Float, Uuid, Custom { regex }},  Convertor::builtin("int") -> Option
//!               PathMatcher::new(&template).matches(path) -> PathMatch::{No, Yes(ParamRanges), AskCaller}
//!               TemplateError::{UnknownConvertor, DuplicatedParams, NotAbsolute}, Display = Starlette's message
//! route_tree    RouteTree::builder() -> RouteTreeBuilder
//!               builder.insert(RouteId(7), &template)       any order; look-ups answer by ascending RouteId
//!               builder.insert_opaque(RouteId(8))           always a candidate (Host, unknown BaseRoute, ...)
//!               builder.build() -> RouteTree
//!               tree.matches(path) -> Matches: Iterator<Item = Match>, lazy, ascending RouteId
//!               Match { route: RouteId, params: ParamRanges, verdict: Verdict::{Matched, AskCaller} }
//!               ParamRange { start, end }, range.of(path) -> &str    (params in template.params() order)
//! query         query::pairs(raw: &[u8]) -> QueryPairs: Iterator<Item = (Cow<str>, Cow<str>)>
//! cookie        cookie::pairs(header: &str) -> CookiePairs: Iterator<Item = (&str, Cow<str>)>
//!               (one header value; dict semantics, last value wins and first position stays, are the caller's)
//! percent       percent::unquote(raw: &[u8]) -> Cow<str>
//! latin1        latin1::decode(raw: &[u8]) -> Cow<str>
//! json::text    write_str(&mut Vec<u8>, &str), write_str_ascii, write_i64, write_u64, write_i128, write_f64
//! content_type  content_type::classify(raw: &[u8]) -> ContentType::{Json, NotJson, Unsure}
//! multimap      NameSet::new(names) ; set.slot(raw_name: &[u8]) -> Option<usize> ; set.insert(name) -> usize ; set.len()
//!               multimap::raw_name("X-Token") -> Option<Vec<u8>>  (name.lower().encode("latin-1"))
//!               multimap::first(headers, b"content-type"), multimap::all(headers, name)
//! http1         Decoder::new(Limits::default())               one per connection
//!               decoder.next(&mut input) -> Result<Option<Event>, Refusal>   None: more bytes, please
//!               Event::{Head(Head), Data(&[u8]), End},  decoder.in_body() / .idle()
//!               Head { raw, fields, method, target, path, query, version, body, keep_alive, expect_continue, upgrade }
//!               Field { name: Span, value: Span }, span.of(head.raw) -> &[u8],  Body::{None, Length(u64), Chunked}
//!               Refusal::{BadRequest, BodyTooLarge, HeadTooLarge, NotImplemented}, refusal.status() -> 400 | 413 | 431 | 501
//!               ResponseWriter::new(head_request, keep_alive)    one per response, appends to a Vec<u8>
//!               writer.start(status, line, out) / .raw_fields(lines, out) / .field(name, value, out) / .end_head(out)
//!               writer.body(data, more, out) / .body_framing(len, more) -> Result<BodyFraming, Misuse>
//!               writer.close_after() / .is_complete() / .keep_alive(),  Display of Misuse = uvicorn's message
//! ```
//!
//! A path is matched as Python's `path_regex.match(path)` would: the whole path, with `$` also before one final
//! newline. `AskCaller` means that the route is a candidate at this place in the order whose own Python regular
//! expression (or `matches()`) must decide: opaque routes, and custom convertors whose expression
//! means different things in Python and Rust.
//!
//! A captured text is not converted here: Starlette converts while it matches, for partial matches too, so a
//! failing convertor (`int()` on more than 4300 digits) must fail at each yielded match, in order.
#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    reason = "paths and route tables are far below 4 GiB; offsets are stored as u32 to stay small"
)]

pub mod content_type;
pub mod cookie;
pub mod http1;
pub mod json;
pub mod latin1;
pub mod multimap;
pub mod path;
pub mod percent;
pub mod query;
pub mod route_tree;

pub use multimap::NameSet;
pub use path::{
    Convertor, Param, ParamRange, ParamRanges, PathMatch, PathMatcher, PathTemplate, Piece,
    TemplateError,
};
pub use route_tree::{Match, Matches, RouteId, RouteTree, RouteTreeBuilder, Verdict};
