//! The parts of the tree.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::path::{Convertor, PiecesMatcher};

/// Index of a node in the tree's vector.
pub(super) type NodeId = u32;

/// What is known once a certain sequence of segments has been seen.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) literals: Literals,
    pub(super) params: ParamChildren,
    /// Segments with literal text around or between their parameters, and a slash after them.
    pub(super) patterns: Patterns,
    /// The same for segments the template ends with, where a newline may follow.
    pub(super) last_patterns: Patterns,
    /// Routes that end here.
    pub(super) ends: Vec<Entry>,
    /// Routes whose last segment is a lone `{name:path}`.
    pub(super) tails: Vec<Entry>,
    /// Routes that go on with something a tree of segments cannot express.
    pub(super) rests: Vec<Entry>,
}

/// One route at one place of the tree.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) route: u32,
    pub(super) captures: Box<[Capture]>,
    pub(super) decision: Decision,
}

/// What remains to be done when it is this entry's turn.
#[derive(Clone, Debug)]
pub(super) enum Decision {
    /// Nothing, the walk has shown that it matches.
    Matched,
    /// The text from this segment on has to match.
    Rest {
        segment: u32,
        matcher: Arc<PiecesMatcher>,
    },
    /// The caller decides.
    Opaque,
}

/// How parameters are read off the segments.
#[derive(Clone, Debug)]
pub(super) enum Capture {
    /// The whole segment.
    Segment(u32),
    /// The whole segment, without a final newline (the parameter cannot contain one).
    Line(u32),
    /// All from this segment on, without a final newline.
    Tail(u32),
    /// As many parameters as the pattern has.
    Pattern {
        segment: u32,
        matcher: Arc<PiecesMatcher>,
    },
}

/// One child for each convertor that stays in a segment.
#[derive(Debug, Default)]
pub(super) struct ParamChildren {
    pub(super) text: Option<NodeId>,
    pub(super) int: Option<NodeId>,
    pub(super) float: Option<NodeId>,
    pub(super) uuid: Option<NodeId>,
}

impl ParamChildren {
    pub(super) fn slot(&mut self, convertor: &Convertor) -> Option<&mut Option<NodeId>> {
        match convertor {
            Convertor::Str => Some(&mut self.text),
            Convertor::Int => Some(&mut self.int),
            Convertor::Float => Some(&mut self.float),
            Convertor::Uuid => Some(&mut self.uuid),
            Convertor::Path | Convertor::Custom { .. } => None,
        }
    }

    /// Visits the children that accept a segment; `line` is the segment without a newline that may be ignored.
    #[inline]
    pub(super) fn for_each_accepting(
        &self,
        segment: &str,
        line: &str,
        visit: &mut impl FnMut(NodeId),
    ) {
        let mut accept = |child: Option<NodeId>, convertor: Convertor, text: &str| {
            if let Some(child) = child
                && convertor.accepts(text.as_bytes())
            {
                visit(child);
            }
        };
        accept(self.text, Convertor::Str, segment);
        accept(self.int, Convertor::Int, line);
        accept(self.float, Convertor::Float, line);
        accept(self.uuid, Convertor::Uuid, line);
    }
}

/// Children by literal segment: a short list is compared, a long one hashed.
#[derive(Debug)]
pub(super) enum Literals {
    Few(Vec<(Box<str>, NodeId)>),
    Many(FxHashMap<Box<str>, NodeId>),
}

impl Default for Literals {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Literals {
    const FEW: usize = 6;

    #[inline]
    pub(super) fn get(&self, segment: &str) -> Option<NodeId> {
        match self {
            Self::Few(list) => list
                .iter()
                .find(|(text, _)| **text == *segment)
                .map(|(_, node)| *node),
            Self::Many(map) => map.get(segment).copied(),
        }
    }

    pub(super) fn insert(&mut self, segment: &str, node: NodeId) {
        match self {
            Self::Few(list) if list.len() < Self::FEW => list.push((segment.into(), node)),
            Self::Few(list) => {
                let mut map: FxHashMap<_, _> = list.drain(..).collect();
                map.insert(segment.into(), node);
                *self = Self::Many(map);
            }
            Self::Many(map) => {
                map.insert(segment.into(), node);
            }
        }
    }
}

/// Pattern children, found by the literal text their segments begin with.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// One table for each length of that text.
    by_prefix: Vec<(usize, ByPrefix)>,
}

type ByPrefix = FxHashMap<Box<str>, Vec<PatternChild>>;

#[derive(Debug)]
pub(super) struct PatternChild {
    pub(super) matcher: Arc<PiecesMatcher>,
    pub(super) node: NodeId,
}

impl Patterns {
    pub(super) fn insert(&mut self, prefix: &str, child: PatternChild) {
        let at = self
            .by_prefix
            .iter()
            .position(|(len, _)| *len == prefix.len())
            .unwrap_or_else(|| {
                self.by_prefix.push((prefix.len(), ByPrefix::default()));
                self.by_prefix.len() - 1
            });
        self.by_prefix[at]
            .1
            .entry(prefix.into())
            .or_default()
            .push(child);
    }

    /// Visits the children that accept a segment.
    #[inline]
    pub(super) fn for_each_matching(&self, segment: &str, visit: &mut impl FnMut(NodeId)) {
        for (len, table) in &self.by_prefix {
            let children = segment.get(..*len).and_then(|prefix| table.get(prefix));
            for child in children.into_iter().flatten() {
                if child.matcher.is_match(segment) == Some(true) {
                    visit(child.node);
                }
            }
        }
    }
}
