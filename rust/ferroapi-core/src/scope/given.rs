//! A scope that an ASGI server made.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::key::{Key, Name};
use super::shape::{self, Places};
use crate::cell::AttachedCell;
use crate::dict_entries;
use crate::stamp;

/// The dict, and where the names stand in it as long as nobody else has written to it.
pub struct Given {
    dict: Py<PyDict>,
    known: AttachedCell<Known>,
}

#[derive(Clone, Copy)]
struct Known {
    /// The change of the dict after which the places hold; zero for none.
    version: u64,
    places: Places,
}

/// What is known of a name without a look-up.
enum Standing {
    At(usize),
    Absent,
    Unknown,
}

impl Given {
    pub fn new(dict: &Bound<'_, PyDict>) -> PyResult<Self> {
        let known = match shape::places(dict)? {
            Some(places) => Known {
                version: stamp::version(dict),
                places,
            },
            None => Known {
                version: 0,
                places: Places::none(),
            },
        };
        Ok(Self {
            dict: dict.clone().unbind(),
            known: AttachedCell::new(known),
        })
    }

    pub fn dict<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyDict> {
        self.dict.bind(py)
    }

    fn standing(&self, py: Python<'_>, name: Name) -> Standing {
        let version = stamp::version(self.dict(py));
        self.known.read(py, |known| {
            if version == 0 || version != known.version {
                return Standing::Unknown;
            }
            match known.places.of(name) {
                Some(place) => Standing::At(place),
                None => Standing::Absent,
            }
        })
    }

    pub fn get<'py>(&self, py: Python<'py>, name: Name) -> PyResult<Option<Bound<'py, PyAny>>> {
        let dict = self.dict(py);
        let value = match self.standing(py, name) {
            Standing::At(place) => dict_entries::value_at(dict, place),
            Standing::Absent => return Ok(None),
            Standing::Unknown => None,
        };
        // A dict may have grown too long to be read by place.
        value.map_or_else(|| dict.get_item(name.text(py)), |value| Ok(Some(value)))
    }

    pub fn contains(&self, py: Python<'_>, name: Name) -> PyResult<bool> {
        match self.standing(py, name) {
            Standing::At(_) => Ok(true),
            Standing::Absent => Ok(false),
            Standing::Unknown => self.dict(py).contains(name.text(py)),
        }
    }

    pub fn set(&self, py: Python<'_>, name: Name, value: &Py<PyAny>) -> PyResult<()> {
        let dict = self.dict(py);
        let adds = matches!(self.standing(py, name), Standing::Absent);
        dict.set_item(name.text(py), value)?;
        if adds {
            // Nothing but this entry, behind all others, has come to the dict: adding a string runs no code.
            let version = stamp::version(dict);
            self.known.update(py, |known| {
                known.version = version;
                known.places.add(name);
            });
        }
        Ok(())
    }

    /// Writes a value if there is none.
    pub fn set_default(&self, py: Python<'_>, key: Key, value: &Py<PyAny>) -> PyResult<()> {
        match self.standing(py, key.into()) {
            Standing::At(_) => Ok(()),
            Standing::Absent => self.set(py, key.into(), value),
            Standing::Unknown => set_default(self.dict(py), key.into(), value),
        }
    }
}

/// `scope.setdefault(key, value)`.
fn set_default(scope: &Bound<'_, PyDict>, name: Name, value: &Py<PyAny>) -> PyResult<()> {
    let key = name.text(scope.py());
    // SAFETY: all three objects are alive. The result is borrowed and not used, but null with an exception set.
    let found = unsafe { ffi::PyDict_SetDefault(scope.as_ptr(), key.as_ptr(), value.as_ptr()) };
    if found.is_null() {
        return Err(PyErr::fetch(scope.py()));
    }
    Ok(())
}
