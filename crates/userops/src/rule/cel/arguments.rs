//! The arguments of one call, taken one by one.

use ::cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::function::usage;
use super::literal::integer;
use super::syntax::Source;
use crate::error::{Error, Result};
use crate::time::Span;

/// A call by name and not on anything, with the arguments that are not yet taken.
pub(super) struct Arguments<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) node: &'a IdedExpr,
    pub(super) name: &'a str,
    pub(super) rest: &'a [IdedExpr],
}

impl<'a> Arguments<'a> {
    /// The node as a call of a function by name.
    pub(super) fn of(source: &'a Source<'a>, node: &'a IdedExpr) -> Option<Self> {
        match &node.expr {
            Expr::Call(CallExpr { func_name, target: None, args }) => {
                Some(Self { source, node, name: func_name, rest: args })
            }
            _ => None,
        }
    }

    /// An error about the whole call, which ends with how the function is written.
    pub(super) fn fail(&self, message: &str) -> Error {
        self.source.fail(self.node, format!("`{}` {message}, as in `{}`", self.name, usage(self.name)))
    }

    /// The next argument, where there is one.
    pub(super) fn next(&mut self) -> Option<&'a IdedExpr> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn wanted(&mut self, what: &str) -> Result<&'a IdedExpr> {
        self.next().ok_or_else(|| self.fail(&format!("lacks {what}")))
    }

    fn wrong(&self, node: &IdedExpr, what: &str) -> Error {
        self.source.fail(node, format!("here `{}` takes {what}, as in `{}`", self.name, usage(self.name)))
    }

    /// A text.
    pub(super) fn text(&mut self, what: &str) -> Result<&'a str> {
        let node = self.wanted(what)?;
        text(node).ok_or_else(|| self.wrong(node, what))
    }

    /// A whole number from 0 to 2³² − 1.
    pub(super) fn count(&mut self, what: &str) -> Result<u32> {
        let node = self.wanted(what)?;
        let count = integer(node).and_then(|count| u32::try_from(count).ok());
        count.ok_or_else(|| self.wrong(node, &format!("{what}, a whole number from 0 to {}", u32::MAX)))
    }

    /// True or false; false where the arguments end.
    pub(super) fn flag(&mut self, what: &str) -> Result<bool> {
        match self.next() {
            None => Ok(false),
            Some(node) => match &node.expr {
                Expr::Literal(LiteralValue::Boolean(flag)) => Ok(*flag.inner()),
                _ => Err(self.wrong(node, what)),
            },
        }
    }

    /// One of some texts; the first where the arguments end.
    pub(super) fn choice<T: Copy>(&mut self, what: &str, choices: &[(&str, T)]) -> Result<T> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
        let what = format!("{what}: {}", names.join(", "));
        if let ([], [(_, first), ..]) = (self.rest, choices) {
            return Ok(*first);
        }
        let node = self.wanted(&what)?;
        let found = choices.iter().find(|(name, _)| text(node) == Some(*name));
        found.map(|(_, value)| *value).ok_or_else(|| self.wrong(node, &what))
    }

    /// `user.name` or `event.name`, by what it is of.
    pub(super) fn name_of(&mut self, of: &str) -> Result<String> {
        let what = if of == "user" { "a user attribute" } else { "an event property" };
        let node = self.wanted(what)?;
        name_of(node, of).ok_or_else(|| self.wrong(node, what))
    }

    /// A length of time, such as `days(30)`.
    pub(super) fn span(&mut self) -> Result<Span> {
        const MICROS_PER_MINUTE: i64 = 60 * crate::time::MICROS_PER_SECOND;
        let what = "a span such as `days(30)`, `hours(12)`, `minutes(90)` or `seconds(45)`";
        let node = self.wanted(what)?;
        let call = Self::of(self.source, node).ok_or_else(|| self.wrong(node, what))?;
        let unit = match call.name {
            "days" => crate::time::MICROS_PER_DAY,
            "hours" => crate::time::MICROS_PER_HOUR,
            "minutes" => MICROS_PER_MINUTE,
            "seconds" => crate::time::MICROS_PER_SECOND,
            "milliseconds" => 1_000,
            "microseconds" => 1,
            _ => return Err(self.wrong(node, what)),
        };
        let [number] = call.rest else { return Err(self.wrong(node, what)) };
        let number = integer(number).ok_or_else(|| self.wrong(number, "a whole number"))?;
        let micros = number.checked_mul(unit).ok_or_else(|| self.wrong(node, "a span of at most 292,000 years"))?;
        Ok(Span::from_micros(micros))
    }

    /// Refuses arguments that are left.
    pub(super) fn end(&self) -> Result<()> {
        match self.rest.first() {
            None => Ok(()),
            Some(node) => {
                Err(self.source.fail(node, format!("`{}` takes no more than in `{}`", self.name, usage(self.name))))
            }
        }
    }
}

/// The node as a text.
pub(super) fn text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// The name in `of.name` or `of["name"]`.
pub(super) fn name_of(node: &IdedExpr, of: &str) -> Option<String> {
    let is_root = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if name == of);
    match &node.expr {
        Expr::Select(select) if !select.test && is_root(&select.operand) => Some(select.field.clone()),
        Expr::Call(CallExpr { func_name, target: None, args }) if func_name == "_[_]" => match args.as_slice() {
            [root, name] if is_root(root) => text(name).map(str::to_owned),
            _ => None,
        },
        _ => None,
    }
}
