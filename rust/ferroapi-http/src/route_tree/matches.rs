//! The answer of a look-up.

use std::slice;

use super::walk::Walk;
use super::{RouteId, RouteTree};
use crate::path::ParamRanges;

/// Who has decided that a route matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The path matches the template.
    Matched,
    /// Undecided: the caller has to ask the route itself. No parameters are given.
    AskCaller,
}

/// A route that matches the path, or might.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The route.
    pub route: RouteId,
    /// Where its parameters stand in the path, in template order.
    pub params: ParamRanges,
    /// Whether the match is certain.
    pub verdict: Verdict,
}

/// Matching routes in ascending order; made by [`RouteTree::matches`].
pub struct Matches<'t> {
    source: Source<'t>,
}

// The large variant lives on the caller's stack for the time of one look-up; a box would cost an allocation.
#[allow(clippy::large_enum_variant)]
enum Source<'t> {
    Ready(slice::Iter<'t, Match>),
    Walk(Walk<'t>),
}

impl<'t> Matches<'t> {
    #[inline]
    pub(super) fn new(tree: &'t RouteTree, path: &'t str) -> Self {
        let source = match tree.ready.get(path) {
            Some(found) => Source::Ready(found.iter()),
            None => Source::Walk(Walk::new(tree, path)),
        };
        Self { source }
    }
}

impl Iterator for Matches<'_> {
    type Item = Match;

    #[inline]
    fn next(&mut self) -> Option<Match> {
        match &mut self.source {
            Source::Ready(found) => found.next().cloned(),
            Source::Walk(walk) => walk.next(),
        }
    }
}
