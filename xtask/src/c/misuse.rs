//! Every function of the header against every misuse that can be defined, with the calls made from the header itself.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::build::{self, Flavour};
use super::signature::{Function, Parameter, functions};
use crate::process::{Outcome, capture, root};

const HEAD: &str = "#include \"misuse.h\"\n\nint main(void) {\n    set_up();\n";
const MEMCHECK: [&str; 5] = [
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite",
    "--show-leak-kinds=definite",
];

/// What they return is written in the library: there is nothing in them to panic.
const CONSTANTS: [&str; 2] = ["userops_version", "userops_abi_version"];

/// The calls run with sanitizers, and plain under valgrind, where the machine has them.
pub(crate) fn judge() -> Outcome {
    let library = build::library()?;
    let header = root().join("bindings/c/include/userops.h");
    let header =
        std::fs::read_to_string(&header).map_err(|error| format!("cannot read {}: {error}", header.display()))?;
    let generated = build::scratch("misuse")?.join("calls.c");
    std::fs::write(&generated, program(&functions(&header)?))
        .map_err(|error| format!("cannot write calls: {error}"))?;
    let mut sources = build::sources("misuse")?;
    let suite = root().join("bindings/c/tests/suite");
    sources.extend([generated, suite.join("arrow.c"), suite.join("json.c")]);
    let programs = build::scratch("programs")?;
    let plain = programs.join("misuse");
    build::compile(&sources, &library, &plain, Flavour::Plain)?;
    if build::has_sanitizers(&library)? {
        let sanitized = programs.join("misuse-sanitized");
        build::compile(&sources, &library, &sanitized, Flavour::Sanitized)?;
        quietly(&mut Command::new(sanitized))?;
    } else {
        println!("1 skipped: the C compiler has no sanitizers");
        quietly(&mut Command::new(&plain))?;
    }
    under_valgrind(&plain)
}

/// Runs a program under valgrind, where there is one.
pub(crate) fn under_valgrind(program: &Path) -> Outcome {
    if !build::is_installed("valgrind", "--version") {
        println!("1 skipped: valgrind is not installed");
        return Ok(());
    }
    quietly(Command::new("valgrind").args(MEMCHECK).arg(program))
}

/// Runs a program whose panics were asked for: what it says is shown only where it fails.
fn quietly(command: &mut Command) -> Outcome {
    let output = capture(command.env("RUST_BACKTRACE", "0"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        println!("{}", said.trim());
        return Ok(());
    }
    let complaints = String::from_utf8_lossy(&output.stderr);
    let is_asked_for = |line: &str| {
        line.is_empty()
            || ["a panic was asked for", "thread '", "note: run with"].iter().any(|part| line.starts_with(part))
    };
    let complaints = complaints.lines().filter(|line| !is_asked_for(line)).take(60);
    let complaints = complaints.collect::<Vec<_>>().join("\n");
    Err(format!("misuse ended with {}: {}\n{complaints}", output.status, said.trim()))
}

/// A program in C with all calls.
fn program(functions: &[Function]) -> String {
    let mut text = HEAD.to_owned();
    for function in functions {
        // Writing into a text does not fail.
        let _ = writeln!(text, "    {{ void misuse_{0}(void); misuse_{0}(); }}", function.name);
    }
    text += "    tear_down();\n}\n";
    for function in functions {
        let _ = write!(text, "\nvoid misuse_{}(void) {{\n{}}}\n", function.name, calls(function));
    }
    text
}

/// All calls of one function.
fn calls(function: &Function) -> String {
    let has_status = function.returns == "userops_status" && function.parameters.iter().any(|p| p.name == "out_error");
    let mut text = String::new();
    if !has_status {
        if !CONSTANTS.contains(&function.name.as_str()) {
            text += &plain_panic(function);
        }
        for parameter in function.parameters.iter().filter(|parameter| parameter.handle().is_some()) {
            for (misuse, argument) in handle_misuses(parameter) {
                text += &plain_call(function, &misuse, &parameter.name, &argument);
            }
        }
        return text;
    }
    text += &call(function, "a right call", None, right_outcome(function));
    text += &call(function, "a panic", None, "expect_status(status, USEROPS_STATUS_PANIC, error, \"asked for\");");
    for parameter in function.parameters.iter().filter(|p| p.is_pointer() && p.name != "out_error") {
        text += &pointer_misuses(function, parameter);
    }
    text
}

/// A right call succeeds, but where it asks for a file that there is not.
fn right_outcome(function: &Function) -> &'static str {
    if function.name == "userops_table_write" {
        return "expect_status(status, USEROPS_STATUS_IO, error, NULL);";
    }
    "expect_status(status, USEROPS_STATUS_OK, error, NULL);"
}

fn pointer_misuses(function: &Function, parameter: &Parameter) -> String {
    let name = &parameter.name;
    let mut text = String::new();
    let misuse = format!("{name} is NULL");
    if function.optional.contains(name) {
        let judged = "expect_other(status, USEROPS_STATUS_NULL_ARGUMENT, error);";
        text += &call(function, &misuse, Some((name, "NULL")), judged);
    } else {
        let judged = format!("expect_status(status, USEROPS_STATUS_NULL_ARGUMENT, error, \"{name}\");");
        text += &call(function, &misuse, Some((name, "NULL")), &judged);
    }
    if parameter.handle().is_some() {
        let judged = format!("expect_status(status, USEROPS_STATUS_INVALID_HANDLE, error, \"{name}\");");
        for (misuse, argument) in handle_misuses(parameter).into_iter().skip(1) {
            text += &call(function, &misuse, Some((name, &argument)), &judged);
        }
    }
    if parameter.c_type == "const char *" {
        let judged = format!("expect_status(status, USEROPS_STATUS_INVALID_UTF8, error, \"{name}\");");
        text += &call(function, &format!("{name} is no UTF-8"), Some((name, "INVALID_UTF8")), &judged);
    }
    let length = format!("{name}_len");
    if function.parameters.iter().any(|other| other.name == length) {
        let judged = "expect_status(status, USEROPS_STATUS_INVALID_ARGUMENT, error, NULL);";
        text += &call(function, &format!("{length} is negative"), Some((&length, "(size_t)-1")), judged);
    }
    text
}

/// NULL first, then what is no handle of the type.
fn handle_misuses(parameter: &Parameter) -> Vec<(String, String)> {
    let (name, handle) = (&parameter.name, parameter.handle().unwrap_or_default());
    vec![
        (format!("{name} is NULL"), "NULL".to_owned()),
        (format!("{name} is foreign"), "foreign_handle()".to_owned()),
        (format!("{name} was freed"), format!("freed_handle(\"{handle}\")")),
        (format!("{name} is of another type"), format!("other_handle(\"{handle}\")")),
    ]
}

/// A call, with one argument replaced, whose outcome is judged.
fn call(function: &Function, misuse: &str, replaced: Option<(&str, &str)>, judged: &str) -> String {
    let arguments: Vec<String> = arguments(function, replaced);
    let armed = if misuse == "a panic" { "        userops_test_panic_next();\n" } else { "" };
    let frees: String = output_types(function)
        .into_iter()
        .map(|(index, kind)| format!("        free_output({index}, \"{kind}\");\n"))
        .collect();
    format!(
        "    {{\n        userops_error *error = 0;\n        begin(\"{0}\", \"{misuse}\");\n{armed}        userops_status status = {0}({1});\n        \
         {judged}\n{frees}    }}\n",
        function.name,
        arguments.join(", ")
    )
}

/// A call of a function that cannot fail: it must return.
fn plain_call(function: &Function, misuse: &str, name: &str, argument: &str) -> String {
    let arguments = arguments(function, Some((name, argument))).join(", ");
    format!("    begin(\"{0}\", \"{misuse}\");\n    (void){0}({arguments});\n", function.name)
}

/// A function without a status that panics inside: it returns what it returns where there is nothing to tell.
fn plain_panic(function: &Function) -> String {
    let call = format!("{}({})", function.name, arguments(function, None).join(", "));
    let judged = match function.returns.as_str() {
        "void" => call,
        "userops_status" => format!("expect_answer({call} == USEROPS_STATUS_PANIC)"),
        _ => format!("expect_answer({call} == 0)"),
    };
    format!("    begin(\"{}\", \"a panic\");\n    userops_test_panic_next();\n    {judged};\n", function.name)
}

/// Outputs that have to be freed, by their place among the outputs.
fn output_types(function: &Function) -> Vec<(usize, String)> {
    outputs(function)
        .filter(|(_, parameter)| parameter.c_type.contains("userops_") || parameter.c_type.contains("ArrowArrayStream"))
        .map(|(index, parameter)| {
            let is_stream = parameter.c_type.contains("ArrowArrayStream");
            (index, if is_stream { "stream".to_owned() } else { "handle".to_owned() })
        })
        .collect()
}

fn outputs(function: &Function) -> impl Iterator<Item = (usize, &Parameter)> {
    function.parameters.iter().filter(|parameter| parameter.is_output() && parameter.name != "out_error").enumerate()
}

fn arguments(function: &Function, replaced: Option<(&str, &str)>) -> Vec<String> {
    let mut arguments: Vec<String> = Vec::new();
    for parameter in &function.parameters {
        let replacement = replaced.filter(|(name, _)| *name == parameter.name).map(|(_, argument)| argument);
        // Two bytes that are no UTF-8 have a length of their own.
        let is_bad_text = replaced.is_some_and(|(name, argument)| {
            argument == "INVALID_UTF8" && parameter.name.strip_suffix("_len") == Some(name)
        });
        arguments.push(match replacement {
            Some(argument) => argument.to_owned(),
            None if is_bad_text => "2".to_owned(),
            None => right_argument(function, parameter),
        });
    }
    arguments
}

fn right_argument(function: &Function, parameter: &Parameter) -> String {
    let (function_name, name) = (&function.name, &parameter.name);
    if name == "out_error" {
        return "&error".to_owned();
    }
    if let Some((index, _)) = outputs(function).find(|(_, output)| output == &parameter) {
        return format!("(void *)outputs[{index}]");
    }
    if let Some(handle) = parameter.handle() {
        return format!("valid_handle(\"{function_name}\", \"{name}\", \"{handle}\")");
    }
    let base = name.strip_suffix("_len").unwrap_or(name);
    match (parameter.c_type.as_str(), base) {
        ("const char *", _) => format!("valid_text(\"{function_name}\", \"{name}\")"),
        ("const uint8_t *", _) => format!("(const uint8_t *)valid_text(\"{function_name}\", \"{name}\")"),
        ("const userops_event *", _) => "EVENTS".to_owned(),
        ("const int64_t *", _) => "INSTANTS".to_owned(),
        ("const uint32_t *", _) => "USERS".to_owned(),
        ("const userops_segment *const *", _) => "valid_segments()".to_owned(),
        ("struct ArrowArrayStream *", _) => "valid_stream()".to_owned(),
        ("userops_progress_function", _) => "valid_progress".to_owned(),
        ("void *", _) => "NULL".to_owned(),
        ("size_t", "segments" | "users") => "1".to_owned(),
        ("size_t", "events") if function_name == "userops_log_from_events" => "1".to_owned(),
        ("size_t", "instants" | "instants_micros") => "3".to_owned(),
        ("size_t", _) if base.len() < name.len() => format!("valid_text_len(\"{function_name}\", \"{base}\")"),
        ("size_t" | "uint32_t" | "uint16_t" | "int32_t", "user") => "0".to_owned(),
        ("int64_t", "as_of_micros" | "until_micros" | "last_micros") => "INSTANTS[2]".to_owned(),
        _ => "1".to_owned(),
    }
}

/// The calls as the tests of this tool see them.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pointer_is_misused() {
        let header = "\n/**\n * `options` may be NULL.\n */\nuserops_status userops_a_b(const userops_log *log,\n    const char *options,\n    size_t options_len,\n    userops_bytes **out_json,\n    userops_error **out_error);\n";
        let text = calls(&functions(header).unwrap()[0]);
        for part in [
            "log is NULL",
            "log was freed",
            "options is NULL\");",
            "expect_other(status, USEROPS_STATUS_NULL_ARGUMENT, error);",
            "options is no UTF-8",
            "userops_a_b(valid_handle(\"userops_a_b\", \"log\", \"userops_log\"), INVALID_UTF8, 2, (void *)outputs[0], &error)",
            "out_json is NULL",
            "free_output(0, \"handle\");",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
