//! What definitions read of events and attributes: each measure one job, each kind of event one pattern.

use super::{Compiler, Named};
use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::event::unknown;
use crate::live::fold::Fold;
use crate::live::job::{Bits, FIELDS_MAX, Job, JobKind, MovingWindow, PATTERNS_MAX, Ranked, SpanOf, WINDOWS_MAX};
use crate::live::node::Source;
use crate::live::read::{Condition, Input};
use crate::rule::{
    AMOUNT, EventPattern, EventQuery, EventWindow, Filter, Kind, Measure, Observed, Sequence, SequenceProgram,
    StepProgram, Test, kind_of, resolve,
};
use crate::tag::Preference;
use crate::time::{Span, Window};
use crate::value::ValueType;

impl Compiler<'_> {
    pub(super) fn source(&mut self, measure: &Measure) -> Result<Source> {
        let kind = match measure {
            Measure::Attribute(name) => return self.attribute(name).map(Source::Attribute),
            Measure::Score(name) => return self.answer(&Named::Score(name.clone())).map(Source::Answer),
            Measure::Tag(name) => return self.answer(&Named::Tag(name.clone())).map(Source::Answer),
            Measure::Stage => return self.answer(&Named::Stage).map(Source::Answer),
            Measure::Age { attribute, unit } => JobKind::Age { attribute: self.instant(attribute)?, unit: *unit },
            Measure::Bucket(bucket) => JobKind::Bucket(bucket.clone()),
            measure => return self.aggregate(measure).map(Source::Job),
        };
        kind_of(measure, self.log, &self.context)?;
        Ok(Source::Job(self.job(format!("{measure:?}"), kind, 0, SpanOf::Nothing)))
    }

    pub(super) fn attribute(&mut self, name: &str) -> Result<usize> {
        let attributes = &self.plan.attributes;
        let found = attributes.iter().position(|(known, _)| known == name);
        let names = attributes.iter().map(|(name, _)| name.as_str());
        let place = found.ok_or_else(|| unknown("attribute", name, names))?;
        self.read.attributes.push(place);
        Ok(place)
    }

    /// An attribute that is a time or a date.
    pub(super) fn instant(&mut self, name: &str) -> Result<usize> {
        let attribute = self.attribute(name)?;
        kind_of(
            &Measure::Age { attribute: name.to_owned(), unit: crate::rule::AgeUnit::Days },
            self.log,
            &self.context,
        )?;
        Ok(attribute)
    }

    pub(super) fn aggregate(&mut self, measure: &Measure) -> Result<usize> {
        let Some(over) = measure.over() else {
            return Err(invalid_definition(format!("{measure:?} is not taken over events")));
        };
        kind_of(measure, self.log, &self.context)?;
        let fold = self.fold(measure)?;
        let pattern = self.pattern(&over.events, over.filter.as_ref())?;
        let span = self.span(&over.window)?;
        let kind = JobKind::Fold { fold, is_observed: over.observed == Observed::Window };
        Ok(self.job(format!("{measure:?}"), kind, 1 << pattern, span))
    }

    pub(super) fn fold(&mut self, measure: &Measure) -> Result<Fold> {
        let mut field = (0, ValueType::Integer);
        if let Some(property) = measure.property() {
            field = self.field(property)?;
        }
        let (field, value_type) = field;
        let is_float = value_type == ValueType::Float;
        Ok(match measure {
            Measure::ActiveDays(_) => Fold::ActiveDays,
            Measure::Sum { .. } => Fold::Sum { field, is_float },
            Measure::Mean { .. } => Fold::Mean { field, is_float },
            Measure::Min { .. } => Fold::Extreme { field, value_type, is_max: false },
            Measure::Max { .. } => Fold::Extreme { field, value_type, is_max: true },
            Measure::Distinct { .. } => Fold::Distinct { field, value_type },
            Measure::Latest { .. } => Fold::Latest { field, value_type },
            Measure::FirstTime(_) => Fold::Time { is_last: false },
            Measure::LastTime(_) => Fold::Time { is_last: true },
            Measure::DaysSinceFirst(_) => Fold::Days { is_last: false },
            Measure::DaysSinceLast(_) => Fold::Days { is_last: true },
            Measure::DaysSinceReturn { silence_days, .. } => Fold::Return { silence_days: *silence_days },
            _ => Fold::Count,
        })
    }

    /// A property that filters or folds read.
    pub(super) fn input(&mut self, name: &str) -> Result<usize> {
        let value_type = match name {
            AMOUNT => ValueType::Integer,
            name => self.log.property(name)?.value_type(),
        };
        let input = Input { name: (name != AMOUNT).then(|| name.to_owned()), value_type };
        let reader = &mut self.plan.reader;
        if let Some(place) = reader.inputs.iter().position(|known| *known == input) {
            return Ok(place);
        }
        if reader.inputs.len() == FIELDS_MAX {
            return Err(limit_exceeded(format!(
                "a live engine reads at most {FIELDS_MAX} properties; {name:?} is one more"
            )));
        }
        let place = Some(reader.inputs.len());
        match &input.name {
            Some(name) => reader.properties.entry(name.clone()).or_default().input = place,
            None => reader.amount = place,
        }
        reader.inputs.push(input);
        Ok(reader.inputs.len() - 1)
    }

    /// A property that rows keep.
    pub(super) fn field(&mut self, name: &str) -> Result<(usize, ValueType)> {
        let input = self.input(name)?;
        let reader = &mut self.plan.reader;
        let value_type = reader.inputs[input].value_type;
        if let Some(field) = reader.fields.iter().position(|known| *known == input) {
            return Ok((field, value_type));
        }
        reader.fields.push(input);
        Ok((reader.fields.len() - 1, value_type))
    }

    pub(super) fn job(&mut self, key: String, kind: JobKind, patterns: u64, span: SpanOf) -> usize {
        let known = self.job_of.get(&key).copied();
        let index = known.unwrap_or_else(|| {
            let index = self.plan.jobs.len();
            let readers = Bits::default();
            let mut job =
                Job { kind, patterns, span, offset: 0, readers, thresholds: Vec::new(), is_plain_value: false };
            match &job.kind {
                JobKind::Ranked(ranked) if job.is_kept() => {
                    job.offset = self.plan.half_lives.len();
                    self.plan.half_lives.push(ranked.preference.half_life);
                }
                _ => job.offset = self.plan.words,
            }
            self.plan.words += job.words();
            if let SpanOf::Moving(window) = span {
                self.plan.windows[window].patterns |= patterns;
                self.plan.windows[window].jobs.push(index);
            }
            self.plan.jobs.push(job);
            self.job_of.insert(key, index);
            index
        });
        self.read.jobs.push(index);
        index
    }

    pub(super) fn pattern(&mut self, events: &[String], filter: Option<&Filter>) -> Result<usize> {
        let mut names = events.to_vec();
        names.sort_unstable();
        names.dedup();
        let key = format!("{names:?} {filter:?}");
        if let Some(pattern) = self.pattern_of.get(&key) {
            return Ok(*pattern);
        }
        if self.patterns.len() == PATTERNS_MAX {
            return Err(limit_exceeded(format!(
                "the definitions look at more than {PATTERNS_MAX} kinds of events, which a live engine does not: let rules \
                 share filters, or split the playbook"
            )));
        }
        let filter = filter.map(|filter| self.condition(filter)).transpose()?;
        let filter = filter.map(|condition| {
            self.plan.reader.filters.push(condition);
            self.plan.reader.filters.len() - 1
        });
        self.pattern_of.insert(key, self.patterns.len());
        self.patterns.push((names, filter));
        Ok(self.patterns.len() - 1)
    }

    pub(super) fn condition(&mut self, filter: &Filter) -> Result<Condition> {
        let mut each = |filters: &[Filter]| -> Result<Vec<Condition>> {
            filters.iter().map(|filter| self.condition(filter)).collect()
        };
        Ok(match filter {
            Filter::All(filters) => Condition::All(each(filters)?),
            Filter::Any(filters) => Condition::Any(each(filters)?),
            Filter::Not(filter) => Condition::Not(Box::new(self.condition(filter)?)),
            Filter::Property { name, test } => {
                let input = self.input(name)?;
                let kind = match name.as_str() {
                    AMOUNT => Kind::Money,
                    _ => Kind::Plain(self.plan.reader.inputs[input].value_type),
                };
                let test: Test = resolve(test, kind, self.log, &self.plan.calendar).map_err(|error| error.at(name))?;
                Condition::Input(input, test)
            }
        })
    }

    pub(super) fn span(&mut self, window: &EventWindow) -> Result<SpanOf> {
        window.check()?;
        let window = match window {
            EventWindow::Attribute { attribute, from, until } => {
                let attribute = self.instant(attribute)?;
                return Ok(SpanOf::Around { attribute, from: from.as_micros(), until: until.as_micros() });
            }
            EventWindow::Window(window) => *window,
        };
        Ok(match window {
            Window::All => SpanOf::Whole { start: i64::MIN, end: i64::MAX },
            Window::Since { start } => SpanOf::Whole { start: start.as_micros(), end: i64::MAX },
            Window::Between { start, end } => SpanOf::Whole { start: start.as_micros(), end: end.as_micros() },
            window => {
                let windows = &mut self.plan.windows;
                let known = windows.iter().position(|known| known.window == window);
                if known.is_none() && windows.len() == WINDOWS_MAX {
                    return Err(limit_exceeded(format!(
                        "the definitions look at more than {WINDOWS_MAX} different windows that move: let rules share some"
                    )));
                }
                SpanOf::Moving(known.unwrap_or_else(|| {
                    windows.push(MovingWindow { window, patterns: 0, jobs: Vec::new(), observers: Bits::default() });
                    windows.len() - 1
                }))
            }
        })
    }

    pub(super) fn sequence(&mut self, sequence: &Sequence) -> Result<usize> {
        sequence.check()?;
        let span = self.span(&sequence.window)?;
        let mut patterns: Vec<u32> = Vec::new();
        let mut steps = Vec::with_capacity(sequence.steps.len());
        for step in &sequence.steps {
            let mut number = |compiler: &mut Self, events: &[String], filter: Option<&Filter>| -> Result<usize> {
                patterns.push(compiler.pattern(events, filter)? as u32);
                Ok(patterns.len() - 1)
            };
            let mut without = Vec::new();
            for EventPattern { events, filter } in &step.without {
                without.push(number(self, events, filter.as_ref())?);
            }
            let pattern = number(self, &step.events, step.filter.as_ref())?;
            let gap_min = step.gap_min.unwrap_or_default().as_micros();
            steps.push(StepProgram { pattern, without, gap_min, gap_max: step.gap_max.map(Span::as_micros) });
        }
        let mask = patterns.iter().fold(0u64, |mask, pattern| mask | 1 << pattern);
        let kind = JobKind::Sequence { program: SequenceProgram::new(sequence, steps), patterns };
        Ok(self.job(format!("{sequence:?}"), kind, mask, span))
    }

    pub(super) fn preference(&mut self, preference: &Preference) -> Result<usize> {
        self.log.text_property(&preference.property)?;
        let EventQuery { events, filter, window, observed } = &preference.over;
        if *observed == Observed::Window && !window.is_all() {
            return Err(invalid_definition(
                "a preference that is for users who were there for the whole window is not kept live",
            ));
        }
        let pattern = self.pattern(events, filter.as_ref())?;
        let span = self.span(window)?;
        let (category, _) = self.field(&preference.property)?;
        let weight = match preference.weight.as_deref() {
            None => None,
            Some(name) => {
                let (field, value_type) = self.field(name)?;
                let divisor = match name {
                    AMOUNT => self.log.currency().minor_per_major() as f64,
                    _ => 1.0,
                };
                Some((field, divisor, value_type == ValueType::Float))
            }
        };
        let kind = JobKind::Ranked(Ranked { preference: preference.clone(), category, weight });
        Ok(self.job(format!("{preference:?}"), kind, 1 << pattern, span))
    }
}
