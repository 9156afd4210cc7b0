//! Insertion of templates.

use std::mem;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::node::{Capture, Decision, Entry, Node, NodeId, PatternChild};
use super::ready::Ready;
use super::{RouteId, RouteTree};
use crate::path::{Convertor, End, Part, PathTemplate, PiecesMatcher, Shape};

const ROOT: NodeId = 0;

/// Collects routes for a [`RouteTree`].
#[derive(Debug)]
pub struct RouteTreeBuilder {
    tree: RouteTree,
    /// Pattern children already made.
    patterns: FxHashMap<(NodeId, Shape, End), (NodeId, Arc<PiecesMatcher>)>,
    /// Templates without parameters.
    paths: Vec<Box<str>>,
}

impl Default for RouteTreeBuilder {
    fn default() -> Self {
        let tree = RouteTree {
            nodes: vec![Node::default()],
            ..RouteTree::default()
        };
        Self {
            tree,
            patterns: FxHashMap::default(),
            paths: Vec::new(),
        }
    }
}

impl RouteTreeBuilder {
    /// Adds a route. The order of insertion does not matter; routes are answered by ascending `route`, and one that
    /// is inserted under several templates is answered once for each that matches.
    pub fn insert(&mut self, route: RouteId, template: &PathTemplate) -> &mut Self {
        if template.is_static() {
            self.paths.push(template.source().into());
        }
        if template.source().is_empty() {
            self.tree.empty.push(Entry::matched(route, Vec::new()));
            return self;
        }
        let mut place = Place {
            node: ROOT,
            depth: 0,
            captures: Vec::new(),
        };
        let all = segments(template);
        // What precedes the first slash is empty.
        let mut rest = all.get(1..).unwrap_or_default();
        while let [segment, following @ ..] = rest {
            if !stays_in_segment(segment) {
                self.leave_tree(route, place, rest);
                return self;
            }
            self.descend(
                &mut place,
                segment,
                if following.is_empty() {
                    End::Dollar
                } else {
                    End::Strict
                },
            );
            rest = following;
        }
        self.node(place.node)
            .ends
            .push(Entry::matched(route, place.captures));
        self
    }

    /// Adds a route that is a candidate for every path, to be decided by the caller at its place in the order.
    pub fn insert_opaque(&mut self, route: RouteId) -> &mut Self {
        let entry = Entry {
            route: route.0,
            captures: Box::default(),
            decision: Decision::Opaque,
        };
        self.tree.opaque.push(entry);
        self
    }

    /// Finishes the tree.
    #[must_use]
    pub fn build(mut self) -> RouteTree {
        let by_route = |list: &mut Vec<Entry>| list.sort_by_key(|entry| entry.route);
        for node in &mut self.tree.nodes {
            by_route(&mut node.ends);
            by_route(&mut node.tails);
            by_route(&mut node.rests);
        }
        by_route(&mut self.tree.opaque);
        by_route(&mut self.tree.empty);
        self.tree.ready = Ready::prepare(&self.tree, self.paths);
        self.tree
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.tree.nodes[id as usize]
    }

    fn new_node(&mut self) -> NodeId {
        self.tree.nodes.push(Node::default());
        (self.tree.nodes.len() - 1) as NodeId
    }

    fn descend(&mut self, place: &mut Place, segment: &Shape, end: End) {
        let depth = place.depth;
        place.node = match segment.parts.as_slice() {
            [] => self.literal_child(place.node, ""),
            [Part::Literal(text)] => self.literal_child(place.node, text),
            [Part::Param(convertor)] => {
                let whole = *convertor == Convertor::Str;
                place.captures.push(if whole {
                    Capture::Segment(depth)
                } else {
                    Capture::Line(depth)
                });
                self.param_child(place.node, convertor)
            }
            _ => {
                let (node, matcher) = self.pattern_child(place.node, segment, end);
                place.captures.push(Capture::Pattern {
                    segment: depth,
                    matcher,
                });
                node
            }
        };
        place.depth += 1;
    }

    fn literal_child(&mut self, parent: NodeId, text: &str) -> NodeId {
        if let Some(child) = self.node(parent).literals.get(text) {
            return child;
        }
        let child = self.new_node();
        self.node(parent).literals.insert(text, child);
        child
    }

    fn param_child(&mut self, parent: NodeId, convertor: &Convertor) -> NodeId {
        if let Some(&mut Some(child)) = self.node(parent).params.slot(convertor) {
            return child;
        }
        let child = self.new_node();
        if let Some(slot) = self.node(parent).params.slot(convertor) {
            *slot = Some(child);
        }
        child
    }

    fn pattern_child(
        &mut self,
        parent: NodeId,
        shape: &Shape,
        end: End,
    ) -> (NodeId, Arc<PiecesMatcher>) {
        let key = (parent, shape.clone(), end);
        if let Some((node, matcher)) = self.patterns.get(&key) {
            return (*node, Arc::clone(matcher));
        }
        let made = (self.new_node(), Arc::new(PiecesMatcher::new(shape, end)));
        let child = PatternChild {
            node: made.0,
            matcher: Arc::clone(&made.1),
        };
        let node = self.node(parent);
        let table = if end == End::Dollar {
            &mut node.last_patterns
        } else {
            &mut node.patterns
        };
        table.insert(shape.literal_prefix(), child);
        self.patterns.insert(key, made.clone());
        made
    }

    /// Keeps the rest of a template at the node its leading segments have reached.
    fn leave_tree(&mut self, route: RouteId, mut place: Place, rest: &[Shape]) {
        let segment = place.depth;
        if let [Shape { parts }] = rest
            && let [Part::Param(Convertor::Path)] = parts.as_slice()
        {
            place.captures.push(Capture::Tail(segment));
            self.node(place.node)
                .tails
                .push(Entry::matched(route, place.captures));
            return;
        }
        let matcher = Arc::new(PiecesMatcher::new(&joined(rest), End::Dollar));
        let decision = Decision::Rest { segment, matcher };
        let entry = Entry {
            route: route.0,
            captures: place.captures.into(),
            decision,
        };
        self.node(place.node).rests.push(entry);
    }
}

impl Entry {
    fn matched(route: RouteId, captures: Vec<Capture>) -> Self {
        Self {
            route: route.0,
            captures: captures.into(),
            decision: Decision::Matched,
        }
    }
}

/// How far a template has been inserted.
struct Place {
    node: NodeId,
    depth: u32,
    captures: Vec<Capture>,
}

/// A template cut at its literal slashes.
fn segments(template: &PathTemplate) -> Vec<Shape> {
    let mut done = Vec::new();
    let mut current = Shape::default();
    for part in Shape::new(template.pieces(), template.params()).parts {
        let Part::Literal(text) = part else {
            current.parts.push(part);
            continue;
        };
        for (index, piece) in text.split('/').enumerate() {
            if index > 0 {
                done.push(mem::take(&mut current));
            }
            if !piece.is_empty() {
                current.parts.push(Part::Literal(piece.into()));
            }
        }
    }
    done.push(current);
    done
}

/// The reverse of [`segments`].
fn joined(segments: &[Shape]) -> Shape {
    let mut whole = Shape::default();
    for (index, segment) in segments.iter().enumerate() {
        if index > 0 {
            whole.parts.push(Part::Literal("/".into()));
        }
        whole.parts.extend(segment.parts.iter().cloned());
    }
    whole
}

fn stays_in_segment(segment: &Shape) -> bool {
    segment.parts.iter().all(|part| match part {
        Part::Literal(_) => true,
        Part::Param(convertor) => convertor.stays_in_segment(),
    })
}
