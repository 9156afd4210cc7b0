//! The application's way in: the outermost layers of its middleware stack, compiled.

use pyo3::PyVisit;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::call_slot;
use super::line::Line;
use crate::attached::attached;
use crate::cell::AttachedCell;
use crate::connection::{self, reduced_to};
use crate::coroutine::Coroutine;
use crate::epoch;
use crate::leaves::Leaves;
use crate::own_dict::own_dict;
use crate::package::Package;
use crate::request::RequestContext;
use crate::scope::{Key, Member, Scope};
use crate::server::Policy;
use crate::shared::{Owned, Shared};
use crate::stamp::{LastFound, Stamped};
use crate::traverse::{Traverse, Visited, traverse};
use crate::unicode::utf8;
use crate::watch;

/// What the entry knows of the stack that `build_middleware_stack()` returned.
pub struct Known {
    pub leaves: &'static Leaves,
    epoch: u64,
    /// The application's `root_path`.
    root_path: Py<PyAny>,
    stack: Py<PyAny>,
    /// The layer inside of the outermost one; it may be replaced at any time.
    below: Py<PyAny>,
    /// None if the stack is not the package's own: it is called as a whole.
    line: Option<Line>,
    limits: Option<Limits>,
    /// No signal has a provider of the application's own.
    unrecorded: bool,
    /// The attributes that all of this was read from: the application's, its telemetry settings, the
    /// outermost layer's.
    sources: [Stamped; 3],
}

/// Limits of the application's for each request, and the object that they were read from.
struct Limits {
    policy: Policy,
    object: Py<PyAny>,
}

/// Enters an application's stack directly in Rust where nothing of it was replaced.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct Entry {
    package: &'static Package,
    app: Py<PyAny>,
    known: AttachedCell<Option<Owned<Known>>>,
}

traverse!(Entry { app, known } but { package });
traverse!(Known {
    root_path, stack, below, line, limits, sources
} but {
    leaves, epoch, unrecorded
});
traverse!(Limits { object } but { policy });

impl Entry {
    /// What serves a request that our own protocol has read.
    pub fn native_way_in(&self, py: Python<'_>) -> PyResult<Option<Shared<Known>>> {
        self.way_in(py, None)
    }

    /// What serves a connection of this scope; none if the plain stack has to.
    fn way_in(&self, py: Python<'_>, scope: Option<&Scope>) -> PyResult<Option<Shared<Known>>> {
        if let Some(scope) = scope
            && !is_plain_http(py, scope)?
        {
            return Ok(None);
        }
        let leaves = self.package.leaves(py)?;
        watch::look(py, leaves);
        let Some(known) = self.known(py, leaves)? else {
            return Ok(None);
        };
        if known.line.is_none() || self.is_recorded(py, leaves, &known)? {
            return Ok(None);
        }
        Ok(Some(known))
    }

    /// What is known of the stack now; none before there is one, which Starlette's own call builds.
    fn known(&self, py: Python<'_>, leaves: &'static Leaves) -> PyResult<Option<Shared<Known>>> {
        let known = self
            .known
            .read(py, |known| known.as_ref().map(Owned::share));
        if let Some(known) = &known
            && known.is_untouched(py)
        {
            return Ok(Some(Shared::clone(known)));
        }
        let app = self.app.bind(py);
        let stack = app.getattr(intern!(py, "middleware_stack"))?;
        if stack.is_none() {
            return Ok(None);
        }
        if let Some(known) = known
            && known.still_holds(py, leaves, &stack)?
        {
            return Ok(Some(known));
        }
        let known = Owned::new(Known::learn(py, leaves, app, &stack)?);
        let shared = known.share();
        drop(self.known.replace(py, Some(known)));
        Ok(Some(shared))
    }

    /// Whether the application's own telemetry records this request.
    fn is_recorded(&self, py: Python<'_>, leaves: &Leaves, known: &Known) -> PyResult<bool> {
        if known.unrecorded && leaves.telemetry_gate.is_certainly_off(py)? {
            return Ok(false);
        }
        let telemetry = self.app.getattr(py, intern!(py, "_native_telemetry"))?;
        telemetry
            .call_method0(py, intern!(py, "enabled"))?
            .is_truthy(py)
    }
}

/// An HTTP request that no outer application traces or counts the bytes of.
fn is_plain_http(py: Python<'_>, scope: &Scope) -> PyResult<bool> {
    let kind = scope.member(py, Member::Type)?;
    let kind = kind.cast::<PyString>().ok();
    Ok(
        kind.is_some_and(|kind| utf8(kind).is_ok_and(|kind| kind == "http"))
            && !scope.has(py, Member::Telemetry)?
            && !scope.has(py, Member::MaxBodySize)?,
    )
}

impl Known {
    /// The quick look: nothing was written to anything this was read from.
    fn is_untouched(&self, py: Python<'_>) -> bool {
        self.line.as_ref().is_none_or(|line| line.is_untouched(py))
            && self.epoch == epoch::current()
            && self.sources.iter().all(|source| source.is_unchanged(py))
    }

    /// The full look, after something was written; true if it was something else.
    fn still_holds(
        &self,
        py: Python<'_>,
        leaves: &Leaves,
        stack: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        for source in &self.sources {
            source.settle(py);
        }
        let root_path = own_root_path(self.sources[0].dict(py))?;
        let same_path = root_path.is_some_and(|path| path.is(self.root_path.bind(py)));
        if self.epoch != epoch::current() || !same_path || !stack.is(self.stack.bind(py)) {
            return Ok(false);
        }
        let limits = own_limits(self.sources[0].dict(py))?;
        let known = self.limits.as_ref().map(|known| known.object.bind(py));
        let same_limits = match (&limits, known) {
            (Some(limits), Some(known)) => limits.is(known),
            (limits, known) => limits.is_none() && known.is_none(),
        };
        if !same_limits {
            return Ok(false);
        }
        let own_provider = leaves
            .telemetry_gate
            .has_own_provider(self.sources[1].dict(py))?;
        if own_provider == self.unrecorded {
            return Ok(false);
        }
        let Some(line) = &self.line else {
            return Ok(true);
        };
        if !stack.getattr(intern!(py, "app"))?.is(self.below.bind(py)) {
            return Ok(false);
        }
        // The look at the layers moves the epoch if a class was patched.
        Ok(line.is_current(py)? && self.epoch == epoch::current())
    }

    fn learn(
        py: Python<'_>,
        leaves: &'static Leaves,
        app: &Bound<'_, PyAny>,
        stack: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let epoch = epoch::current();
        let config = app.getattr(intern!(py, "_telemetry"))?.cast_into()?;
        let sources = [
            Stamped::attributes(app)?,
            Stamped::new(&config),
            Stamped::attributes(stack).or_else(|_| Stamped::attributes(app))?,
        ];
        for source in &sources {
            source.settle(py);
        }
        let root_path = own_root_path(sources[0].dict(py))?;
        let limits = match own_limits(sources[0].dict(py))? {
            Some(object) => Some(Limits {
                policy: object.extract()?,
                object: object.unbind(),
            }),
            None => None,
        };
        let described = leaves.inside_of_stack.bind(py).call1((stack,))?;
        let (line, below) = if described.is_none() || root_path.is_none() {
            (None, py.None())
        } else {
            let below = stack.getattr(intern!(py, "app"))?.unbind();
            (Some(Line::read(leaves, &described)?), below)
        };
        Ok(Self {
            leaves,
            epoch,
            root_path: root_path.map_or_else(|| py.None(), Bound::unbind),
            stack: stack.clone().unbind(),
            below,
            line,
            limits,
            unrecorded: !leaves.telemetry_gate.has_own_provider(&config)?,
            sources,
        })
    }
}

/// The `root_path` among an application's attributes; none if a class of the user's computes it.
fn own_root_path<'py>(attributes: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyAny>>> {
    attributes.get_item(intern!(attributes.py(), "root_path"))
}

/// The `RequestLimits` that were set on an application.
fn own_limits<'py>(attributes: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyAny>>> {
    attributes.get_item(intern!(attributes.py(), "__request_limits__"))
}

/// Serves the request; an error that nobody handled is answered with 500 and raised for the server.
async fn serve(known: &Known, cx: &mut RequestContext) -> PyResult<()> {
    let Some(line) = &known.line else {
        return Err(foreign_stack());
    };
    let Err(error) = line.serve(cx).await else {
        return Ok(());
    };
    let call = attached(|py| {
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        let sender = cx.outer_sender(py)?;
        let stack = &known.stack;
        let arguments = (
            stack,
            error.into_value(py),
            cx.scope.object(py)?,
            cx.receive(py)?,
            sender,
        );
        cx.leaves.server_error.call1(py, arguments)
    })?;
    cx.run(call).await
}

fn foreign_stack() -> PyErr {
    PyRuntimeError::new_err("ferroapi: a stack of another kind has no compiled way in")
}

#[pymethods]
impl Entry {
    #[new]
    fn new(package: &'static Package, app: Py<PyAny>) -> Self {
        Self {
            package,
            app,
            known: AttachedCell::new(None),
        }
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        reduced_to(slf.get_type(), slf.get().package, &slf.get().app)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }

    fn __clear__(&self) {
        Python::attach(|py| drop(self.known.take(py)));
    }
}

/// The compiled way into `app` for a connection of this scope; none if the middleware stack has to be called.
///
/// What the entry learnt is kept on the application; a copy of that starts with an entry of its own.
pub fn way_in(
    py: Python<'_>,
    app: &Bound<'_, PyAny>,
    scope: &Scope,
) -> PyResult<Option<Shared<Known>>> {
    entry_of(app)?.get().way_in(py, Some(scope))
}

/// Serves one connection, as the application's call does from its first line on.
pub async fn serve_app(
    app: Py<PyAny>,
    known: Shared<Known>,
    cx: &mut RequestContext,
) -> PyResult<()> {
    attached(|py| {
        if known.root_path.is_truthy(py)? {
            cx.scope.replace(py, Member::RootPath, &known.root_path)?;
        }
        if let Some(limits) = &known.limits {
            cx.limit(py, &limits.policy)?;
        }
        // Another application is around this one, whose middleware may look.
        cx.watched |= cx.scope.contains(py, Key::App)?;
        cx.scope.set(py, Key::App, &app)
    })?;
    serve(&known, cx).await
}

/// The coroutine that serves this connection, or none if the middleware stack has to be called.
#[pyfunction]
pub fn open(
    py: Python<'_>,
    app: Bound<'_, PyAny>,
    scope: Bound<'_, PyAny>,
    receive: Py<PyAny>,
    send: Py<PyAny>,
) -> PyResult<Option<Coroutine>> {
    let package = Package::of_application(&app)?;
    call_slot::compile_class(&app.get_type(), package)?;
    let Some(known) = way_in(py, &app, &Scope::given(&scope)?)? else {
        return Ok(None);
    };
    let app = app.unbind();
    Ok(Some(connection::serve(
        package,
        scope,
        receive,
        send,
        |mut cx| async move { serve_app(app, known, &mut cx).await },
    )))
}

/// The entry of an application.
pub fn entry_of<'py>(app: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Entry>> {
    static LAST: LastFound<Entry> = LastFound::new();
    let py = app.py();
    let own = own_dict(app)?;
    if let Some(entry) = LAST.get(&own) {
        return Ok(entry);
    }
    let key = intern!(py, "_entry");
    if let Some(known) = own.get_item(key)?
        && let Ok(entry) = known.cast_into::<Entry>()
        && entry.get().app.is(app)
    {
        LAST.set(&own, &entry);
        return Ok(entry);
    }
    let entry = Bound::new(
        py,
        Entry {
            package: Package::of_application(app)?,
            app: app.clone().unbind(),
            known: AttachedCell::new(None),
        },
    )?;
    own.set_item(key, &entry)?;
    Ok(entry)
}
