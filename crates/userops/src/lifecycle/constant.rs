//! Whether a rule depends on anything at all.

use crate::rule::Rule;

/// The answer of a rule that is the same for everybody and always; `None` where it is not plain to see.
pub(super) fn constant(rule: &Rule) -> Option<bool> {
    let parts = || rule.parts().iter().map(constant);
    match rule {
        Rule::All(_) if parts().any(|part| part == Some(false)) => Some(false),
        Rule::All(_) => parts().all(|part| part == Some(true)).then_some(true),
        Rule::Any(_) if parts().any(|part| part == Some(true)) => Some(true),
        Rule::Any(_) => parts().all(|part| part == Some(false)).then_some(false),
        Rule::Not(rule) => constant(rule).map(|answer| !answer),
        Rule::Users(users) if users.is_empty() => Some(false),
        _ => None,
    }
}
