//! Tags by themselves, without a playbook: assigned from definitions, and explained.

use std::ffi::c_char;

use userops_core::log::EventLog;
use userops_core::rule::{Context, Subject};
use userops_core::tag::{ManualTag, ManualTags, TagDefinition, TagTable, build_tags};
use userops_core::time::Timestamp;

use crate::boundary::{Outcome, guard, instant, json, optional_json, required, text};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::outcome::{context_of, userops_outcome};
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// Definitions, what people have done, and the answers.
struct Tagged {
    definitions: Vec<TagDefinition>,
    manual: ManualTags,
    context: Context,
    tags: TagTable,
}

impl Tagged {
    fn new(
        log: &EventLog,
        definitions: Vec<TagDefinition>,
        acts: &[ManualTag],
        as_of: Timestamp,
        mut context: Context,
    ) -> Outcome<Self> {
        let manual = ManualTags::new(&definitions, log.users(), acts)?;
        let tags = build_tags(log, &definitions, as_of, &mut context, &manual)?;
        Ok(Self { definitions, manual, context, tags })
    }
}

/// Assigns tags to all users from the events up to `as_of_micros`: a row per user in `out_table`, a column per tag, and in
/// `out_counts` a row per tag and value. `tags` is a JSON array of definitions as in a playbook, such as
/// [{"name": "buyer", "kind": {"rule": "count(\"order\") >= 1"}}]; each may build on those before it and on the answers of
/// `outcome`, which is of this log and may be NULL. `manual_tags` is a JSON array of the acts by which people put tags on or
/// took them off, and may be NULL. `out_counts` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_tags_assign(
    log: *const userops_log,
    tags: *const c_char,
    tags_len: usize,
    as_of_micros: i64,
    manual_tags: *const c_char,
    manual_tags_len: usize,
    outcome: *const userops_outcome,
    out_table: *mut *mut userops_table,
    out_counts: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, tags, out_table], || {
            let (log, context) = (find(log, "log")?, context_of(outcome, "outcome")?);
            let definitions = json(tags, tags_len, "tags")?;
            let acts: Vec<ManualTag> = optional_json(manual_tags, manual_tags_len, "manual_tags")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let tagged = Tagged::new(&log, definitions, &acts, as_of, context)?;
            let (table, counts) = (tagged.tags.to_table(log.users())?, tagged.tags.to_count_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_counts, counts);
            Ok(())
        })
    }
}

/// Why one user has the tag `name` of `tags` or not, as an explanation in JSON. `tags` as in userops_tags_assign();
/// so are `manual_tags` and `outcome`, each of which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_tags_explain(
    log: *const userops_log,
    tags: *const c_char,
    tags_len: usize,
    as_of_micros: i64,
    manual_tags: *const c_char,
    manual_tags_len: usize,
    outcome: *const userops_outcome,
    name: *const c_char,
    name_len: usize,
    user: u32,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, tags, name, out_explanation], || {
            let (log, context) = (find(log, "log")?, context_of(outcome, "outcome")?);
            let definitions = json(tags, tags_len, "tags")?;
            let acts: Vec<ManualTag> = optional_json(manual_tags, manual_tags_len, "manual_tags")?;
            let (as_of, name) = (instant(as_of_micros, "as_of_micros")?, text(name, name_len, "name")?);
            let tagged = Tagged::new(&log, definitions, &acts, as_of, context)?;
            tagged.tags.tag(name)?;
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let subject = Subject::new(&log, user, as_of, &calendar, &tagged.context);
            for definition in tagged.definitions.iter().filter(|definition| definition.name == name) {
                out_explanation.write(issue_json(&definition.explain(&subject, &tagged.manual)?)?);
            }
            Ok(())
        })
    }
}
