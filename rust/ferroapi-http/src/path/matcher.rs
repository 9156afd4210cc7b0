//! One template against one path, outside a tree.

use super::{End, ParamRanges, PathTemplate, PiecesMatcher, Shape};

/// The answer of a [`PathMatcher`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMatch {
    /// The path does not match.
    No,
    /// The path matches; the parameters stand in these ranges, in template order.
    Yes(ParamRanges),
    /// A user's convertor takes part whose expression only Python can decide for this path.
    AskCaller,
}

/// A template made ready to be matched, equal to Starlette's `compile_path(template)[0].match(path)`.
#[derive(Debug)]
pub struct PathMatcher {
    inner: PiecesMatcher,
}

impl PathMatcher {
    /// Compiles the template.
    #[must_use]
    pub fn new(template: &PathTemplate) -> Self {
        Self {
            inner: PiecesMatcher::new(
                &Shape::new(template.pieces(), template.params()),
                End::Dollar,
            ),
        }
    }

    /// Matches the whole path.
    #[must_use]
    pub fn matches(&self, path: &str) -> PathMatch {
        let mut ranges = ParamRanges::new();
        match self.inner.captures(path, 0, &mut ranges) {
            Some(true) => PathMatch::Yes(ranges),
            Some(false) => PathMatch::No,
            None => PathMatch::AskCaller,
        }
    }
}
