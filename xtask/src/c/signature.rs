//! The functions of the header, as far as the tests of misuse have to know them.

/// A function of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// What it returns, such as `userops_status`.
    pub(crate) returns: String,
    pub(crate) parameters: Vec<Parameter>,
    /// The names of parameters that the documentation lets be NULL.
    pub(crate) optional: Vec<String>,
}

/// A parameter with its type as C spells it, such as `const userops_log *`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) c_type: String,
}

impl Parameter {
    /// The handle's type, such as `userops_log`, where it is one that is passed in.
    pub(crate) fn handle(&self) -> Option<&str> {
        let name = self.c_type.strip_prefix("const ").unwrap_or(&self.c_type).strip_suffix(" *")?;
        let is_handle = name.starts_with("userops_")
            && !name.contains(' ')
            && !["userops_event", "userops_progress"].contains(&name);
        (is_handle && !self.is_output()).then_some(name)
    }

    /// Whether the function writes through it.
    pub(crate) fn is_output(&self) -> bool {
        self.name.starts_with("out_")
    }

    /// Whether it is a pointer, of data or to a function.
    pub(crate) fn is_pointer(&self) -> bool {
        self.c_type.ends_with('*') || self.c_type == "userops_progress_function"
    }
}

/// Every function that a header declares.
///
/// # Errors
/// A declaration that is written otherwise than cbindgen writes it.
pub(crate) fn functions(header: &str) -> Result<Vec<Function>, String> {
    let mut found = Vec::new();
    let mut comment = String::new();
    let mut lines = header.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("/**") {
            comment.clear();
        }
        if line.starts_with(['/', ' ']) {
            comment += line.trim_start_matches([' ', '*']);
            comment.push(' ');
            continue;
        }
        let is_declaration = line.contains("userops_") && line.contains('(') && !line.starts_with("typedef");
        if !is_declaration {
            continue;
        }
        let mut declaration = line.to_owned();
        while !declaration.ends_with(");") {
            declaration.push(' ');
            declaration += lines.next().ok_or_else(|| format!("{line} does not end"))?.trim();
        }
        found.push(function(&declaration, &comment)?);
    }
    Ok(found)
}

fn function(declaration: &str, comment: &str) -> Result<Function, String> {
    let strange = || format!("cannot read {declaration}");
    let (head, rest) = declaration.split_once('(').ok_or_else(strange)?;
    let at = head.find("userops_").filter(|at| *at > 0);
    let at = head.rfind(" userops_").map(|at| at + 1).or(head.rfind("*userops_").map(|at| at + 1)).or(at);
    let at = at.ok_or_else(strange)?;
    let list = rest.strip_suffix(");").ok_or_else(strange)?;
    let parameters = list.split(", ").filter(|text| *text != "void").map(|text| {
        let at = text.rfind([' ', '*']).ok_or_else(strange)? + 1;
        Ok(Parameter { name: text[at..].to_owned(), c_type: text[..at].trim().to_owned() })
    });
    let parameters: Vec<Parameter> = parameters.collect::<Result<_, String>>()?;
    let optional = parameters.iter().filter(|parameter| may_be_null(comment, &parameter.name));
    Ok(Function {
        name: head[at..].to_owned(),
        returns: head[..at].trim().to_owned(),
        optional: optional.map(|parameter| parameter.name.clone()).collect(),
        parameters,
    })
}

/// Whether a clause about a parameter says that it may be NULL. The error always may.
fn may_be_null(comment: &str, name: &str) -> bool {
    let quoted = format!("`{name}`");
    let mut clauses = comment.split(". ").flat_map(|sentence| sentence.split(';'));
    name == "out_error" || clauses.any(|clause| clause.contains(&quoted) && clause.contains("may be NULL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "
/**
 * Reads. `format` is JSON, and may be NULL for \"auto\".
 */
userops_status userops_reader_add(userops_reader *reader,
                                  const char *path,
                                  size_t path_len,
                                  const char *format,
                                  userops_table **out_table,
                                  userops_error **out_error);

/**
 * The text.
 */
const char *userops_error_message(const userops_error *error);
";

    #[test]
    fn declarations_are_read() {
        let functions = functions(HEADER).unwrap();
        assert_eq!(functions.len(), 2);
        assert_eq!(functions[0].name, "userops_reader_add");
        assert_eq!(functions[0].optional, ["format", "out_error"]);
        let types: Vec<&str> = functions[0].parameters.iter().map(|parameter| parameter.c_type.as_str()).collect();
        let wanted =
            ["userops_reader *", "const char *", "size_t", "const char *", "userops_table **", "userops_error **"];
        assert_eq!(types, wanted);
        assert_eq!(functions[0].parameters[0].handle(), Some("userops_reader"));
        assert_eq!(functions[0].parameters[4].handle(), None);
        assert_eq!(
            (functions[1].name.as_str(), functions[1].returns.as_str()),
            ("userops_error_message", "const char *")
        );
    }
}
