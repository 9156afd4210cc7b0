//! Look-ups in raw header lists.
//!
//! Starlette's `Headers` lower-cases the name that is asked for and compares it byte by byte with the names in the
//! scope, which ASGI says are lower-case (ASGI HTTP specification, connection scope, `headers`). A name a server passes
//! on in another case is therefore not found, here as there.

use rustc_hash::FxHashMap;

/// The raw form of a header name a program asks for: Python's `name.lower().encode("latin-1")`.
///
/// `None` where Python cannot encode it (`UnicodeEncodeError`).
#[must_use]
pub fn raw_name(name: &str) -> Option<Vec<u8>> {
    name.to_lowercase()
        .chars()
        .map(|character| u8::try_from(character).ok())
        .collect()
}

/// The value of the first header called `name`, which must be lower-case.
pub fn first<'h, H>(headers: H, name: &[u8]) -> Option<&'h [u8]>
where
    H: IntoIterator<Item = (&'h [u8], &'h [u8])>,
{
    all(headers, name).next()
}

/// The values of all headers called `name`, which must be lower-case.
pub fn all<'h, H>(headers: H, name: &[u8]) -> impl Iterator<Item = &'h [u8]>
where
    H: IntoIterator<Item = (&'h [u8], &'h [u8])>,
{
    headers
        .into_iter()
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Names that are wanted, numbered, so that one pass over the headers (or query fields, or cookies) serves them all.
#[derive(Clone, Debug, Default)]
pub struct NameSet {
    slots: FxHashMap<Box<[u8]>, u32>,
    /// Bit `min(len, 63)` is set if a name has that many bytes.
    lengths: u64,
}

impl NameSet {
    /// Numbers the distinct names in the order given.
    pub fn new<I, N>(names: I) -> Self
    where
        I: IntoIterator<Item = N>,
        N: AsRef<[u8]>,
    {
        let mut set = Self::default();
        for name in names {
            set.insert(name.as_ref());
        }
        set
    }

    /// Adds a name, and answers its number, the old one if it is known already.
    pub fn insert(&mut self, name: &[u8]) -> usize {
        let next = self.slots.len() as u32;
        self.lengths |= length_bit(name);
        *self.slots.entry(name.into()).or_insert(next) as usize
    }

    /// The number of a name.
    #[inline]
    #[must_use]
    pub fn slot(&self, name: &[u8]) -> Option<usize> {
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        self.slots.get(name).map(|slot| *slot as usize)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no name is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: [(&[u8], &[u8]); 4] = [
        (b"host", b"x"),
        (b"x-a", b"1"),
        (b"X-A", b"2"),
        (b"x-a", b"3"),
    ];

    #[test]
    fn first_and_all_compare_bytes() {
        assert_eq!(first(HEADERS, b"x-a"), Some(&b"1"[..]));
        assert_eq!(first(HEADERS, b"x-b"), None);
        assert!(all(HEADERS, b"x-a").eq([&b"1"[..], b"3"]));
    }

    #[test]
    fn raw_name_table() {
        assert_eq!(raw_name("X-Token").as_deref(), Some(&b"x-token"[..]));
        assert_eq!(raw_name("É").as_deref(), Some(&b"\xe9"[..]));
        // The Kelvin sign is the letter k in lower case.
        assert_eq!(raw_name("\u{212a}").as_deref(), Some(&b"k"[..]));
        assert_eq!(raw_name("ж"), None);
    }

    #[test]
    fn slots_are_numbered_once() {
        let set = NameSet::new(["host", "x-a", "host", ""]);
        assert_eq!(set.len(), 3);
        assert_eq!(set.slot(b"host"), Some(0));
        assert_eq!(set.slot(b"x-a"), Some(1));
        assert_eq!(set.slot(b""), Some(2));
        assert_eq!(set.slot(b"x-b"), None);
        assert_eq!(set.slot(b"longer than any"), None);
        assert!(NameSet::default().is_empty());
    }

    #[test]
    fn names_beyond_the_length_mask() {
        let long = "x".repeat(100);
        let set = NameSet::new([&long]);
        assert_eq!(set.slot(long.as_bytes()), Some(0));
        assert_eq!(set.slot("x".repeat(63).as_bytes()), None);
    }
}
