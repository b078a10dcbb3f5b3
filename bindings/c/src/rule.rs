//! Rules by themselves: as text and as a tree, about one user and about all.

use std::ffi::c_char;

use userops_core::rule::{
    Context, Measure, Plan, Rule, Subject, UnknownFold, Vocabulary, check_measure, check_rule, explain_rule, judge,
    measure_users, next_change_at,
};
use userops_core::segment::Segment;

use crate::boundary::{guard, instant, json, required, text};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::{userops_log, users_table};
use crate::segment::userops_segment;
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// Reads the text of a rule, such as count("order", last(days(30))) >= 2, and hands out its tree as JSON. Fails with the place
/// of what is wrong. Nothing is known of the data, so that any event, property and attribute may be named.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_rule_parse(
    rule: *const c_char,
    rule_len: usize,
    out_tree: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![rule, out_tree], || {
            let rule = Rule::parse(text(rule, rule_len, "rule")?)?;
            check_rule(&rule, &Vocabulary::new())?;
            out_tree.write(issue_json(&rule)?);
            Ok(())
        })
    }
}

/// The text of a rule that is given as a tree in JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_rule_write(
    tree: *const c_char,
    tree_len: usize,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![tree, out_text], || {
            let rule: Rule = json(tree, tree_len, "tree")?;
            check_rule(&rule, &Vocabulary::new())?;
            out_text.write(issue_bytes(rule.to_string()));
            Ok(())
        })
    }
}

/// Checks the text of a rule against what a log has: fails for names that it does not have, with the nearest one, and for
/// types that do not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_rule_check(
    log: *const userops_log,
    rule: *const c_char,
    rule_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, rule], || {
            let log = find(log, "log")?;
            Ok(check_rule(&Rule::parse(text(rule, rule_len, "rule")?)?, &Vocabulary::of_log(&log))?)
        })
    }
}

/// Whether a rule is true of one user, as of an instant, as JSON: "true", "false" or "unknown". A rule that names tags,
/// segments, scores or a stage belongs in a playbook, and fails with UNKNOWN_NAME.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_rule_judge(
    log: *const userops_log,
    rule: *const c_char,
    rule_len: usize,
    user: u32,
    as_of_micros: i64,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, rule, out_json], || {
            let (log, rule) = (find(log, "log")?, Rule::parse(text(rule, rule_len, "rule")?)?);
            let (as_of, context) = (instant(as_of_micros, "as_of_micros")?, Context::default());
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let truth = judge(&rule, &Subject::new(&log, user, as_of, &calendar, &context))?;
            out_json.write(issue_json(&truth)?);
            Ok(())
        })
    }
}

/// Why a rule is true of one user or not, as an explanation in JSON: what was observed, which threshold it met, and what would
/// change it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_rule_explain(
    log: *const userops_log,
    rule: *const c_char,
    rule_len: usize,
    user: u32,
    as_of_micros: i64,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, rule, out_explanation], || {
            let (log, rule) = (find(log, "log")?, Rule::parse(text(rule, rule_len, "rule")?)?);
            let (as_of, context) = (instant(as_of_micros, "as_of_micros")?, Context::default());
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let explanation = explain_rule(&rule, &Subject::new(&log, user, as_of, &calendar, &context))?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}

/// The first instant after `as_of_micros`, up to `until_micros`, at which a rule's answer about one user changes if nothing
/// happens before, as JSON: [instant, "true"]; null where it stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_rule_next_change(
    log: *const userops_log,
    rule: *const c_char,
    rule_len: usize,
    user: u32,
    as_of_micros: i64,
    until_micros: i64,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, rule, out_json], || {
            let (log, rule) = (find(log, "log")?, Rule::parse(text(rule, rule_len, "rule")?)?);
            let (as_of, context) = (instant(as_of_micros, "as_of_micros")?, Context::default());
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let subject = Subject::new(&log, user, as_of, &calendar, &context);
            out_json.write(issue_json(&next_change_at(&rule, &subject, instant(until_micros, "until_micros")?)?)?);
            Ok(())
        })
    }
}

/// The users of whom a rule is true, as of an instant; with `include_unknown` other than 0 also those of whom it is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_rule_segment(
    log: *const userops_log,
    rule: *const c_char,
    rule_len: usize,
    as_of_micros: i64,
    include_unknown: u8,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, rule, out_segment], || {
            let (log, rule) = (find(log, "log")?, Rule::parse(text(rule, rule_len, "rule")?)?);
            check_rule(&rule, &Vocabulary::of_log(&log))?;
            let plan = Plan::new(&log, [&rule], [])?;
            let measures = measure_users(&log, &plan, instant(as_of_micros, "as_of_micros")?)?;
            let unknown = if include_unknown == 0 { UnknownFold::Out } else { UnknownFold::In };
            let truths = measures.evaluate(&rule, &Context::default())?;
            out_segment.write(issue(Segment::from_truths(&truths, unknown)));
            Ok(())
        })
    }
}

/// What a measure, such as sum(event.amount, "order"), is of each user as of an instant: a table with the columns `user` and
/// `value`. A measure of tags, segments, scores or stages belongs in a playbook, and fails with UNKNOWN_NAME.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_measure_values(
    log: *const userops_log,
    measure: *const c_char,
    measure_len: usize,
    as_of_micros: i64,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, measure, out_table], || {
            let (log, measure) = (find(log, "log")?, Measure::parse(text(measure, measure_len, "measure")?)?);
            check_measure(&measure, &Vocabulary::of_log(&log))?;
            let plan = Plan::new(&log, [], [&measure])?;
            let measures = measure_users(&log, &plan, instant(as_of_micros, "as_of_micros")?)?;
            let values = measures.column(&measure, &Context::default())?;
            out_table.write(issue(users_table(&log)?.with("value", values)?));
            Ok(())
        })
    }
}
