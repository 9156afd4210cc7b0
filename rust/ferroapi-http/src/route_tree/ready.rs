//! Answers prepared while the tree is built.

use rustc_hash::FxHashMap;

use super::{Match, RouteTree};

/// Paths with more candidates than this are walked, so that many opaque routes do not fill the memory.
const MOST_CANDIDATES: usize = 16;

/// All matches of the paths that occur as templates without parameters.
#[derive(Debug, Default)]
pub(super) struct Ready {
    by_path: FxHashMap<Box<str>, Box<[Match]>>,
}

impl Ready {
    /// Walks a tree that is otherwise complete for each of `paths`.
    pub(super) fn prepare(tree: &RouteTree, mut paths: Vec<Box<str>>) -> Self {
        paths.sort_unstable();
        paths.dedup();
        let mut by_path = FxHashMap::default();
        for path in paths {
            let found: Box<[Match]> = tree.matches(&path).take(MOST_CANDIDATES + 1).collect();
            if found.len() <= MOST_CANDIDATES {
                by_path.insert(path, found);
            }
        }
        Self { by_path }
    }

    #[inline]
    pub(super) fn get(&self, path: &str) -> Option<&[Match]> {
        self.by_path.get(path).map(|found| &**found)
    }
}
