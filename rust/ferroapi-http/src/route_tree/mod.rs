//! The router: every route that matches a path, in the order of registration, without walking the routes.
//!
//! Templates are cut at `/` into a prefix tree. Parameters that cannot contain `/` stay within their segment, so a
//! path has at most one way through each node, and what a segment captures does not depend on the others. A template
//! whose `path` or custom parameter is not its very last segment leaves the tree there: the *rest* of the template is
//! kept at the node its leading segments reach, and is matched by a regular expression when its turn comes.
//!
//! The answer for a path that is itself a template without parameters is known when the tree is built, and is looked
//! up by the whole path.

mod builder;
mod matches;
mod node;
mod ready;
mod walk;

use node::{Entry, Node};
use ready::Ready;

pub use builder::RouteTreeBuilder;
pub use matches::{Match, Matches, Verdict};

/// The caller's number for a route; smaller numbers were registered earlier and are answered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

/// An immutable set of routes that can be looked up by path.
#[derive(Debug, Default)]
pub struct RouteTree {
    nodes: Vec<Node>,
    /// Routes that are candidates for every path.
    opaque: Vec<Entry>,
    /// Routes with the empty template.
    empty: Vec<Entry>,
    /// Answers prepared for the paths that are templates themselves.
    ready: Ready,
}

impl RouteTree {
    /// Starts a tree.
    #[must_use]
    pub fn builder() -> RouteTreeBuilder {
        RouteTreeBuilder::default()
    }

    /// All routes that match `path`, in ascending order of [`RouteId`].
    ///
    /// The walk through the tree happens here; captures and regular expressions wait until
    /// their route is asked for.
    #[inline]
    #[must_use]
    pub fn matches<'t>(&'t self, path: &'t str) -> Matches<'t> {
        Matches::new(self, path)
    }
}
