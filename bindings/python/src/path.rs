//! Paths: what users do after one another.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::path::{PathOptions, PathTreeOptions};

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::AsOf;

/// The tree of paths around an anchor.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PathTree {
    tree: userops::path::PathTree,
}

#[pymethods]
impl PathTree {
    /// The options that the tree was built with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.tree.options)
    }

    /// A dict for each node, parents before their children.
    #[getter]
    fn nodes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.tree.nodes)
    }

    /// A row per node, parents before their children.
    fn to_table(&self) -> Result<Table> {
        Ok(self.tree.to_table()?.into())
    }

    /// A row per flow between neighbouring steps.
    fn to_flow_table(&self) -> Result<Table> {
        Ok(self.tree.to_flow_table()?.into())
    }

    fn __len__(&self) -> usize {
        self.tree.nodes.len()
    }

    fn __repr__(&self) -> String {
        let count = self.tree.nodes.first().map_or(0, |root| root.count);
        format!("<PathTree of {} nodes around {count} anchors as of {}>", self.tree.nodes.len(), self.tree.as_of)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.tree)?,))?)
    }

    /// The tree of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { tree: data::from_text("path tree", text)? })
    }
}

/// Which event follows which, over the paths of all users.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn count_transitions(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: PathOptions = data::read_options("options of paths", options)?;
    let transitions = run_on_log(log, move |frozen| userops::path::count_transitions(frozen, as_of.0, options))?;
    Ok(transitions.to_table()?.into())
}

/// What comes after an anchor, or came before it.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn build_path_tree(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<PathTree> {
    let options: PathTreeOptions = data::read_options("options of path trees", options)?;
    Ok(PathTree { tree: run_on_log(log, move |frozen| userops::path::build_path_tree(frozen, as_of.0, options))? })
}
