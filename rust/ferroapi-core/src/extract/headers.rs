//! Raw header look-ups (names are lower case there, values are Latin-1).

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::server::RequestHead;

/// Headers that can be read without Python.
pub enum Headers<'a> {
    /// Those of a request of our own protocol.
    Head(&'a RequestHead),
    /// Pairs of bytes.
    List(Bound<'a, PyList>),
}

impl<'a> Headers<'a> {
    /// A list of pairs of bytes, or a tuple of them; none for any other object.
    pub fn listed(object: &Bound<'a, PyAny>) -> Option<Self> {
        let list = match object.cast_exact::<PyList>() {
            Ok(list) => list.clone(),
            Err(_) => object.cast_exact::<PyTuple>().ok()?.to_list(),
        };
        let plain = list.iter().all(|item| visit(&item, |_, _| true).is_some());
        plain.then_some(Self::List(list))
    }

    /// Calls `look` with each name in lower case and its value, until it returns `false`.
    pub fn each(&self, mut look: impl FnMut(&[u8], &[u8]) -> bool) {
        match self {
            Self::Head(head) => head.each_header(look),
            Self::List(list) => {
                for item in list {
                    if visit(&item, &mut look) == Some(false) {
                        break;
                    }
                }
            }
        }
    }

    /// The first value of a header, given its lower-case name.
    pub fn first(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut found = None;
        self.each(|header, value| {
            if header == name {
                found = Some(value.to_vec());
            }
            found.is_none()
        });
        found
    }
}

/// What `look` says of a pair of bytes; none for anything else.
fn visit(item: &Bound<'_, PyAny>, look: impl FnOnce(&[u8], &[u8]) -> bool) -> Option<bool> {
    if let Ok(pair) = item.cast_exact::<PyTuple>() {
        let [name, value] = pair.as_slice() else {
            return None;
        };
        let (name, value) = (name.cast::<PyBytes>().ok()?, value.cast::<PyBytes>().ok()?);
        return Some(look(name.as_bytes(), value.as_bytes()));
    }
    let pair = item.cast_exact::<PyList>().ok()?;
    if pair.len() != 2 {
        return None;
    }
    let (name, value) = (pair.get_item(0).ok()?, pair.get_item(1).ok()?);
    let (name, value) = (name.cast::<PyBytes>().ok()?, value.cast::<PyBytes>().ok()?);
    Some(look(name.as_bytes(), value.as_bytes()))
}

/// A header value as Python text.
pub fn latin1<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Bound<'py, PyString>> {
    // A slice is never longer than `isize::MAX`.
    let length = value.len().cast_signed();
    // SAFETY: so many bytes are there. The result is a new string, or null with an exception set.
    unsafe {
        let text = ffi::PyUnicode_DecodeLatin1(value.as_ptr().cast(), length, std::ptr::null());
        Ok(Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked())
    }
}
