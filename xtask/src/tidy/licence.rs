//! Every dependency's licence and source is one that deny.toml allows; cargo-deny reads the same lists.

use std::fs;

use serde_json::Value;

use super::source::Finding;
use crate::cargo::metadata;
use crate::process::root;

const POLICY: &str = "deny.toml";

/// What deny.toml allows.
struct Policy {
    licences: Vec<String>,
    registries: Vec<String>,
    /// Licences that one crate alone may have, by its name.
    exceptions: Vec<(String, Vec<String>)>,
}

impl Policy {
    /// The licences that a package of this name may have.
    fn licences_of(&self, name: &str) -> Vec<String> {
        let own = self.exceptions.iter().filter(|(of, _)| of == name).flat_map(|(_, licences)| licences);
        self.licences.iter().chain(own).cloned().collect()
    }
}

pub(crate) fn judge_dependencies() -> Result<Vec<Finding>, String> {
    let text = fs::read_to_string(root().join(POLICY)).map_err(|error| format!("cannot read {POLICY}: {error}"))?;
    let policy = parse_policy(&text)?;
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` lists no packages")?;
    Ok(packages.iter().flat_map(|package| judge_package(package, &policy)).collect())
}

fn parse_policy(text: &str) -> Result<Policy, String> {
    let table: toml::Table = text.parse().map_err(|error| format!("{POLICY} is no TOML: {error}"))?;
    let list = |section: &str, key: &str| -> Result<Vec<String>, String> {
        let values = table.get(section).and_then(|section| section.get(key)?.as_array());
        let values = values.ok_or_else(|| format!("{POLICY} has no list `{key}` in [{section}]"))?;
        Ok(values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
    };
    let exceptions = table.get("licenses").and_then(|licences| licences.get("exceptions")?.as_array());
    let exceptions = exceptions.into_iter().flatten().filter_map(|exception| {
        let allowed = exception.get("allow")?.as_array()?.iter();
        let allowed = allowed.filter_map(|value| value.as_str().map(str::to_owned)).collect();
        Some((exception.get("crate")?.as_str()?.to_owned(), allowed))
    });
    Ok(Policy {
        licences: list("licenses", "allow")?,
        registries: list("sources", "allow-registry")?,
        exceptions: exceptions.collect(),
    })
}

fn judge_package(package: &Value, policy: &Policy) -> Vec<Finding> {
    let name = format!("{} {}", package["name"].as_str().unwrap_or("?"), package["version"].as_str().unwrap_or("?"));
    let finding = |message| Finding { path: POLICY.to_owned(), line: 1, message };
    let mut findings = Vec::new();
    match package["license"].as_str() {
        Some(expression)
            if is_allowed(expression, &policy.licences_of(package["name"].as_str().unwrap_or_default())) => {}
        Some(expression) => findings.push(finding(format!("the licence of {name} is not allowed: {expression}"))),
        None => findings.push(finding(format!("{name} names no licence"))),
    }
    // A package without a source is of this workspace.
    if let Some(source) = package["source"].as_str() {
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        if !policy.registries.iter().any(|allowed| allowed == registry) {
            findings.push(finding(format!("the source of {name} is not allowed: {source}")));
        }
    }
    findings
}

/// Whether an SPDX expression can be met by allowed licences alone. The old `A/B` means `A OR B`.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    any(&mut rest, allowed) == Some(true) && rest.is_empty()
}

/// `A OR B`: both sides are read, whatever the first one says.
fn any(rest: &mut &[&str], allowed: &[String]) -> Option<bool> {
    let mut answer = all(rest, allowed)?;
    while take(rest, "OR") {
        answer |= all(rest, allowed)?;
    }
    Some(answer)
}

/// `A AND B`, which binds more tightly than `OR`.
fn all(rest: &mut &[&str], allowed: &[String]) -> Option<bool> {
    let mut answer = one(rest, allowed)?;
    while take(rest, "AND") {
        answer &= one(rest, allowed)?;
    }
    Some(answer)
}

/// `(…)`, `A` or `A WITH exception`; nothing where the expression is malformed.
fn one(rest: &mut &[&str], allowed: &[String]) -> Option<bool> {
    if take(rest, "(") {
        let answer = any(rest, allowed)?;
        return take(rest, ")").then_some(answer);
    }
    let mut licence = (*rest.split_off_first()?).to_owned();
    if take(rest, "WITH") {
        licence = format!("{licence} WITH {}", rest.split_off_first()?);
    }
    Some(allowed.contains(&licence))
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let is_next = rest.first() == Some(&word);
    if is_next {
        *rest = &rest[1..];
    }
    is_next
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "[licenses]\nallow = [\"MIT\", \"Zlib\", \"Apache-2.0 WITH LLVM-exception\"]\n\
                        [sources]\nallow-registry = [\"https://registry.example\"]\n";

    fn allows(expression: &str) -> bool {
        is_allowed(expression, &parse_policy(TEXT).unwrap().licences)
    }

    #[test]
    fn expressions_that_allowed_licences_meet() {
        for expression in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(GPL-3.0 OR MIT) AND Zlib",
            "GPL-3.0 AND GPL-2.0 OR MIT",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(allows(expression), "{expression}");
        }
    }

    #[test]
    fn expressions_that_allowed_licences_do_not_meet() {
        for expression in
            ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR Zlib) AND GPL-3.0", "", "MIT Zlib", "(MIT", "MIT OR"]
        {
            assert!(!allows(expression), "{expression}");
        }
    }

    #[test]
    fn packages_are_judged_by_licence_and_source() {
        let policy = parse_policy(TEXT).unwrap();
        let count = |licence: Value, source: Value| {
            let package = json!({"name": "a", "version": "1.0.0", "license": licence, "source": source});
            judge_package(&package, &policy).len()
        };
        assert_eq!(count(json!("MIT"), json!("registry+https://registry.example")), 0);
        assert_eq!(count(json!("MIT"), Value::Null), 0);
        assert_eq!(count(json!("GPL-3.0"), Value::Null), 1);
        assert_eq!(count(Value::Null, json!("git+https://host.example/a")), 2);
    }

    #[test]
    fn an_exception_is_for_its_crate_alone() {
        let text = TEXT.replace("[sources]", "exceptions = [{ crate = \"a\", allow = [\"GPL-3.0\"] }]\n[sources]");
        let policy = parse_policy(&text).unwrap();
        let count = |name: &str| {
            let package = json!({"name": name, "version": "1.0.0", "license": "GPL-3.0", "source": null});
            judge_package(&package, &policy).len()
        };
        assert_eq!((count("a"), count("b")), (0, 1));
    }

    #[test]
    fn a_policy_without_its_lists_is_an_error() {
        assert!(parse_policy("[licenses]\n").is_err());
    }
}
