//! The ASGI scope of a request, made when something looks at it.
//!
//! A request of our own protocol is read from its head as long as no Python code has seen a scope; what the pipeline
//! writes meanwhile is kept, and put into the dict in the same order once there is one.

use pyo3::exceptions::PyKeyError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use smallvec::SmallVec;

use crate::cell::AttachedCell;
use crate::extract::each_header;
use crate::server::{Exchange, RequestHead};

pub enum Scope {
    /// The scope that an ASGI server made.
    Given(Py<PyDict>),
    /// The scope of a request that our own protocol has read.
    Native(Native),
}

pub struct Native {
    exchange: Py<Exchange>,
    made: PyOnceLock<Py<PyDict>>,
    notes: AttachedCell<Notes>,
}

/// Values by key, and the keys in the order in which they came.
#[derive(Default)]
struct Notes {
    values: [Option<Py<PyAny>>; NAMES.len()],
    order: SmallVec<[Key; NAMES.len()]>,
}

/// What the pipeline writes for every request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    App,
    ExceptionHandlers,
    Router,
    Endpoint,
    PathParams,
    Route,
    Fastapi,
}

/// The keys as a scope has them, in the order of [`Key`].
const NAMES: [&str; 7] = [
    "app",
    "starlette.exception_handlers",
    "router",
    "endpoint",
    "path_params",
    "route",
    "fastapi",
];

impl Key {
    fn name(self, py: Python<'_>) -> &Bound<'_, PyString> {
        static INTERNED: PyOnceLock<[Py<PyString>; NAMES.len()]> = PyOnceLock::new();
        let names =
            INTERNED.get_or_init(py, || NAMES.map(|name| PyString::intern(py, name).unbind()));
        names[self as usize].bind(py)
    }
}

impl Native {
    fn made<'a, 'py>(&'a self, py: Python<'py>) -> Option<&'a Bound<'py, PyDict>> {
        self.made.get(py).map(|made| made.bind(py))
    }

    fn make<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<&'a Bound<'py, PyDict>> {
        let made = self.made.get_or_try_init(py, || {
            let scope = self.exchange.get().scope(py)?;
            let notes = self.notes.take(py);
            for key in notes.order {
                let value = notes.values[key as usize].as_ref();
                scope.bind(py).set_item(key.name(py), value)?;
            }
            Ok::<_, PyErr>(scope)
        })?;
        Ok(made.bind(py))
    }

    fn note(&self, py: Python<'_>, key: Key, value: Py<PyAny>) {
        let former = self.notes.update(py, |notes| {
            let former = notes.values[key as usize].replace(value);
            if former.is_none() {
                notes.order.push(key);
            }
            former
        });
        drop(former);
    }

    fn noted<R>(&self, py: Python<'_>, key: Key, found: impl FnOnce(Option<&Py<PyAny>>) -> R) -> R {
        self.notes
            .read(py, |notes| found(notes.values[key as usize].as_ref()))
    }
}

impl Scope {
    /// The scope of a request that our own protocol has read.
    pub fn of(exchange: Py<Exchange>) -> Self {
        Self::Native(Native {
            exchange,
            made: PyOnceLock::new(),
            notes: AttachedCell::default(),
        })
    }

    /// The dict, for whoever looks at it.
    pub fn dict<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<&'a Bound<'py, PyDict>> {
        match self {
            Self::Given(scope) => Ok(scope.bind(py)),
            Self::Native(native) => native.make(py),
        }
    }

    fn exchange(&self, py: Python<'_>) -> Option<&Exchange> {
        match self {
            Self::Native(native) if native.made.get(py).is_none() => Some(native.exchange.get()),
            Self::Given(_) | Self::Native(_) => None,
        }
    }

    /// The request's head, as long as it says all that a scope would say.
    pub fn head(&self, py: Python<'_>) -> Option<&RequestHead> {
        self.exchange(py).map(Exchange::head)
    }

    /// The same, with the path under which the server is mounted.
    pub fn head_and_root<'a>(&'a self, py: Python<'a>) -> Option<(&'a RequestHead, &'a str)> {
        let exchange = self.exchange(py)?;
        Some((exchange.head(), exchange.facts().root_path(py)))
    }

    pub fn set(&self, py: Python<'_>, key: Key, value: Py<PyAny>) -> PyResult<()> {
        match self {
            Self::Given(scope) => scope.bind(py).set_item(key.name(py), value),
            Self::Native(native) => {
                if let Some(made) = native.made(py) {
                    made.set_item(key.name(py), value)
                } else {
                    native.note(py, key, value);
                    Ok(())
                }
            }
        }
    }

    /// Writes a value if there is none.
    pub fn set_default(&self, py: Python<'_>, key: Key, value: &Py<PyAny>) -> PyResult<()> {
        match self {
            Self::Given(scope) => set_default(scope.bind(py), key.name(py), value),
            Self::Native(native) => match native.made(py) {
                Some(made) => set_default(made, key.name(py), value),
                None if native.noted(py, key, |note| note.is_some()) => Ok(()),
                None => {
                    native.note(py, key, value.clone_ref(py));
                    Ok(())
                }
            },
        }
    }

    pub fn get<'py>(&self, py: Python<'py>, key: Key) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Given(scope) => scope.bind(py).get_item(key.name(py)),
            Self::Native(native) => match native.made(py) {
                Some(made) => made.get_item(key.name(py)),
                None => Ok(native.noted(py, key, |note| note.map(|note| note.bind(py).clone()))),
            },
        }
    }

    pub fn contains(&self, py: Python<'_>, key: Key) -> PyResult<bool> {
        match self {
            Self::Given(scope) => scope.bind(py).contains(key.name(py)),
            Self::Native(native) => match native.made(py) {
                Some(made) => made.contains(key.name(py)),
                None => Ok(native.noted(py, key, |note| note.is_some())),
            },
        }
    }

    /// Calls `visit` with each header, its name in lower case, until it returns `false`.
    pub fn each_header(
        &self,
        py: Python<'_>,
        visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> PyResult<()> {
        match self.head(py) {
            Some(head) => {
                head.each_header(visit);
                Ok(())
            }
            None => each_header(self.dict(py)?, visit),
        }
    }

    /// The first value of a header, given its lower-case name.
    pub fn first_header(&self, py: Python<'_>, name: &[u8]) -> PyResult<Option<Vec<u8>>> {
        let mut found = None;
        self.each_header(py, |header, value| {
            if header == name {
                found = Some(value.to_vec());
            }
            found.is_none()
        })?;
        Ok(found)
    }

    /// A member that every request has.
    pub fn member<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let found = self.dict(py)?.get_item(name)?;
        found.ok_or_else(|| PyKeyError::new_err(name.clone().unbind()))
    }
}

/// `scope.setdefault(key, value)`.
fn set_default(
    scope: &Bound<'_, PyDict>,
    key: &Bound<'_, PyString>,
    value: &Py<PyAny>,
) -> PyResult<()> {
    // SAFETY: all three objects are alive. The result is borrowed and not used, but null with an exception set.
    let found = unsafe { ffi::PyDict_SetDefault(scope.as_ptr(), key.as_ptr(), value.as_ptr()) };
    if found.is_null() {
        return Err(PyErr::fetch(scope.py()));
    }
    Ok(())
}
