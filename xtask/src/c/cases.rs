//! The case suite, judged by the runner in C.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::build::{self, Flavour};
use crate::process::{Outcome, capture, root};

/// Every file of the suite goes through the runner, and every case of it; with sanitizers where the compiler has them.
pub(crate) fn judge() -> Outcome {
    let library = build::library()?;
    let (files, cases) = write_cases(&build::scratch("cases")?)?;
    let flavour = match build::has_sanitizers(&library)? {
        true => Flavour::Sanitized,
        false => {
            println!("1 skipped: the C compiler has no sanitizers, so the cases run without");
            Flavour::Plain
        }
    };
    let program = build::scratch("programs")?.join("suite");
    build::compile(&build::sources("suite")?, &library, &program, flavour)?;
    let output = capture(Command::new(&program).args(&files))?;
    let (said, failures) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let wanted = format!("{} files, {cases} cases, 0 failed", files.len());
    if said.trim() != wanted || !output.status.success() {
        return Err(format!(
            "{failures}\nthe runner says {:?}, not {wanted:?}, and ends with {}",
            said.trim(),
            output.status
        ));
    }
    println!("{wanted}");
    Ok(())
}

/// The files of the suite as JSON, which C reads more easily, and how many cases they have.
fn write_cases(folder: &Path) -> Result<(Vec<PathBuf>, usize), String> {
    let mut written = Vec::new();
    let mut cases = 0;
    for path in build::files_with(&root().join("testdata"), "toml")? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let document: toml::Table = text.parse().map_err(|error| format!("{name}.toml is no TOML: {error}"))?;
        let mut value = table_json(&name, document)?;
        for case in value["case"].as_array_mut().ok_or_else(|| format!("{name}.toml has no case"))? {
            inline_file(case)?;
            cases += 1;
        }
        let target = folder.join(format!("{name}.json"));
        std::fs::write(&target, value.to_string()).map_err(|error| format!("cannot write {name}.json: {error}"))?;
        written.push(target);
    }
    if cases == 0 { Err("testdata has no cases".to_owned()) } else { Ok((written, cases)) }
}

/// Puts the text of a playbook in the place of its file's name.
fn inline_file(case: &mut Value) -> Outcome {
    let Some(name) = case.get("file").and_then(Value::as_str) else { return Ok(()) };
    let path = root().join("examples/playbooks").join(name);
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read the playbook {name}: {error}"))?;
    case["file"] = json!(text);
    Ok(())
}

fn table_json(file: &str, table: toml::Table) -> Result<Value, String> {
    let entries = table.into_iter().map(|(key, value)| Ok((key, value_json(file, value)?)));
    Ok(Value::Object(entries.collect::<Result<Map<_, _>, String>>()?))
}

fn value_json(file: &str, value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(integer) => json!(integer),
        toml::Value::Boolean(boolean) => json!(boolean),
        // JSON has no such numbers: the runner reads them from texts.
        toml::Value::Float(float) if !float.is_finite() => json!(float.to_string()),
        toml::Value::Float(float) => json!(float),
        toml::Value::Array(values) => {
            Value::Array(values.into_iter().map(|value| value_json(file, value)).collect::<Result<_, _>>()?)
        }
        toml::Value::Table(table) => table_json(file, table)?,
        toml::Value::Datetime(instant) => return Err(format!("{file}.toml has a bare {instant}; write it as a text")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_becomes_json() {
        let table: toml::Table = "a = 1\nb = [1.0, nan, inf]\nc = { d = true, e = 'x' }".parse().unwrap();
        let wanted = json!({ "a": 1, "b": [1.0, "NaN", "inf"], "c": { "d": true, "e": "x" } });
        assert_eq!(table_json("f", table).unwrap(), wanted);
        assert!(table_json("f", "a = 2026-03-01".parse().unwrap()).unwrap_err().contains("f.toml"));
    }
}
