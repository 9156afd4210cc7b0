//! Where the names of a scope stand in the dicts of a server, which are made by the same code each time.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::key::{COUNT, Name};
use crate::cell::AttachedCell;
use crate::dict_entries;

/// The place of each name among the entries of a dict.
#[derive(Clone, Copy)]
pub struct Places {
    by_name: [u8; COUNT],
    /// How many entries there are.
    length: u8,
}

const NOWHERE: u8 = u8::MAX;

impl Places {
    /// The places of a dict of which nothing is known.
    pub const fn none() -> Self {
        Self::among(0)
    }

    const fn among(length: u8) -> Self {
        Self {
            by_name: [NOWHERE; COUNT],
            length,
        }
    }

    pub fn of(&self, name: Name) -> Option<usize> {
        let place = self.by_name[name.index()];
        (place != NOWHERE).then_some(place.into())
    }

    /// Takes note of an entry that was added.
    pub fn add(&mut self, name: Name) {
        self.by_name[name.index()] = self.length;
        self.length += 1;
    }
}

/// The keys of a dict in their order, and what that order means.
struct Shape {
    keys: Vec<Py<PyAny>>,
    places: Places,
}

/// Shapes are learnt from the first requests and kept for good: few servers and few test clients are in use in one
/// process, and scopes that differ each time are not worth while.
const MOST_SHAPES: usize = 4;
const MOST_TRIES: usize = 32;

struct Learnt {
    shapes: [Option<&'static Shape>; MOST_SHAPES],
    tries: usize,
}

static LEARNT: AttachedCell<Learnt> = AttachedCell::new(Learnt {
    shapes: [None; MOST_SHAPES],
    tries: 0,
});

/// Where the names stand in `dict`; none where each has to be looked up.
pub fn places(dict: &Bound<'_, PyDict>) -> PyResult<Option<Places>> {
    let py = dict.py();
    let known = LEARNT.read(py, |learnt| {
        let mut shapes = learnt.shapes.iter().map_while(|shape| *shape);
        shapes.find(|shape| dict_entries::has_keys(dict, &shape.keys))
    });
    match known {
        Some(shape) => Ok(Some(shape.places)),
        None => learn(dict),
    }
}

#[cold]
fn learn(dict: &Bound<'_, PyDict>) -> PyResult<Option<Places>> {
    let py = dict.py();
    let tries = LEARNT.update(py, |learnt| {
        learnt.tries = learnt.tries.saturating_add(1);
        learnt.tries
    });
    if tries > MOST_TRIES
        || dict.len() > dict_entries::MOST
        || !dict_entries::are_where_expected(py)?
    {
        return Ok(None);
    }
    let keys: Vec<Py<PyAny>> = dict.keys().iter().map(Bound::unbind).collect();
    if !dict_entries::has_keys(dict, &keys) {
        return Ok(None);
    }
    let mut places = Places::among(u8::try_from(keys.len())?);
    for name in Name::all() {
        for (place, key) in (0..).zip(&keys) {
            // A look-up finds equal names, too, that are not the same object.
            if key.bind(py).eq(name.text(py))? {
                places.by_name[name.index()] = place;
            }
        }
    }
    keep(py, Shape { keys, places });
    Ok(Some(places))
}

fn keep(py: Python<'_>, shape: Shape) {
    LEARNT.update(py, |learnt| {
        if let Some(place) = learnt.shapes.iter_mut().find(|place| place.is_none()) {
            *place = Some(Box::leak(Box::new(shape)));
        }
    });
}
