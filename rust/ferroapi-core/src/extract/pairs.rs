//! Names and values of a query string or of cookies, in the order of the request.

use smallvec::SmallVec;

/// All texts lie behind each other in one allocation.
#[derive(Default)]
pub struct Pairs {
    text: String,
    /// Where each name ends, and its value.
    ends: SmallVec<[(usize, usize); 4]>,
}

impl Pairs {
    /// Makes room for pairs that take `bytes` of text in all.
    pub fn reserve(&mut self, bytes: usize) {
        self.text.reserve(bytes);
    }

    pub fn push(&mut self, name: &str, value: &str) {
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.ends.push((middle, self.text.len()));
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        (0..self.ends.len()).filter_map(|index| {
            let (middle, end) = *self.ends.get(index)?;
            let before = index.checked_sub(1).and_then(|index| self.ends.get(index));
            let start = before.map_or(0, |(_, end)| *end);
            Some((self.text.get(start..middle)?, self.text.get(middle..end)?))
        })
    }

    /// The values of a name.
    pub fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.iter()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}
