//! Cases of rule texts: how a text is written back, or why it is refused.

use serde::Deserialize;
use userops::rule::{Rule, Vocabulary, check_rule};

use super::{Judge, Verdict};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleTextCase {
    text: Option<String>,
    tree: Option<Rule>,
    expect: RuleTextExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTextExpect {
    written: Option<String>,
    tree: Option<Rule>,
    refused: Option<String>,
    message: Option<String>,
}

impl Judge for RuleTextCase {
    fn judge(self, verdict: &mut Verdict) {
        // Nothing is known of the data, so that any event, property and attribute passes the check.
        let rule = match (&self.text, self.tree) {
            (Some(text), None) => Rule::parse(text),
            (None, Some(tree)) => Ok(tree),
            _ => return verdict.fail("states not one of text and tree"),
        };
        let rule = rule.and_then(|rule| check_rule(&rule, &Vocabulary::new()).map(|()| rule));
        if let (Err(error), Some(message)) = (&rule, &self.expect.message)
            && !error.to_string().contains(message)
        {
            verdict.fail(format!("the message {error} does not say {message:?}"));
        }
        if let Some(rule) = verdict.result(self.expect.refused.as_deref(), rule) {
            verdict.equal("the text", self.expect.written, rule.to_string());
            verdict.equal("the tree", self.expect.tree, rule);
        }
    }
}
