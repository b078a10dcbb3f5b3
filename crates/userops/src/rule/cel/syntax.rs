//! From text to the syntax tree of CEL, and from its nodes back to places in the text.

use ::cel::common::ast::{Expr, IdedExpr, LiteralValue, SourceInfo};
use ::cel::parser::Parser;

use super::scan::scan;
use crate::error::{Error, Result, invalid_definition};

/// How many characters of the text a message quotes.
const EXCERPT_CHARS: usize = 24;

/// A text, and where in it the nodes of its tree come from.
pub(super) struct Source<'a> {
    text: &'a str,
    info: SourceInfo,
}

/// The tree of a text, of which [`scan`] thinks that rules can have it.
pub(super) fn parse(text: &str) -> Result<(Source<'_>, IdedExpr)> {
    scan(text)?;
    match Parser::default().parse_with_source_info(text) {
        Ok((root, info)) => Ok((Source { text, info }, root)),
        Err(errors) => Err(match errors.errors.first() {
            Some(first) => syntax_error(text, first.pos, &first.msg),
            None => fail_at(text, 0, "this is no rule"),
        }),
    }
}

/// The first thing that the parser objects to; what it would have expected is a list of everything, and left out.
fn syntax_error(text: &str, (line, column): (isize, isize), message: &str) -> Error {
    let message = message.trim_start_matches("Syntax error: ");
    let message = message.split(" expecting ").next().unwrap_or(message).replace("<EOF>", "end of the rule");
    let line = usize::try_from(line).unwrap_or_default().max(1);
    let column = usize::try_from(column).unwrap_or_default().max(1);
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = &text[before..];
    let at = before + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at);
    fail_at(text, at, format!("the rule does not read on here ({message})"))
}

impl Source<'_> {
    /// An error about a node.
    pub(super) fn fail(&self, node: &IdedExpr, message: impl Into<String>) -> Error {
        fail_at(self.text, self.start(node), message)
    }

    /// The same error, with a node's place before it.
    pub(super) fn at(&self, node: &IdedExpr, error: Error) -> Error {
        error.at(place(self.text, self.start(node)))
    }

    /// Where a node begins: a call at its name, and not at its bracket; a selection at what it selects from.
    fn start(&self, node: &IdedExpr) -> usize {
        match &node.expr {
            Expr::Select(select) => return self.start(&select.operand),
            Expr::Call(call) if call.target.is_none() && call.args.len() == 2 && !is_name(&call.func_name) => {
                return self.start(&call.args[0]);
            }
            Expr::Call(call) => {
                if let Some(target) = &call.target {
                    return self.start(target);
                }
            }
            _ => {}
        }
        let at = self.info.offset_for(node.id).map_or(0, |(start, _)| start as usize);
        let at = self.text.floor_char_boundary(at);
        match &node.expr {
            Expr::Call(call) if is_name(&call.func_name) => {
                self.text[..at].trim_end().strip_suffix(&*call.func_name).map_or(at, str::len)
            }
            // The sign of a number is a token of its own, before the one that is noted.
            Expr::Literal(LiteralValue::Int(_) | LiteralValue::Double(_)) => {
                self.text[..at].strip_suffix('-').map_or(at, str::len)
            }
            _ => at,
        }
    }
}

fn is_name(function: &str) -> bool {
    function.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !function.starts_with("_")
}

/// `line 1, column 7, at "count("`, counted from 1, of a position in bytes.
pub(super) fn place(text: &str, at: usize) -> String {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    let excerpt: String = text[at..].lines().next().unwrap_or_default().chars().take(EXCERPT_CHARS).collect();
    match excerpt.trim_end() {
        "" => format!("line {line}, column {column}, at the end"),
        excerpt => format!("line {line}, column {column}, at `{excerpt}`"),
    }
}

/// An error at a position in bytes. What the message quotes of the text may have line ends, which would break it.
pub(super) fn fail_at(text: &str, at: usize, message: impl Into<String>) -> Error {
    invalid_definition(message.into().replace('\n', "\\n")).at(place(text, at))
}
