//! The question of each request: is it certain that nobody records it?
//!
//! `telemetry/_gate.py` states the rule; this is its quick negative answer. Whenever it can't be given,
//! Python is asked.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::cell::AttachedCell;

/// Where to look, as the Python side describes it.
#[derive(FromPyObject)]
pub struct Gate {
    /// `sys.modules`.
    modules: Py<PyDict>,
    /// The dict behind `os.environ`, if there is one.
    environ: Option<Py<PyDict>>,
    /// Variables that select a provider on first use, as keys of `environ`.
    selectors: Vec<Py<PyAny>>,
    signals: Vec<Signal>,
}

/// Traces, metrics or logs.
struct Signal {
    spec: SignalSpec,
    known: AttachedCell<Option<Getter>>,
}

#[derive(FromPyObject)]
struct SignalSpec {
    /// Finds the globals behind a getter.
    slots_of: Py<PyAny>,
    module: Py<PyString>,
    getter: Py<PyString>,
    slot: Py<PyString>,
    /// The setting that switches the signal on, and the one that holds the application's own provider.
    wanted: Py<PyString>,
    provider: Py<PyString>,
}

/// A getter of the OpenTelemetry API, and the globals that it reads.
struct Getter {
    function: Py<PyAny>,
    globals: Py<PyDict>,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Signal {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self {
            spec: object.extract()?,
            known: AttachedCell::new(None),
        })
    }
}

impl Gate {
    /// Whether no signal that `config` wants can have a provider now.
    pub fn is_certainly_off(&self, py: Python<'_>, config: &Bound<'_, PyAny>) -> PyResult<bool> {
        let (Some(environ), Ok(config)) = (&self.environ, config.cast::<PyDict>()) else {
            return Ok(false);
        };
        let environ = environ.bind(py);
        for selector in &self.selectors {
            if environ.contains(selector)? {
                return Ok(false);
            }
        }
        for signal in &self.signals {
            if signal.has_own_provider(config)? {
                return Ok(false);
            }
        }
        let modules = self.modules.bind(py);
        if !modules.contains(intern!(py, "opentelemetry"))? {
            return Ok(true);
        }
        for signal in &self.signals {
            if !signal.is_idle(py, modules)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Signal {
    fn has_own_provider(&self, config: &Bound<'_, PyDict>) -> PyResult<bool> {
        let provider = config.get_item(&self.spec.provider)?;
        if provider.is_none_or(|provider| provider.is_none()) {
            return Ok(false);
        }
        config
            .get_item(&self.spec.wanted)?
            .map_or(Ok(false), |wanted| wanted.is_truthy())
    }

    fn is_idle(&self, py: Python<'_>, modules: &Bound<'_, PyDict>) -> PyResult<bool> {
        let Some(module) = modules.get_item(&self.spec.module)? else {
            return Ok(true);
        };
        let Ok(getter) = module.getattr(&self.spec.getter) else {
            return Ok(false);
        };
        let known = self.known.read(py, |known| match known {
            Some(known) if known.function.is(&getter) => Some(known.globals.clone_ref(py)),
            _ => None,
        });
        let globals = if let Some(globals) = known {
            globals.into_bound(py)
        } else {
            let globals = self.spec.slots_of.bind(py).call1((&getter,))?;
            let globals = globals.cast_into::<PyDict>()?;
            let getter = Getter {
                function: getter.unbind(),
                globals: globals.clone().unbind(),
            };
            drop(self.known.replace(py, Some(getter)));
            globals
        };
        Ok(globals
            .get_item(&self.spec.slot)?
            .is_some_and(|provider| provider.is_none()))
    }
}
