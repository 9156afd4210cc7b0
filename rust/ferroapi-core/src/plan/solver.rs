//! Everything of a step that needs no awaiting: raw values in, arguments or errors out.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use smallvec::SmallVec;

use super::body::Body;
use super::check::{self, Errors};
use super::param_model;
use super::solve::{Solution, missing_argument};
use super::spec::{BodyParam, BodyStep, Graph, Injection, Param, ParamModel, Step};
use crate::extract::Wanted;
use crate::request::RequestContext;

/// Fills argument slots and keeps what has been found so far.
pub struct Solver {
    pub slots: Vec<Option<Py<PyAny>>>,
    pub cache: SmallVec<[Option<Py<PyAny>>; 8]>,
    /// By step, up to the last one that failed.
    failed: SmallVec<[bool; 16]>,
    pub errors: Errors,
    keeps_results: bool,
}

impl Solver {
    pub fn new(graph: &Graph, known: Option<Vec<Option<Py<PyAny>>>>) -> Self {
        let keeps_results = known.is_some();
        let mut cache = known.map_or_else(SmallVec::new, SmallVec::from_vec);
        cache.resize_with(graph.cache_cells, || None);
        Self {
            slots: std::iter::repeat_with(|| None).take(graph.slots).collect(),
            cache,
            failed: SmallVec::new(),
            errors: Errors::default(),
            keeps_results,
        }
    }

    /// Goes on with a rebuilt graph, whose steps are the same up to `done`.
    pub fn adopt(&mut self, graph: &Graph, done: usize) {
        self.slots.resize_with(graph.slots, || None);
        self.cache.resize_with(graph.cache_cells, || None);
        self.failed.truncate(done + 1);
        for (index, step) in graph.steps.iter().enumerate().take(done + 1) {
            if let (true, Some(parent)) = (self.is_failed(index), step.parent) {
                self.fail(parent);
            }
        }
    }

    pub fn is_failed(&self, step: usize) -> bool {
        self.failed.get(step).copied().unwrap_or(false)
    }

    pub fn fail(&mut self, step: usize) {
        let length = self.failed.len().max(step + 1);
        self.failed.resize(length, false);
        self.failed[step] = true;
    }

    fn set(&mut self, slot: usize, value: Py<PyAny>) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(value);
        }
    }

    /// Takes an argument of step `index`, or notes that errors were found instead of it.
    fn put(&mut self, index: usize, slot: usize, value: Option<Py<PyAny>>) {
        match value {
            Some(value) => self.set(slot, value),
            None => self.fail(index),
        }
    }

    pub fn cached(&self, py: Python<'_>, step: &Step) -> Option<Py<PyAny>> {
        let value = self.cache.get(step.cache_cell)?.as_ref()?;
        step.use_cache.then(|| value.clone_ref(py))
    }

    /// Hands a dependency's result to its parent; the first result of a key stays cached.
    pub fn store(&mut self, py: Python<'_>, step: &Step, value: Py<PyAny>) {
        if let Some(cell @ None) = self.cache.get_mut(step.cache_cell) {
            *cell = Some(value.clone_ref(py));
        }
        if let Some(target) = step.target {
            self.set(target, value);
        }
    }

    /// Hands over what has been found, once no step is left.
    pub fn finish(&mut self) -> Solution {
        let cache = if self.keeps_results {
            std::mem::take(&mut self.cache).into_vec()
        } else {
            Vec::new()
        };
        Solution {
            slots: std::mem::take(&mut self.slots),
            errors: std::mem::take(&mut self.errors).into_list(),
            cache,
        }
    }

    /// Everything of a step that needs no awaiting: parameters, JSON body, injected objects.
    pub fn fill(
        &mut self,
        py: Python<'_>,
        cx: &mut RequestContext,
        index: usize,
        step: &Step,
        body: &Body,
    ) -> PyResult<()> {
        cx.read_values(py)?;
        for param in &step.params {
            let value = self.param(py, cx, param)?;
            self.put(index, param.slot, value);
        }
        match &step.body {
            Some(BodyStep::Whole(param)) => self.whole_body(py, cx, index, param, body)?,
            Some(BodyStep::Keys(params)) => self.body_keys(py, cx, index, params, body)?,
            Some(BodyStep::Form { .. }) | None => {}
        }
        for (injection, slot) in &step.injections {
            let object = match injection {
                Injection::Request => cx.request(py)?,
                Injection::Response => cx.response(py)?,
                Injection::BackgroundTasks => cx.background_tasks(py)?,
                Injection::SecurityScopes(scopes) => {
                    cx.leaves.new_security_scopes.call1(py, (scopes,))?
                }
            };
            self.set(*slot, object);
        }
        Ok(())
    }

    fn param(
        &mut self,
        py: Python<'_>,
        cx: &mut RequestContext,
        param: &Param,
    ) -> PyResult<Option<Py<PyAny>>> {
        if let Some(received) = cx.read_source(py, param.source, param.asked)? {
            return self.param_leaf(py, cx, param, &received);
        }
        if let Some(model) = &param.model {
            return self.param_model(py, cx, param, model);
        }
        let found = cx.values.find(py, &cx.scope, &param.wanted())?;
        let (position, value) = found.map_or((0, None), |found| (found.position, found.value));
        if let Some(plain) = value.as_ref().and_then(|value| param.plain.value(value)) {
            return Ok(Some(plain));
        }
        let alias = param.aliases.get(position).ok_or_else(missing_argument)?;
        let (check, errors) = (&param.check, &mut self.errors);
        check::validate(cx.leaves, check, value, &alias.loc, errors, py)
    }

    fn param_model(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        param: &Param,
        model: &ParamModel,
    ) -> PyResult<Option<Py<PyAny>>> {
        let input = param_model::gather(py, &cx.values, &cx.scope, param.source, model)?;
        let mut errors = Errors::default();
        let value = input.values.map(Bound::into_any);
        let loc = &model.loc;
        let value = check::validate(cx.leaves, &param.check, value, loc, &mut errors, py)?;
        if let Some(found) = errors.into_list() {
            let found = match input.headers {
                None => found.into_any(),
                Some(headers) => cx.leaves.at_headers.call1(py, (found, headers))?,
            };
            self.errors.extend(found.bind(py))?;
        }
        Ok(value)
    }

    /// A parameter that a mapping of the user's is to be asked for.
    fn param_leaf(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        param: &Param,
        received: &Py<PyAny>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let arguments = (&param.check.field, received);
        let (value, found): (Py<PyAny>, Bound<'_, PyAny>) =
            cx.leaves.params_to_args.call1(py, arguments)?.extract(py)?;
        Ok((!self.errors.extend(&found)?).then_some(value))
    }

    fn whole_body(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        index: usize,
        param: &BodyParam,
        body: &Body,
    ) -> PyResult<()> {
        if let Some(value) = body.validated_by(py, param.reader.as_ref()) {
            self.set(param.slot, value);
            return Ok(());
        }
        let value = body.content(cx, py)?.map(|content| content.into_bound(py));
        let Some(alias) = param.aliases.first() else {
            return Err(missing_argument());
        };
        let loc = &alias.loc;
        let value = check::validate(cx.leaves, &param.check, value, loc, &mut self.errors, py)?;
        self.put(index, param.slot, value);
        Ok(())
    }

    fn body_keys(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        index: usize,
        params: &[BodyParam],
        body: &Body,
    ) -> PyResult<()> {
        let content = body.content(cx, py)?;
        for param in params {
            let Some(first) = param.aliases.first() else {
                return Err(missing_argument());
            };
            let (loc, value) = match body_key(py, param, content.as_ref())? {
                Key::NoMapping => {
                    // As the reference: whatever has no keys lacks each of them, defaults or not.
                    let error = cx.leaves.missing_error.call1(py, (&first.loc,))?;
                    self.errors.append(py, error)?;
                    self.fail(index);
                    continue;
                }
                Key::Absent => (&first.loc, None),
                Key::Found(loc, value) => (loc, Some(value)),
            };
            let value = check::validate(cx.leaves, &param.check, value, loc, &mut self.errors, py)?;
            self.put(index, param.slot, value);
        }
        Ok(())
    }

    pub fn take_form(
        &mut self,
        py: Python<'_>,
        index: usize,
        slots: &[(Py<PyString>, usize)],
        result: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (values, found): (Bound<'_, PyDict>, Bound<'_, PyAny>) = result.extract()?;
        if self.errors.extend(&found)? {
            self.fail(index);
        }
        for (name, slot) in slots {
            if let Some(value) = values.get_item(name.bind(py))? {
                self.set(*slot, value.unbind());
            }
        }
        Ok(())
    }
}

impl Param {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            source: self.source,
            aliases: &self.aliases,
            many: self.many,
            empty_is_missing: self.empty_is_missing,
        }
    }
}

enum Key<'a, 'py> {
    NoMapping,
    Absent,
    Found(&'a Py<PyTuple>, Bound<'py, PyAny>),
}

fn body_key<'a, 'py>(
    py: Python<'py>,
    param: &'a BodyParam,
    content: Option<&Py<PyAny>>,
) -> PyResult<Key<'a, 'py>> {
    let Some(object) = content else {
        return Ok(Key::Absent);
    };
    let object = object.bind(py);
    if object.is_instance_of::<PyBytes>() {
        return Ok(Key::Absent);
    }
    let Ok(mapping) = object.cast::<PyDict>() else {
        return Ok(Key::NoMapping);
    };
    for alias in &param.aliases {
        if let Some(value) = mapping.get_item(&alias.key)? {
            return Ok(Key::Found(&alias.loc, value));
        }
    }
    Ok(Key::Absent)
}
