//! Names and values of a query string or of cookies, in the order of the request.

use std::ops::Range;

use smallvec::SmallVec;

/// All texts lie behind each other in one allocation.
#[derive(Default)]
pub struct Pairs {
    text: String,
    spans: SmallVec<[(Range<usize>, Range<usize>); 4]>,
}

impl Pairs {
    /// Room for pairs that take `bytes` of text in all.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            spans: SmallVec::new(),
        }
    }

    pub fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.spans.push((start..middle, middle..self.text.len()));
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        let text = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        self.spans
            .iter()
            .map(move |(name, value)| (text(name), text(value)))
    }

    /// The values of a name.
    pub fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.iter()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}
