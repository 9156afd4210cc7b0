//! The names in a scope that the pipeline reads and writes.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

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

/// What a server says of a request, and what applications around this one leave in its scope.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Member {
    Type,
    Method,
    Path,
    RootPath,
    QueryString,
    Headers,
    Telemetry,
    MaxBodySize,
}

/// How many names the pipeline writes.
pub const WRITTEN: usize = 7;
/// How many names there are in all.
pub const COUNT: usize = WRITTEN + 8;

/// The names as a scope has them, in the order of [`Key`] and [`Member`].
const NAMES: [&str; COUNT] = [
    "app",
    "starlette.exception_handlers",
    "router",
    "endpoint",
    "path_params",
    "route",
    "fastapi",
    "type",
    "method",
    "path",
    "root_path",
    "query_string",
    "headers",
    "fastapi.telemetry",
    "starlette.max_body_size",
];

/// A name by its number.
#[derive(Clone, Copy)]
pub struct Name(usize);

impl From<Key> for Name {
    fn from(key: Key) -> Self {
        Self(key as usize)
    }
}

impl From<Member> for Name {
    fn from(member: Member) -> Self {
        Self(WRITTEN + member as usize)
    }
}

impl Name {
    /// All names, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..COUNT).map(Self)
    }

    pub fn index(self) -> usize {
        self.0
    }

    /// The key, interned.
    pub fn text(self, py: Python<'_>) -> &Bound<'_, PyString> {
        static INTERNED: PyOnceLock<[Py<PyString>; COUNT]> = PyOnceLock::new();
        let names =
            INTERNED.get_or_init(py, || NAMES.map(|name| PyString::intern(py, name).unbind()));
        names[self.0].bind(py)
    }
}

impl Key {
    pub fn text(self, py: Python<'_>) -> &Bound<'_, PyString> {
        Name::from(self).text(py)
    }
}

impl Member {
    pub fn text(self, py: Python<'_>) -> &Bound<'_, PyString> {
        Name::from(self).text(py)
    }
}
