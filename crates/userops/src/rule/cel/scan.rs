//! A look over a rule's text before it is parsed: its length and depth, and the parts of CEL that rules do without.
//!
//! The parser behind this recurses, so that a text of unlimited depth could exhaust the stack. After this scan, no
//! bracket is nested too deeply, comparisons and selections do not chain, and no macro is expanded.

use super::syntax::fail_at;
use crate::error::{Error, Result, limit_exceeded};

/// The longest text of a rule, in bytes.
pub const BYTES_MAX: usize = 1 << 16;
/// How deeply brackets may be nested in the text of a rule.
pub const DEPTH_MAX: usize = 32;
/// `user["a"].contains` has two selections; no name has many more.
const SELECTIONS_MAX: usize = 4;

/// The macros of CEL, by name, and what to write instead.
const MACROS: [(&str, &str); 6] = [
    ("has", "write `is_set(user.name)`"),
    ("all", "name events and a `where(…)` instead, as in `count(\"order\", where(event.amount < 10)) == 0`"),
    ("exists", "name events and a `where(…)` instead, as in `count(\"order\", where(event.amount < 10)) >= 1`"),
    ("exists_one", "name events and a `where(…)` instead, as in `count(\"order\", where(event.amount < 10)) == 1`"),
    ("map", "name a property instead, as in `sum(event.quantity, \"order\")`"),
    ("filter", "name events and a `where(…)` instead, as in `count(\"order\", where(event.amount < 10))`"),
];

/// Refuses texts that are too long or too deep, and what rules do not have, each with its place and a way out.
pub(super) fn scan(text: &str) -> Result<()> {
    if text.len() > BYTES_MAX {
        let length = text.len();
        return Err(limit_exceeded(format!(
            "the rule is {length} bytes long, more than the limit of {BYTES_MAX}: build it from named segments and tags"
        )));
    }
    let mut scan = Scan { text, at: 0, operand: false, selecting: false, level: Level::default(), outer: Vec::new() };
    while let Some(next) = scan.peek() {
        scan.token(next)?;
    }
    match scan.level.opened {
        Some((bracket, at)) => Err(fail_at(text, at, format!("the `{bracket}` is never closed"))),
        None if text.trim().is_empty() => Err(fail_at(text, 0, "a rule is not empty; the rule of everybody is `true`")),
        None => Ok(()),
    }
}

/// What is known inside one pair of brackets.
#[derive(Default)]
struct Level {
    opened: Option<(char, usize)>,
    /// There was a comparison since the last `&&`, `||` or comma.
    compared: bool,
    /// Selections since the last operator.
    selections: usize,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The last token ended a value.
    operand: bool,
    /// The last token was a dot after a value.
    selecting: bool,
    level: Level,
    outer: Vec<Level>,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn follows(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn fail(&self, message: impl Into<String>) -> Error {
        fail_at(self.text, self.at, message)
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn token(&mut self, next: char) -> Result<()> {
        match next {
            ' ' | '\t' | '\n' | '\r' | '\x0c' => {
                self.at += 1;
                Ok(())
            }
            '/' if self.follows("//") => {
                self.skip_while(|c| c != '\n' && c != '\r');
                Ok(())
            }
            '"' | '\'' => self.quoted(next),
            'a'..='z' | 'A'..='Z' | '_' => self.word(),
            '0'..='9' => self.number(),
            '.' if !self.operand => self.number(),
            '-' => self.minus(),
            '(' | '[' => self.open(next),
            ')' | ']' => self.close(next),
            '.' => self.select(),
            _ => self.operator(next),
        }
    }

    /// Notes that a value begins here.
    fn begin_operand(&mut self) -> Result<()> {
        if self.operand {
            return Err(
                self.fail("two values stand side by side: join them by `&&`, `||` or a comparison, or put a comma")
            );
        }
        self.operand = true;
        Ok(())
    }

    fn quoted(&mut self, quote: char) -> Result<()> {
        self.begin_operand()?;
        let start = self.at;
        if self.follows("\"\"\"") || self.follows("'''") {
            return Err(self.fail("a text in three quotes is not part of the language: write it in one pair of quotes"));
        }
        let mut escaped = false;
        for (index, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' | '\r' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    self.at += index + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        self.at = start;
        Err(self.fail("the text is not closed on its line; a quote inside is written `\\\"`, a line break `\\n`"))
    }

    fn word(&mut self) -> Result<()> {
        let start = self.at;
        let word = self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
        let end = std::mem::replace(&mut self.at, start);
        if std::mem::take(&mut self.selecting) {
            self.at = end;
            self.operand = true;
            return self.not_glued(start);
        }
        let hint = match word {
            "and" | "AND" => Some("`and` is written `&&`"),
            "or" | "OR" => Some("`or` is written `||`"),
            "not" | "NOT" => Some("`not` is written `!`"),
            _ => None,
        };
        if let Some(hint) = hint {
            return Err(self.fail(hint));
        }
        if word == "in" {
            self.compare()?;
        } else {
            self.begin_operand()?;
        }
        self.at = end;
        self.not_glued(start)
    }

    /// Refuses `r"raw"` and `b"bytes"`.
    fn not_glued(&mut self, start: usize) -> Result<()> {
        match self.peek() {
            Some('"' | '\'') => {
                self.at = start;
                Err(self.fail("a text begins with its quote, without a letter before it"))
            }
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Result<()> {
        let start = self.at;
        self.begin_operand()?;
        if self.follows("0x") {
            self.at += 2;
            self.skip_while(|c| c.is_ascii_hexdigit());
        } else {
            self.skip_while(|c| c.is_ascii_digit());
            if self.peek() == Some('.') {
                self.at += 1;
                self.skip_while(|c| c.is_ascii_digit());
            }
            let exponent =
                self.rest().strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
            if let Some(digits) = exponent.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
                self.at = self.text.len() - digits.len();
                self.skip_while(|c| c.is_ascii_digit());
            }
        }
        let written = &self.text[start..self.at];
        let glued = self.skip_while(|c| c.is_alphanumeric() || c == '_' || c == '.');
        self.at -= glued.len();
        if glued.is_empty() && written.bytes().any(|byte| byte.is_ascii_digit()) {
            return Ok(());
        }
        let hint = match glued {
            "u" | "U" => format!("write `{written}`: whole numbers have no suffix"),
            "d" | "h" | "m" | "s" => {
                "write a span as `days(30)`, `hours(12)`, `minutes(90)` or `seconds(45)`".to_owned()
            }
            _ => "write whole numbers as `30` and others as `1.5`".to_owned(),
        };
        self.at = start;
        Err(self.fail(format!("`{written}{glued}` is not a number of the language: {hint}")))
    }

    fn minus(&mut self) -> Result<()> {
        if self.operand {
            return Err(self.arithmetic('-'));
        }
        if !self.rest()[1..].starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Err(self.fail("a minus stands only right before a number"));
        }
        self.at += 1;
        Ok(())
    }

    fn arithmetic(&self, sign: char) -> Error {
        self.fail(format!(
            "rules do not compute (`{sign}`): compare one measure with one value, and join the comparisons"
        ))
    }

    fn open(&mut self, bracket: char) -> Result<()> {
        if self.outer.len() >= DEPTH_MAX {
            return Err(limit_exceeded(format!(
                "{}: brackets are nested more than {DEPTH_MAX} deep: give a part of the rule a name as a segment",
                super::syntax::place(self.text, self.at)
            )));
        }
        if bracket == '(' {
            let before = self.text[..self.at].trim_end();
            let word = &before[before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |at| at + 1)..];
            if let Some((name, instead)) = MACROS.into_iter().find(|(name, _)| self.operand && *name == word) {
                self.at = before.len() - word.len();
                return Err(self.fail(format!("the macro `{name}` of CEL is not part of rules: {instead}")));
            }
        } else if self.operand {
            self.count_selection()?;
        }
        let inner = Level { opened: Some((bracket, self.at)), ..Level::default() };
        self.outer.push(std::mem::replace(&mut self.level, inner));
        self.operand = false;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, bracket: char) -> Result<()> {
        let wanted = match self.level.opened {
            Some(('(', _)) => ')',
            Some(_) => ']',
            None => return Err(self.fail(format!("the `{bracket}` closes nothing"))),
        };
        if bracket != wanted {
            return Err(self.fail(format!("here `{wanted}` is due, not `{bracket}`")));
        }
        self.level = self.outer.pop().unwrap_or_default();
        self.operand = true;
        self.at += 1;
        Ok(())
    }

    fn select(&mut self) -> Result<()> {
        self.count_selection()?;
        self.selecting = true;
        self.at += 1;
        if self.peek().is_some_and(|c| c.is_alphabetic() && !c.is_ascii()) {
            return Err(self.fail("a name outside of A to Z is written in brackets, as in `user[\"城市\"]`"));
        }
        Ok(())
    }

    fn count_selection(&mut self) -> Result<()> {
        self.level.selections += 1;
        if self.level.selections > SELECTIONS_MAX {
            return Err(self.fail("names are one level deep, as in `user.city` or `event[\"item name\"]`"));
        }
        Ok(())
    }

    /// Notes an operator that compares.
    fn compare(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.level.compared, true) {
            return Err(self.fail("comparisons do not chain: write `1 <= x && x <= 3` for `1 <= x <= 3`"));
        }
        self.level.selections = 0;
        self.operand = false;
        Ok(())
    }

    fn operator(&mut self, next: char) -> Result<()> {
        let pair = self.rest().get(..2).unwrap_or_default();
        match (pair, next) {
            ("&&" | "||", _) | (_, ',') => {
                self.at += if next == ',' { 1 } else { 2 };
                self.operand = false;
                self.level.compared = false;
                self.level.selections = 0;
                Ok(())
            }
            ("==" | "!=" | "<=" | ">=", _) => {
                self.compare()?;
                self.at += 2;
                Ok(())
            }
            ("<>", _) => Err(self.fail("`<>` is written `!=`")),
            (_, '<' | '>') => {
                self.compare()?;
                self.at += 1;
                Ok(())
            }
            (_, '!') if !self.operand => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.refuse(next)),
        }
    }

    fn refuse(&self, next: char) -> Error {
        match next {
            '+' | '*' | '/' | '%' => self.arithmetic(next),
            '=' => self.fail("a single `=` is no operator: equality is written `==`"),
            '&' => self.fail("a single `&` is no operator: \"and\" is written `&&`"),
            '|' => self.fail("a single `|` is no operator: \"or\" is written `||`"),
            '!' => self.fail("`!` stands before what it negates; inequality is written `!=`"),
            '?' | ':' => self.fail("`a ? b : c` is not part of rules: write `a && b || !a && c`"),
            '{' | '}' => self.fail("maps and messages in `{ }` are not part of rules"),
            '`' => self.fail("a name with other characters is written in brackets, as in `user[\"odd name\"]`"),
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => self.fail("texts stand in straight quotes: \" or '"),
            _ => self.fail(format!(
                "{next:?} has no meaning outside of a quoted text; names with such characters are written as in \
                 `user[\"odd name\"]`"
            )),
        }
    }
}
