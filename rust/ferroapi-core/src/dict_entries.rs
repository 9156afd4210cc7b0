//! The entries of a dict, read where they lie.
//!
//! CPython keeps the entries of a dict in the order in which they were added, so that a dict that was made by the
//! same code has the same keys at the same places each time. Looking there takes a tenth of a look-up. The layout is
//! private to CPython: it is read in the versions named below only, and not before a dict of known content has been
//! read right.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How many entries the longest dict has that is read here.
pub const MOST: usize = 64;

/// Whether `dict` has exactly these keys, the same objects at the same places.
pub fn has_keys(dict: &Bound<'_, PyDict>, keys: &[Py<PyAny>]) -> bool {
    entries(dict).is_some_and(|entries| {
        entries.len() == keys.len()
            && entries
                .iter()
                .zip(keys)
                .all(|(entry, key)| entry.key == key.as_ptr())
    })
}

/// The value at a place, if there is one.
pub fn value_at<'py>(dict: &Bound<'py, PyDict>, place: usize) -> Option<Bound<'py, PyAny>> {
    let entry = entries(dict)?.get(place)?;
    // SAFETY: an entry of a live dict (there are no holes among them) owns its value; nothing runs in between.
    Some(unsafe { Bound::from_borrowed_ptr(dict.py(), entry.value) })
}

/// Puts another value at a place; `false` if there is none.
///
/// # Safety
/// Nobody else has seen the dict, so that neither its version nor a watcher has to know; and the garbage collector looks
/// at it, whatever its values are.
pub unsafe fn replace_at(dict: &Bound<'_, PyDict>, place: usize, value: &Bound<'_, PyAny>) -> bool {
    let Some(entries) = layout::entries(dict) else {
        return false;
    };
    if place >= entries.len() {
        return false;
    }
    let value = value.clone().into_ptr();
    // SAFETY: the place is among the entries, which lie in memory of the dict that nobody else reads now. The entry
    // owned its value, and owns the new one; the former is let go of after it has been taken out.
    unsafe {
        let entry = entries.cast::<Entry>().add(place);
        let former = std::mem::replace(&mut (*entry).value, value);
        drop(Bound::from_owned_ptr(dict.py(), former));
    }
    true
}

/// The entries, for as long as no code runs.
fn entries<'a>(dict: &'a Bound<'_, PyDict>) -> Option<&'a [Entry]> {
    // SAFETY: the entries lie in memory of a live dict, and nothing is written there before the borrow ends: the
    // functions above run no code while they look at them.
    layout::entries(dict).map(|entries| unsafe { &*entries })
}

/// Whether entries are where they are looked for in this interpreter: a dict is made, and compared with them.
pub fn are_where_expected(py: Python<'_>) -> PyResult<bool> {
    let (dict, values) = (PyDict::new(py), [py.None(), py.Ellipsis()]);
    let keys = ["ferroapi first", "ferroapi second"];
    for (key, value) in keys.iter().zip(&values) {
        dict.set_item(key, value)?;
    }
    if !layout::is_plausible(&dict, values.len()) {
        return Ok(false);
    }
    let own_keys: Vec<Py<PyAny>> = dict.keys().iter().map(Bound::unbind).collect();
    let same_values = values
        .iter()
        .enumerate()
        .all(|(place, value)| value_at(&dict, place).is_some_and(|found| found.is(value)));
    Ok(has_keys(&dict, &own_keys) && same_values && value_at(&dict, values.len()).is_none())
}

#[repr(C)]
struct Entry {
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
}

/// `PyDictKeysObject` of CPython 3.11 and 3.12 (`Include/internal/pycore_dict.h`).
#[cfg(not(Py_3_13))]
mod layout {
    use super::{Bound, Entry, MOST, PyDict, ffi};

    #[repr(C)]
    struct Keys {
        references: ffi::Py_ssize_t,
        log2_size: u8,
        log2_index_bytes: u8,
        kind: u8,
        version: u32,
        usable: ffi::Py_ssize_t,
        entries: ffi::Py_ssize_t,
        // The hash table of `1 << log2_index_bytes` bytes follows, then the entries.
    }

    /// `DICT_KEYS_UNICODE`: all keys are strings, and entries have no hash.
    const STRINGS: u8 = 1;
    /// log2 of the size, in entries and in bytes, of the smallest hash table.
    const SMALLEST: u8 = 3;

    /// The keys of a dict, and how many values it has; none if the values are kept elsewhere.
    fn keys(dict: &Bound<'_, PyDict>) -> Option<(*mut Keys, usize)> {
        let dict = dict.as_ptr().cast::<ffi::PyDictObject>();
        // SAFETY: a live dict, whose fields are read while attached to the interpreter.
        unsafe {
            let used = usize::try_from((*dict).ma_used).ok()?;
            let together = (*dict).ma_values.is_null();
            together.then_some(((*dict).ma_keys.cast::<Keys>(), used))
        }
    }

    /// Whether the header of a small dict of so many strings reads as it should.
    pub fn is_plausible(dict: &Bound<'_, PyDict>, length: usize) -> bool {
        keys(dict).is_some_and(|(keys, used)| {
            // SAFETY: a dict always has keys, whose allocation is longer than this header.
            let keys = unsafe { &*keys };
            used == length
                && keys.kind == STRINGS
                && keys.log2_size == SMALLEST
                && keys.log2_index_bytes == SMALLEST
                && keys.references == 1
                && usize::try_from(keys.entries) == Ok(length)
        })
    }

    /// The entries of a short dict that has strings for keys, and none that was removed.
    pub fn entries(dict: &Bound<'_, PyDict>) -> Option<*mut [Entry]> {
        let (keys, used) = keys(dict)?;
        // SAFETY: a dict always has keys, which are one allocation: the header, the hash table, and the entries. As
        // many of these as there are values have been filled if none was removed.
        unsafe {
            let filled = usize::try_from((*keys).entries).ok()?;
            if (*keys).kind != STRINGS || filled != used || used > MOST {
                return None;
            }
            // A hash table is never shorter than a pointer.
            let table = (1 << (*keys).log2_index_bytes) / size_of::<usize>();
            let start = keys.add(1).cast::<usize>().add(table).cast::<Entry>();
            Some(std::ptr::slice_from_raw_parts_mut(start, used))
        }
    }
}

#[cfg(Py_3_13)]
mod layout {
    use super::{Bound, Entry, PyDict};

    pub fn is_plausible(_dict: &Bound<'_, PyDict>, _length: usize) -> bool {
        false
    }

    pub fn entries(_dict: &Bound<'_, PyDict>) -> Option<*mut [Entry]> {
        None
    }
}
