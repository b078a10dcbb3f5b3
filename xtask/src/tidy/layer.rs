//! Inside the core, imports run one way: a module uses its own group and earlier ones, never a later one.

use super::code::{lines_outside_tests, names_after, without_comments};
use super::source::{Finding, SourceFile};

const CORE: &str = "crates/userops/src/";

/// The modules of the core in reading order; those on one line may use each other.
const GROUPS: &[&[&str]] = &[
    &["error"],
    &["id", "time", "money", "value", "column"],
    &["table", "explanation"],
    &["event", "attribute"],
    &["log"],
    &["ingest", "analytics"],
    &["sample"],
    &["profile"],
    &["rule"],
    &[
        "activity",
        "attribution",
        "btyd",
        "churn",
        "driver",
        "funnel",
        "lifetime_value",
        "path",
        "retention",
        "sequence",
        "series",
        "session",
        "survival",
    ],
    &["warning"],
    &["score"],
    &["lifecycle", "milestone"],
    &["tag"],
    &["segment"],
    &["portrait"],
    &["playbook"],
    &["live"],
    &["report"],
];
const HERE: &str = "GROUPS in xtask/src/tidy/layer.rs";

pub(crate) fn judge(files: &[SourceFile]) -> Vec<Finding> {
    files.iter().filter(|file| !file.is_test()).flat_map(judge_file).collect()
}

fn judge_file(file: &SourceFile) -> Vec<Finding> {
    let Some(module_path) = file.path.strip_prefix(CORE).and_then(|path| path.strip_suffix(".rs")) else {
        return Vec::new();
    };
    if module_path == "lib" {
        return Vec::new();
    }
    let parts: Vec<&str> = module_path.split('/').filter(|part| *part != "mod").collect();
    let module = parts[0];
    let Some(own) = group_of(module) else {
        return vec![file.finding(1, format!("the module `{module}` has no layer: add it to {HERE}"))];
    };
    let lines = without_comments(&lines_outside_tests(&file.text));
    let mut uses = names_after(&lines, "crate");
    // As many `super` as the module is deep lead to the root as well; other names there are the module's own.
    let to_root = vec!["super"; parts.len()].join("::");
    uses.extend(names_after(&lines, &to_root).into_iter().filter(|(_, name)| group_of(name).is_some()));
    uses.iter().filter_map(|(line, name)| Some(file.finding(*line, objection(module, own, name)?))).collect()
}

fn objection(module: &str, own: usize, name: &str) -> Option<String> {
    match group_of(name) {
        Some(used) if used <= own => None,
        Some(_) => Some(format!("`{module}` uses `{name}`, which comes later in the order of layers")),
        None => Some(format!(
            "`crate::{name}` is no module with a layer: write the path of the module it lives in, \
             or add a new module to {HERE}"
        )),
    }
}

fn group_of(module: &str) -> Option<usize> {
    GROUPS.iter().position(|group| group.contains(&module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        judge(&[SourceFile::new(path, text)]).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn earlier_modules_and_the_own_group_may_be_used() {
        let text = "use crate::error::Result;\nuse crate::{id::UserIx, time};\nuse super::value::Value;\n";
        assert!(messages("crates/userops/src/column.rs", text).is_empty());
        assert!(messages("crates/userops/src/lib.rs", "mod anything;\n").is_empty());
        assert!(messages("crates/userops-io/src/read.rs", "use crate::anything::A;\n").is_empty());
    }

    #[test]
    fn a_step_to_a_later_module_is_found() {
        for text in ["use crate::tag::Tag;\n", "use crate::{\n    id,\n    tag,\n};\n", "use super::super::tag;\n"] {
            let found = messages("crates/userops/src/score/fit.rs", text);
            assert!(matches!(&found[..], [one] if one.contains("`score` uses `tag`")), "{text}: {found:?}");
        }
    }

    #[test]
    fn tests_and_comments_may_name_later_modules() {
        let text = "/// See [`crate::tag`].\n#[cfg(test)]\nmod tests {\n    use crate::tag::Tag;\n}\n";
        assert!(messages("crates/userops/src/id.rs", text).is_empty());
        assert!(messages("crates/userops/src/id/tests.rs", "use crate::tag::Tag;\n").is_empty());
    }

    #[test]
    fn names_of_a_parent_module_are_not_of_the_root() {
        assert!(messages("crates/userops/src/time/day.rs", "use super::{Timestamp, log};\n").is_empty());
    }

    #[test]
    fn an_unknown_module_asks_for_its_layer() {
        assert!(messages("crates/userops/src/novel.rs", "")[0].contains("add it to GROUPS"));
        assert!(messages("crates/userops/src/id.rs", "use crate::novel::A;\n")[0].contains("add a new module"));
        assert!(messages("crates/userops/src/id.rs", "use crate::Error;\n")[0].contains("write the path"));
    }
}
