//! The question of each request: is it certain that nobody records it?
//!
//! `telemetry/_gate.py` states the rule; this is its quick negative answer. Whenever it can't be given,
//! Python is asked.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::cell::AttachedCell;
use crate::stamp::Stamped;

/// Where to look, as the Python side describes it.
pub struct Gate {
    /// `sys.modules`.
    modules: Stamped,
    /// The dict behind `os.environ`, if there is one.
    environ: Option<Stamped>,
    /// Variables that select a provider on first use, as keys of `environ`.
    selectors: Vec<Py<PyAny>>,
    signals: Vec<Signal>,
    /// The globals that the API's getters read, as long as none of them holds a provider.
    idle: AttachedCell<Option<Vec<Stamped>>>,
}

/// Traces, metrics or logs.
#[derive(FromPyObject)]
struct Signal {
    /// Finds the globals behind a getter.
    slots_of: Py<PyAny>,
    module: Py<PyString>,
    getter: Py<PyString>,
    slot: Py<PyString>,
    /// The setting that switches the signal on, and the one that holds the application's own provider.
    wanted: Py<PyString>,
    provider: Py<PyString>,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Gate {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let modules = object.getattr(intern!(py, "modules"))?.cast_into()?;
        let environ: Option<Bound<'py, PyDict>> =
            object.getattr(intern!(py, "environ"))?.extract()?;
        Ok(Self {
            modules: Stamped::new(&modules),
            environ: environ.as_ref().map(Stamped::new),
            selectors: object.getattr(intern!(py, "selectors"))?.extract()?,
            signals: object.getattr(intern!(py, "signals"))?.extract()?,
            idle: AttachedCell::new(None),
        })
    }
}

impl Gate {
    /// Whether no signal can have a provider in this process now.
    pub fn is_certainly_off(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(environ) = &self.environ else {
            return Ok(false);
        };
        let still_idle = self.modules.is_unchanged(py)
            && environ.is_unchanged(py)
            && self.idle.read(py, |idle| {
                idle.as_ref()
                    .is_some_and(|globals| globals.iter().all(|globals| globals.is_unchanged(py)))
            });
        if still_idle {
            return Ok(true);
        }
        self.modules.settle(py);
        environ.settle(py);
        let idle = self.look(py, environ.dict(py))?;
        let off = idle.is_some();
        drop(self.idle.replace(py, idle));
        Ok(off)
    }

    /// What is to be watched while every signal is idle; none if one of them is not.
    fn look(&self, py: Python<'_>, environ: &Bound<'_, PyDict>) -> PyResult<Option<Vec<Stamped>>> {
        for selector in &self.selectors {
            if environ.contains(selector)? {
                return Ok(None);
            }
        }
        let modules = self.modules.dict(py);
        let mut watched = Vec::new();
        if !modules.contains(intern!(py, "opentelemetry"))? {
            return Ok(Some(watched));
        }
        for signal in &self.signals {
            if !signal.is_idle(py, modules, &mut watched)? {
                return Ok(None);
            }
        }
        Ok(Some(watched))
    }

    /// Whether `config` brings a provider of its own for a signal that it wants.
    pub fn has_own_provider(&self, config: &Bound<'_, PyDict>) -> PyResult<bool> {
        for signal in &self.signals {
            if signal.has_own_provider(config)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Signal {
    fn has_own_provider(&self, config: &Bound<'_, PyDict>) -> PyResult<bool> {
        let provider = config.get_item(&self.provider)?;
        if provider.is_none_or(|provider| provider.is_none()) {
            return Ok(false);
        }
        config
            .get_item(&self.wanted)?
            .map_or(Ok(false), |wanted| wanted.is_truthy())
    }

    fn is_idle(
        &self,
        py: Python<'_>,
        modules: &Bound<'_, PyDict>,
        watched: &mut Vec<Stamped>,
    ) -> PyResult<bool> {
        let Some(module) = modules.get_item(&self.module)? else {
            return Ok(true);
        };
        let names = Stamped::attributes(&module)?;
        names.settle(py);
        let Some(getter) = names.dict(py).get_item(&self.getter)? else {
            return Ok(false);
        };
        let globals = self.slots_of.bind(py).call1((getter,))?;
        let globals = Stamped::new(&globals.cast_into()?);
        globals.settle(py);
        let provider = globals.dict(py).get_item(&self.slot)?;
        watched.extend([names, globals]);
        Ok(provider.is_some_and(|provider| provider.is_none()))
    }
}
