//! The way of a path through the tree.

use memchr::memchr;
use smallvec::SmallVec;

use super::node::{Capture, Decision, Entry, Node, NodeId};
use super::{Match, RouteId, RouteTree, Verdict};
use crate::path::{ParamRange, ParamRanges};

/// Follows one path down all branches that accept it, and then merges what was found.
pub(super) struct Walk<'t> {
    nodes: &'t [Node],
    path: &'t str,
    /// Where each segment of the path starts, as deep as the tree was followed.
    starts: SmallVec<[u32; 12]>,
    /// Lists of entries found, each in ascending order, what was answered already cut off.
    found: SmallVec<[&'t [Entry]; 4]>,
}

impl<'t> Walk<'t> {
    pub(super) fn new(tree: &'t RouteTree, path: &'t str) -> Self {
        let mut walk = Self {
            nodes: &tree.nodes,
            path,
            starts: SmallVec::new(),
            found: SmallVec::new(),
        };
        walk.add(&tree.opaque);
        if path.starts_with('/') {
            walk.node(0, 1, 0);
        } else if path.is_empty() || path == "\n" {
            walk.add(&tree.empty);
        }
        walk
    }

    #[inline]
    fn add(&mut self, entries: &'t [Entry]) {
        if !entries.is_empty() {
            self.found.push(entries);
        }
    }

    /// Visits a node whose next segment begins at `start`.
    fn node(&mut self, mut id: NodeId, mut start: usize, mut depth: usize) {
        while let Some(node) = self.nodes.get(id as usize) {
            self.arrive(node, start, depth);
            let rest = &self.path[start..];
            // Segments are short: a plain loop is quicker than a vectorised search.
            let Some(len) = rest.bytes().position(|byte| byte == b'/') else {
                return self.last_segment(node, rest);
            };
            let segment = &rest[..len];
            start += len + 1;
            depth += 1;
            // The branch taken last needs no recursion.
            let mut pending = node.literals.get(segment);
            let mut follow = |child: NodeId| {
                if let Some(earlier) = pending.replace(child) {
                    self.node(earlier, start, depth);
                }
            };
            node.params
                .for_each_accepting(segment, segment, &mut follow);
            node.patterns.for_each_matching(segment, &mut follow);
            let Some(next) = pending else { return };
            id = next;
        }
    }

    #[inline]
    fn arrive(&mut self, node: &'t Node, start: usize, depth: usize) {
        if self.starts.len() == depth {
            self.starts.push(start as u32);
        }
        if !node.tails.is_empty() && is_one_line(&self.path[start..]) {
            self.add(&node.tails);
        }
        self.add(&node.rests);
    }

    /// The path ends with this segment, or one newline after it.
    #[inline]
    fn last_segment(&mut self, node: &'t Node, segment: &str) {
        self.end(node.literals.get(segment));
        let line = match segment.strip_suffix('\n') {
            Some(line) => {
                self.end(node.literals.get(line));
                line
            }
            None => segment,
        };
        let mut end = |child: NodeId| self.end(Some(child));
        node.params.for_each_accepting(segment, line, &mut end);
        node.last_patterns.for_each_matching(segment, &mut end);
    }

    #[inline]
    fn end(&mut self, child: Option<NodeId>) {
        if let Some(node) = child.and_then(|id| self.nodes.get(id as usize)) {
            self.add(&node.ends);
        }
    }
}

impl<'t> Walk<'t> {
    pub(super) fn next(&mut self) -> Option<Match> {
        loop {
            let entry = self.take_entry()?;
            if let Some(found) = self.decide(entry) {
                return Some(found);
            }
        }
    }

    /// The first entry that has not been answered.
    #[inline]
    fn take_entry(&mut self) -> Option<&'t Entry> {
        let lists = self.found.iter_mut();
        let list =
            lists.min_by_key(|list| list.first().map_or(u64::MAX, |entry| entry.route.into()))?;
        let (entry, rest) = list.split_first()?;
        *list = rest;
        Some(entry)
    }

    fn decide(&self, entry: &Entry) -> Option<Match> {
        let mut params = ParamRanges::new();
        let verdict = match &entry.decision {
            Decision::Opaque => Verdict::AskCaller,
            Decision::Matched => {
                self.capture(&entry.captures, &mut params);
                Verdict::Matched
            }
            Decision::Rest { segment, matcher } => {
                let from = self.start(*segment);
                self.capture(&entry.captures, &mut params);
                match matcher.captures(&self.path[from..], from, &mut params) {
                    Some(true) => Verdict::Matched,
                    Some(false) => return None,
                    None => {
                        params.clear();
                        Verdict::AskCaller
                    }
                }
            }
        };
        Some(Match {
            route: RouteId(entry.route),
            params,
            verdict,
        })
    }

    fn capture(&self, captures: &[Capture], params: &mut ParamRanges) {
        for capture in captures {
            let (from, to) = match capture {
                Capture::Segment(index) => self.bounds(*index),
                Capture::Line(index) => self.without_newline(self.bounds(*index)),
                Capture::Tail(index) => self.without_newline((self.start(*index), self.path.len())),
                Capture::Pattern { segment, matcher } => {
                    let (from, to) = self.bounds(*segment);
                    matcher.captures(&self.path[from..to], from, params);
                    continue;
                }
            };
            params.push(ParamRange::new(from, to));
        }
    }

    fn start(&self, segment: u32) -> usize {
        self.starts[segment as usize] as usize
    }

    fn bounds(&self, segment: u32) -> (usize, usize) {
        let next = self.starts.get(segment as usize + 1);
        (
            self.start(segment),
            next.map_or(self.path.len(), |start| *start as usize - 1),
        )
    }

    fn without_newline(&self, (from, to): (usize, usize)) -> (usize, usize) {
        (
            from,
            if self.path[from..to].ends_with('\n') {
                to - 1
            } else {
                to
            },
        )
    }
}

/// Python's `.*$`: no newline but perhaps one at the end.
fn is_one_line(text: &str) -> bool {
    memchr(b'\n', text.as_bytes()).is_none_or(|at| at + 1 == text.len())
}
