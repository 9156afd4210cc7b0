//! The ASGI scope of a request, made when something looks at it.
//!
//! A request of our own protocol is read from its head as long as no Python code has seen a scope; what the pipeline
//! writes meanwhile is kept, and put into the dict in the same order once there is one.

use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use smallvec::SmallVec;

use crate::cell::AttachedCell;
use crate::extract::each_header;
use crate::server::{Exchange, RequestHead};

pub struct Scope {
    made: AttachedCell<Option<Py<PyDict>>>,
    source: Option<Py<Exchange>>,
    notes: AttachedCell<Notes>,
}

type Notes = SmallVec<[(Key, Py<PyAny>); 8]>;

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

impl Key {
    fn name(self, py: Python<'_>) -> &Bound<'_, PyString> {
        match self {
            Self::App => intern!(py, "app"),
            Self::ExceptionHandlers => intern!(py, "starlette.exception_handlers"),
            Self::Router => intern!(py, "router"),
            Self::Endpoint => intern!(py, "endpoint"),
            Self::PathParams => intern!(py, "path_params"),
            Self::Route => intern!(py, "route"),
            Self::Fastapi => intern!(py, "fastapi"),
        }
    }
}

impl Scope {
    /// The scope that an ASGI server made.
    pub fn given(scope: Py<PyDict>) -> Self {
        Self {
            made: AttachedCell::new(Some(scope)),
            source: None,
            notes: AttachedCell::default(),
        }
    }

    /// The scope of a request that our own protocol has read.
    pub fn of(exchange: Py<Exchange>) -> Self {
        Self {
            made: AttachedCell::new(None),
            source: Some(exchange),
            notes: AttachedCell::default(),
        }
    }

    /// The dict, for whoever looks at it.
    pub fn dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        if let Some(made) = self.made(py) {
            return Ok(made);
        }
        let scope = match &self.source {
            Some(exchange) => exchange.get().scope(py)?.into_bound(py),
            None => PyDict::new(py),
        };
        for (key, value) in self.notes.take(py) {
            scope.set_item(key.name(py), value)?;
        }
        drop(self.made.replace(py, Some(scope.clone().unbind())));
        Ok(scope)
    }

    fn made<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyDict>> {
        self.made
            .read(py, |made| made.as_ref().map(|made| made.bind(py).clone()))
    }

    /// The request's head, as long as it says all that a scope would say.
    pub fn head(&self, py: Python<'_>) -> Option<&RequestHead> {
        let unseen = self.made.read(py, Option::is_none);
        let exchange = self.source.as_ref().filter(|_| unseen)?;
        Some(exchange.get().head())
    }

    /// The same, with the path under which the server is mounted.
    pub fn head_and_root<'a>(&'a self, py: Python<'a>) -> Option<(&'a RequestHead, &'a str)> {
        let unseen = self.made.read(py, Option::is_none);
        let exchange = self.source.as_ref().filter(|_| unseen)?.get();
        Some((exchange.head(), exchange.facts.get().root_path(py)))
    }

    pub fn set(&self, py: Python<'_>, key: Key, value: Py<PyAny>) -> PyResult<()> {
        if let Some(made) = self.made(py) {
            return made.set_item(key.name(py), value);
        }
        let former = self.notes.update(py, |notes| {
            if let Some((_, known)) = notes.iter_mut().find(|(known, _)| *known == key) {
                return Some(std::mem::replace(known, value));
            }
            notes.push((key, value));
            None
        });
        drop(former);
        Ok(())
    }

    pub fn get<'py>(&self, py: Python<'py>, key: Key) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(made) = self.made(py) {
            return made.get_item(key.name(py));
        }
        Ok(self.notes.read(py, |notes| {
            let mut notes = notes.iter();
            let note = notes.find(|(known, _)| *known == key);
            note.map(|(_, value)| value.bind(py).clone())
        }))
    }

    pub fn contains(&self, py: Python<'_>, key: Key) -> PyResult<bool> {
        match self.made(py) {
            Some(made) => made.contains(key.name(py)),
            None => Ok(self
                .notes
                .read(py, |notes| notes.iter().any(|(known, _)| *known == key))),
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
            None => each_header(&self.dict(py)?, visit),
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
