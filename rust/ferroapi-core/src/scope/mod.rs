//! The ASGI scope of a request: a server's dict, or what our own protocol would put into one.

mod given;
mod key;
mod native;
mod shape;

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

pub use given::Given;
pub use key::{Key, Member};

use crate::extract::{settled, visit_each};
use crate::server::{Exchange, RequestHead};
use native::Native;

pub enum Scope {
    /// The scope that an ASGI server made.
    Given(Given),
    /// The scope of a request that our own protocol has read: from its head as long as no Python code has seen a
    /// dict.
    Native(Native),
}

impl Scope {
    /// The scope of a request that our own protocol has read.
    pub fn of(exchange: Py<Exchange>) -> Self {
        Self::Native(Native::new(exchange))
    }

    /// The dict, for whoever looks at it.
    pub fn dict<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<&'a Bound<'py, PyDict>> {
        match self {
            Self::Given(given) => Ok(given.dict(py)),
            Self::Native(native) => native.make(py),
        }
    }

    /// The exchange of our own protocol, as long as no Python code has seen a dict.
    pub fn unseen_exchange(&self, py: Python<'_>) -> Option<&Py<Exchange>> {
        match self {
            Self::Native(native) => native.exchange(py),
            Self::Given(_) => None,
        }
    }

    /// The request's head, as long as it says all that a scope would say.
    pub fn head(&self, py: Python<'_>) -> Option<&RequestHead> {
        self.unseen_exchange(py)
            .map(|exchange| exchange.get().head())
    }

    /// The same, with the path under which the server is mounted.
    pub fn head_and_root<'a>(&'a self, py: Python<'a>) -> Option<(&'a RequestHead, &'a str)> {
        let exchange = self.unseen_exchange(py)?.get();
        Some((exchange.head(), exchange.facts().root_path(py)))
    }

    pub fn set(&self, py: Python<'_>, key: Key, value: &Py<PyAny>) -> PyResult<()> {
        match self {
            Self::Given(given) => given.set(py, key, value),
            Self::Native(native) => {
                if let Some(made) = native.made(py) {
                    return made.set_item(key.text(py), value);
                }
                native.note(py, key, value.clone_ref(py));
                Ok(())
            }
        }
    }

    /// Writes a value if there is none.
    pub fn set_default(&self, py: Python<'_>, key: Key, value: &Py<PyAny>) -> PyResult<()> {
        match self {
            Self::Given(given) => given.set_default(py, key, value),
            Self::Native(_) if self.contains(py, key)? => Ok(()),
            Self::Native(_) => self.set(py, key, value),
        }
    }

    pub fn get<'py>(&self, py: Python<'py>, key: Key) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Given(given) => given.get(py, key.into()),
            Self::Native(native) => match native.made(py) {
                Some(made) => made.get_item(key.text(py)),
                None => Ok(native.noted(py, key, |note| note.map(|note| note.bind(py).clone()))),
            },
        }
    }

    pub fn contains(&self, py: Python<'_>, key: Key) -> PyResult<bool> {
        match self {
            Self::Given(given) => given.contains(py, key.into()),
            Self::Native(native) => match native.made(py) {
                Some(made) => made.contains(key.text(py)),
                None => Ok(native.noted(py, key, |note| note.is_some())),
            },
        }
    }

    /// What the server says of the request, if it does.
    pub fn find<'py>(
        &self,
        py: Python<'py>,
        member: Member,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Given(given) => given.get(py, member.into()),
            Self::Native(native) => native.make(py)?.get_item(member.text(py)),
        }
    }

    /// What every server says of every request.
    pub fn member<'py>(&self, py: Python<'py>, member: Member) -> PyResult<Bound<'py, PyAny>> {
        let found = self.find(py, member)?;
        found.ok_or_else(|| PyKeyError::new_err(member.text(py).clone().unbind()))
    }

    /// Raises what [`Scope::member`] would.
    pub fn require(&self, py: Python<'_>, member: Member) -> PyResult<()> {
        match self {
            Self::Given(given) if given.contains(py, member.into())? => Ok(()),
            _ => self.member(py, member).map(drop),
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
            None => visit_each(&settled(py, self)?, visit),
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
}
