//! A path operation's handler: from a request to what answers it.

use pyo3::PyVisit;
use pyo3::exceptions::{PyAssertionError, PyAttributeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use super::body;
use super::compiled::Compiled;
use super::endpoint::{self, Answer, Arguments};
use crate::attached::attached;
use crate::cell::AttachedCell;
use crate::connection::reduced_to;
use crate::coroutine::{Channel, Coroutine, escaping};
use crate::epoch;
use crate::leaves::Leaves;
use crate::package::Package;
use crate::plan::{Body, OverridesProvider, solve};
use crate::request::{RequestContext, RootPath};
use crate::scope::{Member, Scope};
use crate::shared::{Owned, Shared};
use crate::stacks::{Stack, StackKey};
use crate::traverse::{Traverse, Visited, traverse};

/// The plan of one path operation, compiled on first use and rebuilt when what it was made of changes.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct Handler {
    package: &'static Package,
    /// `HandlerOptions` of the Python side.
    options: Py<PyAny>,
    /// The provider of `dependency_overrides`, or none.
    overrides_provider: Option<OverridesProvider>,
    plan: AttachedCell<Option<Plan>>,
    /// The coroutine function that stands for this handler in Python.
    door: AttachedCell<Option<Py<PyAny>>>,
}

struct Plan {
    epoch: u64,
    compiled: Owned<Compiled>,
}

traverse!(Handler {
    options,
    overrides_provider,
    plan,
    door
} but {
    package
});
traverse!(Plan { compiled } but { epoch });

impl Handler {
    /// The plan in force. Under overrides each request has its own, since the reference analyzes all dependencies
    /// anew then, which a user sees.
    fn compiled(&self, py: Python<'_>, leaves: &Leaves) -> PyResult<Shared<Compiled>> {
        if let Some(overrides) = self.overrides(py)? {
            return Ok(Shared::new(self.compile(py, leaves, Some(&overrides))?));
        }
        let current = self.plan.read(py, |plan| {
            let plan = plan.as_ref();
            let current = plan.filter(|plan| plan.epoch == epoch::current());
            current.map(|plan| plan.compiled.share())
        });
        if let Some(compiled) = current {
            return Ok(compiled);
        }
        let known = self.plan.take(py);
        let plan = self.refresh(py, leaves, known)?;
        let compiled = plan.compiled.share();
        drop(self.plan.replace(py, Some(plan)));
        Ok(compiled)
    }

    fn overrides<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &self.overrides_provider {
            Some(provider) => provider.overrides(py),
            None => Ok(None),
        }
    }

    /// `known` if it still holds, else a new plan.
    fn refresh(&self, py: Python<'_>, leaves: &Leaves, known: Option<Plan>) -> PyResult<Plan> {
        // Taken before anything is read: what another thread changes meanwhile moves it on.
        let epoch = epoch::current();
        if let Some(plan) = known {
            if plan.epoch == epoch {
                return Ok(plan);
            }
            let snapshot = &plan.compiled.snapshot;
            if leaves
                .plan_is_current
                .call1(py, (snapshot,))?
                .is_truthy(py)?
            {
                return Ok(Plan {
                    epoch,
                    compiled: plan.compiled,
                });
            }
        }
        Ok(Plan {
            epoch,
            compiled: Owned::new(self.compile(py, leaves, None)?),
        })
    }

    fn compile(
        &self,
        py: Python<'_>,
        leaves: &Leaves,
        overrides: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Compiled> {
        let described = leaves.compile_plan.call1(py, (&self.options, overrides))?;
        described.extract(py)
    }

    /// Runs body, dependencies and endpoint; the answer is not sent yet.
    ///
    /// `given`: the request object came from outside and must be asked instead of the scope.
    pub async fn answer(&self, cx: &mut RequestContext, given: bool) -> PyResult<Answer> {
        let compiled = attached(|py| {
            if cx.root_path == RootPath::Unseen {
                require_root_path(py, &cx.scope)?;
            }
            if cx.traced {
                let request = cx.request(py)?;
                cx.leaves.telemetry_begin.call1(py, (request,))?;
            }
            self.compiled(py, cx.leaves)
        })?;
        let asked = given || cx.patches.body_methods || cx.request.is_some();
        let body = body::read(&compiled, &self.options, cx, asked).await?;
        let arguments = self.solve(&compiled, cx, &body).await.map_err(escaping)?;
        attached(|py| cx.look_at_patches(py))?;
        endpoint::run(&compiled, &self.options, cx, &arguments, given)
            .await
            .map_err(escaping)
    }

    async fn solve(
        &self,
        compiled: &Compiled,
        cx: &mut RequestContext,
        body: &Body,
    ) -> PyResult<Arguments> {
        if cx.traced || cx.patches.solve_dependencies.is_some() {
            return Box::pin(self.solve_in_python(cx, body)).await;
        }
        let provider = self.overrides_provider.as_ref();
        let solution = solve(&compiled.graph, cx, body, None, provider).await?;
        match &solution.errors {
            None => Ok(Arguments::Slots(solution)),
            Some(errors) => Err(attached(|py| self.refusal(py, cx, body, errors.as_any()))),
        }
    }

    /// A replaced resolver, or one whose work is traced, speaks the public protocol.
    async fn solve_in_python(&self, cx: &mut RequestContext, body: &Body) -> PyResult<Arguments> {
        let call = attached(|py| {
            let request = cx.request(py)?;
            let stack = cx.stack(py, StackKey::Request)?;
            let body = body.object(cx, py)?;
            cx.leaves
                .solve_publicly
                .call1(py, (request, &self.options, body, stack))
        })?;
        let solved = cx.await_(call).await?;
        attached(|py| {
            let solved = solved.bind(py);
            cx.response = Some(solved.getattr(intern!(py, "response"))?.unbind());
            let background = solved.getattr(intern!(py, "background_tasks"))?;
            cx.background = (!background.is_none()).then(|| background.unbind());
            let errors = solved.getattr(intern!(py, "errors"))?;
            if errors.is_truthy()? {
                return Err(self.refusal(py, cx, body, errors.as_unbound()));
            }
            let values = solved.getattr(intern!(py, "values"))?.unbind();
            Ok(Arguments::Mapping(values))
        })
    }

    /// What a request with these validation errors is refused with.
    fn refusal(
        &self,
        py: Python<'_>,
        cx: &RequestContext,
        body: &Body,
        errors: &Py<PyAny>,
    ) -> PyErr {
        let made = body.content(cx, py).and_then(|body| {
            let arguments = (errors, body, &self.options, cx.scope.object(py)?);
            cx.leaves.validation_error.call1(py, arguments)
        });
        match made {
            Ok(error) => PyErr::from_value(error.into_bound(py)),
            Err(error) => error,
        }
    }
}

/// Fails as the reference does, which puts a text together with it for each request, for a root path that is none.
fn require_root_path(py: Python<'_>, scope: &Scope) -> PyResult<()> {
    if scope.head(py).is_some() {
        return Ok(());
    }
    match scope.optional(py, Member::RootPath)? {
        Some(path) if !path.is_instance_of::<PyString>() => {
            path.call_method1(intern!(py, "rstrip"), ("/",)).map(drop)
        }
        _ => Ok(()),
    }
}

/// The context of a request object that somebody else made.
pub fn context_of_given(
    py: Python<'_>,
    package: &'static Package,
    channel: Shared<Channel>,
    request: &Bound<'_, PyAny>,
) -> PyResult<Box<RequestContext>> {
    let scope = request.getattr(intern!(py, "scope"))?;
    let leaves = package.leaves(py)?;
    let mut cx = RequestContext::new(py, leaves, channel, &scope, py.None(), py.None())?;
    cx.request_stack = published_stack(&scope, StackKey::Request)?;
    cx.function_stack = published_stack(&scope, StackKey::Function)?;
    cx.request = Some(request.clone().unbind());
    Ok(cx)
}

fn published_stack(scope: &Bound<'_, PyAny>, key: StackKey) -> PyResult<Stack> {
    let py = scope.py();
    let name = key.name(py);
    let object = scope.call_method1(intern!(py, "get"), (name,))?;
    if object.is_none() {
        return Err(PyAssertionError::new_err(format!(
            "{name} not found in request scope"
        )));
    }
    Ok(Stack::published(object.unbind()))
}

#[pymethods]
impl Handler {
    #[new]
    fn new(py: Python<'_>, package: &'static Package, options: Py<PyAny>) -> PyResult<Self> {
        let provider = options
            .bind(py)
            .getattr(intern!(py, "dependency_overrides_provider"))?;
        Ok(Self {
            package,
            options,
            overrides_provider: (!provider.is_none()).then(|| OverridesProvider::new(provider)),
            plan: AttachedCell::new(None),
            door: AttachedCell::new(None),
        })
    }

    /// The description this handler is compiled from.
    #[getter]
    fn options(&self, py: Python<'_>) -> Py<PyAny> {
        self.options.clone_ref(py)
    }

    /// The coroutine function behind which this handler stands in Python.
    #[getter]
    fn door(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.door.get(py)
    }

    #[setter(door)]
    fn set_door(&self, py: Python<'_>, door: Py<PyAny>) {
        drop(self.door.replace(py, Some(door)));
    }

    /// Answer a request object with a response object.
    fn respond_to(slf: Py<Self>, request: Py<PyAny>) -> Coroutine {
        Coroutine::new(|channel| async move {
            let package = slf.get().package;
            let mut cx = attached(|py| context_of_given(py, package, channel, request.bind(py)))?;
            match slf.get().answer(&mut cx, true).await? {
                Answer::Object(response) => Ok(response),
                Answer::Native(_) => {
                    Err(PyAttributeError::new_err("a response object was asked for"))
                }
            }
        })
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let handler = slf.get();
        reduced_to(slf.get_type(), handler.package, &handler.options)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }

    fn __clear__(&self) {
        Python::attach(|py| {
            drop(self.plan.take(py));
            drop(self.door.take(py));
        });
    }
}
