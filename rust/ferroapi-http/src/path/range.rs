//! Where a captured parameter stands in the path.

use smallvec::SmallVec;

/// Half-open byte range of one captured parameter in the path that was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamRange {
    /// First byte of the parameter.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

/// The captured parameters of one match, in the order of [`PathTemplate::params`](super::PathTemplate::params).
pub type ParamRanges = SmallVec<[ParamRange; 4]>;

impl ParamRange {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// The captured text. `path` must be the path that was looked up; for any other the answer is unspecified
    /// (an empty string where the range does not fit).
    #[must_use]
    pub fn of(self, path: &str) -> &str {
        path.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}
