//! Works out the tags of all users.

use super::definition::{Cases, ManualPolicy, TagDefinition, TagKind};
use super::manual::{ManualAction, ManualTag, ManualTags};
use super::rank::rank_all;
use super::table::{TagColumn, TagTable};
use crate::column::{Bitmap, Column, Interner, Packed, TextColumn};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{Context, Measures, Plan, UnknownFold, Vocabulary, check_measure, check_rule, measure_users};
use crate::time::Timestamp;
use crate::value::{Value, ValueType};

/// Assigns tags in the order given, each of which may build on those before it and on what `context` has: every tag joins
/// the context once it is there.
///
/// `measures` are of this log and instant, from a plan with what the definitions [need](TagDefinition::needs).
///
/// # Errors
/// As [`TagDefinition::assign`], and `InvalidArgument` where two tags have one name; the message begins with the tag.
pub fn assign_tags(
    definitions: &[TagDefinition],
    measures: &Measures<'_>,
    log: &EventLog,
    as_of: Timestamp,
    context: &mut Context,
    manual: &ManualTags,
) -> Result<TagTable> {
    let mut table = TagTable::new(as_of, log.user_count());
    for definition in definitions {
        let tag = definition.assign(measures, log, as_of, context, manual)?;
        context.tags.insert(tag.name.clone(), tag.values.clone());
        table.push(tag)?;
    }
    Ok(table)
}

/// Builds tags over a log: checks what they name, measures it in one pass, and [assigns](assign_tags) them in the order
/// given. Each may build on those before it and on what `context` has; every tag joins the context.
///
/// This is a playbook of tags alone. As there, a rule over what the log and the context do not have is refused.
///
/// # Errors
/// As [`check_rule`], [`check_measure`] and [`assign_tags`]; the message begins with the tag.
pub fn build_tags(
    log: &EventLog,
    definitions: &[TagDefinition],
    as_of: Timestamp,
    context: &mut Context,
    manual: &ManualTags,
) -> Result<TagTable> {
    let mut vocabulary = Vocabulary::of_log(log).answers(context);
    let (mut rules, mut measures) = (Vec::new(), Vec::new());
    for definition in definitions {
        definition.check()?;
        let named = |error: crate::error::Error| error.at(format_args!("tag {:?}", definition.name));
        let (asked, measured) = definition.needs();
        let mut measure_type = None;
        for measure in &measured {
            measure_type = check_measure(measure, &vocabulary).map_err(named)?;
        }
        asked.iter().try_for_each(|rule| check_rule(rule, &vocabulary)).map_err(named)?;
        vocabulary = vocabulary.tag(&definition.name, definition.value_type(measure_type));
        rules.extend(asked);
        measures.extend(measured);
    }
    let plan = Plan::new(log, rules, measures)?;
    assign_tags(definitions, &measure_users(log, &plan, as_of)?, log, as_of, context, manual)
}

impl TagDefinition {
    /// The tag of all users, a row per user of the log.
    ///
    /// # Errors
    /// As [`TagDefinition::check`]; `UnknownName` and `TypeMismatch` for what the log or the context does not have or
    /// has otherwise; the message begins with the tag.
    pub fn assign(
        &self,
        measures: &Measures<'_>,
        log: &EventLog,
        as_of: Timestamp,
        context: &Context,
        manual: &ManualTags,
    ) -> Result<TagColumn> {
        self.check()?;
        let named = |error: crate::error::Error| error.at(format_args!("tag {:?}", self.name));
        let ranks = self.columns(measures, log, as_of, context).map_err(named)?;
        let acts = manual.of_tag(&self.name, as_of);
        let mut ranks = if acts.is_empty() { ranks } else { self.overlay(&ranks, &acts) }.into_iter();
        let values = ranks.next().unwrap_or_else(|| Column::unknown(ValueType::Text, log.user_count()));
        Ok(TagColumn { name: self.name.clone(), values, ranks: ranks.collect() })
    }

    /// What the rules say: the value, and the later ranks of a preference.
    fn columns(
        &self,
        measures: &Measures<'_>,
        log: &EventLog,
        as_of: Timestamp,
        context: &Context,
    ) -> Result<Vec<Column>> {
        Ok(match &self.kind {
            TagKind::Rule(rule) => {
                let words = self.unknown.decide_words(&measures.evaluate(rule, context)?);
                vec![Column::Bool(Bitmap::from_words(words, log.user_count()).iter().collect::<Vec<_>>().into())]
            }
            TagKind::Cases(cases) => vec![assign_cases(cases, self.unknown, measures, context)?],
            TagKind::Bands(bands) => {
                vec![assign_cases(&bands.to_cases(), UnknownFold::Out, measures, context)?]
            }
            TagKind::Value(measure) => vec![measures.column(measure, context)?],
            TagKind::Preference(preference) => {
                rank_all(log, preference, as_of)?.into_iter().map(Column::Text).collect()
            }
            TagKind::Manual { values } if values.is_empty() => {
                vec![Column::Bool(vec![false; log.user_count()].into())]
            }
            TagKind::Manual { .. } => vec![Column::unknown(ValueType::Text, log.user_count())],
        })
    }

    /// The columns with the acts of people on these users, who ascend.
    fn overlay(&self, ranks: &[Column], acts: &[(UserIx, &ManualTag)]) -> Vec<Column> {
        let decided: Vec<(usize, Vec<Value>)> = acts
            .iter()
            .map(|(user, act)| {
                let computed = ranks.iter().map_while(|column| column.get(user.index()));
                (user.index(), self.decide(computed.map(|value| value.to_owned()).collect(), Some(act)))
            })
            .collect();
        let replaced = |(rank, column): (usize, &Column)| {
            let values: Vec<(usize, Option<&Value>)> =
                decided.iter().map(|(user, values)| (*user, values.get(rank))).collect();
            replace(column, &values)
        };
        ranks.iter().enumerate().map(replaced).collect()
    }

    /// What holds in the end: what the rules say (best first; nothing where they give no value), and what a person said.
    pub(crate) fn decide(&self, computed: Vec<Value>, act: Option<&ManualTag>) -> Vec<Value> {
        let Some(act) = act else { return computed };
        let has = computed.first().is_some_and(|value| *value != Value::Bool(false));
        if has && self.manual == ManualPolicy::RuleFirst {
            return computed;
        }
        let is_flag = self.value_type(None) == ValueType::Bool;
        match (act.action, &act.value) {
            (ManualAction::Remove, _) if is_flag => vec![Value::Bool(false)],
            (ManualAction::Remove, _) => Vec::new(),
            (ManualAction::Add, None) => vec![Value::Bool(true)],
            (ManualAction::Add, Some(value)) => self.put_first(value, computed),
        }
    }

    /// The value before the others, as many as the tag ranks.
    fn put_first(&self, value: &Value, others: Vec<Value>) -> Vec<Value> {
        let top = match &self.kind {
            TagKind::Preference(preference) => usize::from(preference.top),
            _ => 1,
        };
        let others = others.into_iter().filter(|other| other != value);
        std::iter::once(value.clone()).chain(others).take(top).collect()
    }
}

/// For each user the value of the first case that holds.
fn assign_cases(cases: &Cases, unknown: UnknownFold, measures: &Measures<'_>, context: &Context) -> Result<Column> {
    let mut interner = Interner::default();
    let codes: Vec<u32> = cases.cases.iter().map(|case| interner.intern(&case.value)).collect();
    let otherwise = cases.otherwise.as_deref().map(|value| interner.intern(value));
    let (dictionary, sorted) = interner.into_sorted();
    let first = measures.first_of(cases.cases.iter().map(|case| &case.when), unknown, context)?;
    let code_of =
        |case: Option<u32>| case.map(|case| codes[case as usize]).or(otherwise).map(|code| sorted[code as usize]);
    let codes = first.into_iter().map(code_of).collect();
    Ok(Column::Text(TextColumn::new(codes, dictionary)))
}

/// The column with other values in these rows, which ascend. Values have its type, as [`ManualTags`] sees to.
fn replace(column: &Column, values: &[(usize, Option<&Value>)]) -> Column {
    match column {
        Column::Text(texts) => {
            let mut values = values.iter().peekable();
            Column::texts((0..texts.codes.len()).map(|row| match values.next_if(|(other, _)| *other == row) {
                Some((_, Some(Value::Text(text)))) => Some(&**text),
                Some(_) => None,
                None => texts.get(row),
            }))
        }
        Column::Bool(flags) => {
            let mut flags: Vec<Option<bool>> = flags.iter().collect();
            for (row, value) in values {
                flags[*row] = Some(matches!(value, Some(Value::Bool(true))));
            }
            Column::Bool(flags.into_iter().collect::<Packed<bool>>())
        }
        other => other.clone(),
    }
}
