//! The ASGI scope of a request: a server's dict, or what our own protocol would put into one.

mod foreign;
mod given;
mod key;
mod native;
mod shape;

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

pub use given::Given;
pub use key::{Key, Member};

use crate::extract::Headers;
use crate::server::{Exchange, RequestHead};
use foreign::Foreign;
use native::Native;

pub enum Scope {
    /// The scope that an ASGI server made.
    Given(Given),
    /// A mapping that is no plain dict, and answers by its own methods.
    Foreign(Foreign),
    /// The scope of a request that our own protocol has read: from its head as long as no Python code has seen a
    /// dict.
    Native(Native),
}

impl Scope {
    /// The scope of a request that our own protocol has read.
    pub fn of(exchange: Py<Exchange>) -> Self {
        Self::Native(Native::new(exchange))
    }

    /// The scope that an ASGI server or an application made.
    pub fn given(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        match object.cast_exact::<PyDict>() {
            Ok(dict) => Given::new(dict).map(Self::Given),
            Err(_) => Ok(Self::Foreign(Foreign::new(object))),
        }
    }

    /// The mapping itself, for whoever looks at it.
    pub fn object<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<&'a Bound<'py, PyAny>> {
        match self {
            Self::Given(given) => Ok(given.dict(py).as_any()),
            Self::Foreign(foreign) => Ok(foreign.object(py)),
            Self::Native(native) => native.make(py).map(Bound::as_any),
        }
    }

    /// The exchange of our own protocol, as long as no Python code has seen a dict.
    pub fn unseen_exchange(&self, py: Python<'_>) -> Option<&Py<Exchange>> {
        match self {
            Self::Native(native) => native.exchange(py),
            Self::Given(_) | Self::Foreign(_) => None,
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
            Self::Given(given) => given.set(py, key.into(), value),
            Self::Foreign(foreign) => foreign.set(py, key.into(), value),
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
            Self::Foreign(_) | Self::Native(_) if self.contains(py, key)? => Ok(()),
            Self::Foreign(_) | Self::Native(_) => self.set(py, key, value),
        }
    }

    pub fn get<'py>(&self, py: Python<'py>, key: Key) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Given(given) => given.get(py, key.into()),
            Self::Foreign(foreign) => foreign.get(py, key.into()),
            Self::Native(native) => match native.made(py) {
                Some(made) => made.get_item(key.text(py)),
                None => Ok(native.noted(py, key, |note| note.map(|note| note.bind(py).clone()))),
            },
        }
    }

    pub fn contains(&self, py: Python<'_>, key: Key) -> PyResult<bool> {
        match self {
            Self::Given(given) => given.contains(py, key.into()),
            Self::Foreign(foreign) => foreign.contains(py, key.into()),
            Self::Native(native) => match native.made(py) {
                Some(made) => made.contains(key.text(py)),
                None => Ok(native.noted(py, key, |note| note.is_some())),
            },
        }
    }

    /// As [`Scope::find`], with a `None` that is there.
    pub fn optional<'py>(
        &self,
        py: Python<'py>,
        member: Member,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Foreign(foreign) if !foreign.contains(py, member.into())? => Ok(None),
            Self::Foreign(foreign) => foreign.member(py, member.into()).map(Some),
            Self::Given(_) | Self::Native(_) => self.find(py, member),
        }
    }

    /// Whether something around this application left a value there.
    pub fn has(&self, py: Python<'_>, member: Member) -> PyResult<bool> {
        match self {
            Self::Given(given) => given.contains(py, member.into()),
            Self::Foreign(foreign) => foreign.contains(py, member.into()),
            Self::Native(native) => native.make(py)?.contains(member.text(py)),
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
            Self::Foreign(foreign) => foreign.get(py, member.into()),
            Self::Native(native) => native.make(py)?.get_item(member.text(py)),
        }
    }

    /// What every server says of every request.
    pub fn member<'py>(&self, py: Python<'py>, member: Member) -> PyResult<Bound<'py, PyAny>> {
        if let Self::Foreign(foreign) = self {
            return foreign.member(py, member.into());
        }
        let found = self.find(py, member)?;
        found.ok_or_else(|| PyKeyError::new_err(member.text(py).clone().unbind()))
    }

    /// Puts something else in the place of what the server says.
    pub fn replace(&self, py: Python<'_>, member: Member, value: &Py<PyAny>) -> PyResult<()> {
        match self {
            Self::Given(given) => given.set(py, member.into(), value),
            Self::Foreign(foreign) => foreign.set(py, member.into(), value),
            Self::Native(native) => native.make(py)?.set_item(member.text(py), value),
        }
    }

    /// The headers as they are now; none if only Python can read them.
    pub fn headers<'a>(&'a self, py: Python<'a>) -> PyResult<Option<Headers<'a>>> {
        match self.head(py) {
            Some(head) => Ok(Some(Headers::Head(head))),
            None => Ok(Headers::listed(&self.member(py, Member::Headers)?)),
        }
    }
}
