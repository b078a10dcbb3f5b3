//! Compiles a playbook for one user at a time: names become numbers, measures become jobs.

mod job;

use std::collections::HashMap;

use super::job::{Bits, JobKind, SpanOf};
use super::node::{Node, Source};
use super::plan::{AnswerColumn, AnswerKind, DefinitionKind, LiveDefinition, LiveOptions, LivePlan, Stages, TagValue};
use super::read::{Known, Patterns, Reader};
use crate::column::{Column, Interner, TextColumn};
use crate::error::{Result, invalid_definition};
use crate::event::EventSchema;
use crate::ingest::{AttributeMapping, Ingest, Mapping, Properties, PropertyMapping, RawBatch, RawColumn, time_reader};
use crate::lifecycle::{Guards, LifecycleDefinition, Presence};
use crate::log::EventLog;
use crate::playbook::{Calibration, Node as Place, Playbook};
use crate::rule::{Context, Definition, Kind, Measure, Rule, kind_of, resolve, thresholds};
use crate::score::rfm::ValueGroup;
use crate::score::{ScoreKind, ScoreModel};
use crate::segment::SegmentDefinition;
use crate::tag::{TagDefinition, TagKind};
use crate::time::{Calendar, TimeFormat};
use crate::value::ValueType;

pub(super) fn compile(
    playbook: &Playbook,
    calibration: &Calibration,
    options: LiveOptions,
    calendar: Calendar,
    texts: &mut Interner,
) -> Result<LivePlan> {
    playbook.check_calibration(calibration)?;
    let log = empty_log(&playbook.schema)?;
    let order = playbook.check_log(&log)?;
    let schema = &playbook.schema;
    let attributes: Vec<(String, ValueType)> =
        schema.attributes.iter().map(|field| (field.name.clone(), field.value_type)).collect();
    let declared = |value_type| Known { declared: Some(value_type), input: None };
    let reader = Reader {
        names: schema.events.iter().map(|name| (name.clone(), Patterns::default())).collect(),
        others: Patterns::default(),
        is_closed: !schema.events.is_empty(),
        filters: Vec::new(),
        inputs: Vec::new(),
        amount: None,
        fields: Vec::new(),
        properties: schema.properties.iter().map(|field| (field.name.clone(), declared(field.value_type))).collect(),
        limits: schema.limits,
        times: time_reader(TimeFormat::Auto, schema.zone),
    };
    let plan = LivePlan {
        playbook: playbook.clone(),
        calibration: calibration.clone(),
        options,
        calendar,
        reader,
        attribute_readers: vec![Bits::default(); attributes.len()],
        attributes,
        windows: Vec::new(),
        jobs: Vec::new(),
        words: 0,
        half_lives: Vec::new(),
        whole: Vec::new(),
        by_day: Vec::new(),
        day_readers: Bits::default(),
        falling: Vec::new(),
        always: Bits::default(),
        reach: Vec::new(),
        definitions: Vec::new(),
        columns: Vec::new(),
        stages: None,
    };
    let mut compiler = Compiler {
        log: &log,
        texts,
        plan,
        context: Context::default(),
        column_of: HashMap::new(),
        job_of: HashMap::new(),
        pattern_of: HashMap::new(),
        patterns: Vec::new(),
        read: Read::default(),
    };
    for place in order {
        compiler.definition(place).map_err(|error| error.at(playbook.title(place)))?;
    }
    compiler.finish()
}

/// A log without events and users, with the properties and attributes of a schema.
pub(super) fn empty_log(schema: &EventSchema) -> Result<EventLog> {
    let (log, _) = EventLog::from_events(schema.clone(), [])?;
    let mut users = RawBatch::new("schema", 0);
    users.push("user", RawColumn::values(std::iter::empty()));
    let columns: Vec<String> = schema.attributes.iter().map(|field| format!("attributes.{}", field.name)).collect();
    let mut mapping = AttributeMapping::new("user");
    mapping.attributes = Properties::Listed(Vec::new());
    for (field, column) in schema.attributes.iter().zip(&columns) {
        users.push(column, RawColumn::values(std::iter::empty()));
        mapping = mapping.attribute(PropertyMapping::column(column).named(&field.name).typed(field.value_type));
    }
    let mut ingest = Ingest::new(schema.clone(), Mapping::new("user", "time").event("event"))?;
    ingest.push_attributes(&users, &mapping)?;
    log.merge(&ingest.finish()?.0)
}

/// What a name of another definition stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Named {
    Tag(String),
    Score(String),
    Segment(String),
    Stage,
}

/// What the definition at hand reads.
#[derive(Default)]
struct Read {
    jobs: Vec<usize>,
    attributes: Vec<usize>,
    columns: Vec<usize>,
}

struct Compiler<'c> {
    log: &'c EventLog,
    texts: &'c mut Interner,
    plan: LivePlan,
    /// Empty columns of the definitions so far, which tell their types.
    context: Context,
    column_of: HashMap<Named, usize>,
    job_of: HashMap<String, usize>,
    pattern_of: HashMap<String, usize>,
    /// The names and the filter of each pattern.
    patterns: Vec<(Vec<String>, Option<usize>)>,
    read: Read,
}

impl Compiler<'_> {
    fn definition(&mut self, place: Place) -> Result<()> {
        self.read = Read::default();
        let playbook = self.plan.playbook.clone();
        let first = self.plan.columns.len();
        let kind = match place {
            Place::Score(index) => self.score(&playbook, index)?,
            Place::Tag(index) => self.tag(&playbook.tags[index], index)?,
            Place::Segment(index) => self.segment(&playbook.segments[index])?,
            Place::Lifecycle => match self.plan.calibration.stages.clone() {
                Some(stages) => self.lifecycle(&stages.definition)?,
                None => return Ok(()),
            },
        };
        let definition = self.plan.definitions.len();
        for job in &self.read.jobs {
            self.plan.jobs[*job].readers.insert(definition);
        }
        for attribute in &self.read.attributes {
            self.plan.attribute_readers[*attribute].insert(definition);
        }
        for column in &self.read.columns {
            let owner = self.plan.definitions.iter_mut().find(|owner| owner.columns.contains(column));
            owner.into_iter().for_each(|owner| owner.readers.insert(definition));
        }
        let columns = first..self.plan.columns.len();
        self.plan.definitions.push(LiveDefinition { kind, columns, readers: Bits::default() });
        Ok(())
    }

    fn column(&mut self, title: String, name: &str, value_type: ValueType, kind: AnswerKind) -> usize {
        self.plan.columns.push(AnswerColumn { title, name: name.into(), value_type, kind });
        self.plan.columns.len() - 1
    }

    fn score(&mut self, playbook: &Playbook, index: usize) -> Result<DefinitionKind> {
        let definition = &playbook.scores[index];
        let (population, measures): (Option<&Rule>, Vec<&Measure>) = match &definition.kind {
            ScoreKind::Lead(_) => {
                return Err(invalid_definition(
                    "the points of a lead change all the time, and are not kept event by event: take the score out of the \
                     playbook of a live engine, and work it out in batch",
                ));
            }
            ScoreKind::Rfm(rfm) => (rfm.population.as_ref(), vec![&rfm.recency, &rfm.frequency, &rfm.monetary]),
            ScoreKind::Value { measure } => (None, vec![measure]),
        };
        let sources: Vec<Source> = measures.iter().map(|measure| self.source(measure)).collect::<Result<_>>()?;
        let kind = kind_of(measures[0], self.log, &self.context)?;
        let model = &self.plan.calibration.scores[index].1;
        if let ScoreModel::Rfm { scheme, .. } = model {
            let names = scheme.names().iter().map(String::as_str).chain(ValueGroup::ALL.map(ValueGroup::name));
            names.for_each(|name| _ = self.texts.intern(name));
        }
        let cuts = match model {
            ScoreModel::Rfm { model: Some(model), groups: None, .. } => model.recency_cuts().thresholds(),
            _ => None,
        };
        for (place, source) in sources.iter().enumerate() {
            let Source::Job(job) = *source else { continue };
            let job = &mut self.plan.jobs[job];
            match cuts.as_ref().filter(|_| place == 0) {
                Some(cuts) => job.thresholds.extend(cuts),
                None => job.is_plain_value = true,
            }
        }
        let population = population.map(|rule| self.rule(rule)).transpose()?;
        for (column, value_type) in definition.column_names() {
            let value_type = value_type.unwrap_or(value_type_of(kind));
            let full = format!("{}.{column}", definition.name);
            let place = self.column(format!("score.{full}"), &full, value_type, AnswerKind::Score);
            self.context.scores.insert(full.clone(), Column::unknown(value_type, 0));
            self.column_of.insert(Named::Score(full), place);
        }
        Ok(DefinitionKind::Score { index, measures: sources, population })
    }

    fn tag(&mut self, definition: &TagDefinition, index: usize) -> Result<DefinitionKind> {
        let mut measured = None;
        let value = match &definition.kind {
            TagKind::Rule(rule) => TagValue::Rule(self.rule(rule)?, definition.unknown),
            TagKind::Cases(cases) => self.cases(cases, definition)?,
            TagKind::Bands(bands) => self.cases(&bands.to_cases(), definition)?,
            TagKind::Value(measure) => {
                let source = self.source(measure)?;
                if let Source::Job(job) = source {
                    self.plan.jobs[job].is_plain_value = true;
                }
                let kind = kind_of(measure, self.log, &self.context)?;
                let is_mean = matches!(measure, Measure::Mean { .. });
                measured = Some(if is_mean { ValueType::Float } else { value_type_of(kind) });
                TagValue::Value(source)
            }
            TagKind::Preference(preference) => TagValue::Ranked(self.preference(preference)?),
            TagKind::Manual { values } => TagValue::Manual { is_flag: values.is_empty() },
        };
        let value_type = definition.value_type(measured);
        let name = &definition.name;
        let ranks = match &definition.kind {
            TagKind::Preference(preference) => preference.top,
            _ => 1,
        };
        let place = self.column(format!("tag.{name}"), name, value_type, AnswerKind::Tag { is_first: true });
        for rank in 2..=ranks {
            self.column(format!("tag.{name}.{rank}"), name, value_type, AnswerKind::Tag { is_first: false });
        }
        self.context.tags.insert(name.clone(), Column::unknown(value_type, 0));
        self.column_of.insert(Named::Tag(name.clone()), place);
        Ok(DefinitionKind::Tag { index, value })
    }

    fn cases(&mut self, cases: &crate::tag::Cases, definition: &TagDefinition) -> Result<TagValue> {
        let mut compiled = Vec::with_capacity(cases.cases.len());
        for case in &cases.cases {
            compiled.push((self.rule(&case.when)?, self.texts.intern(&case.value)));
        }
        let otherwise = cases.otherwise.as_deref().map(|value| self.texts.intern(value));
        Ok(TagValue::Cases { cases: compiled, otherwise, unknown: definition.unknown })
    }

    fn segment(&mut self, definition: &SegmentDefinition) -> Result<DefinitionKind> {
        let node = self.rule(&definition.when)?;
        let name = &definition.name;
        let place = self.column(format!("segment.{name}"), name, ValueType::Bool, AnswerKind::Segment);
        self.context.segments.insert(name.clone(), crate::rule::Truths::default());
        self.column_of.insert(Named::Segment(name.clone()), place);
        let (include, exclude) = (definition.include.clone(), definition.exclude.clone());
        Ok(DefinitionKind::Segment { node, unknown: definition.unknown, include, exclude })
    }

    fn lifecycle(&mut self, definition: &LifecycleDefinition) -> Result<DefinitionKind> {
        let nodes = definition.rules().map(|rule| self.rule(rule)).collect::<Result<_>>()?;
        let names = definition.names().map(|name| self.texts.intern(name)).collect();
        if definition.is_guarded() {
            definition.check_history()?;
        }
        let arrival = match &definition.presence {
            Presence::Attribute(name) => Some(self.instant(name)?),
            _ => None,
        };
        let place = self.column("stage".to_owned(), "stage", ValueType::Text, AnswerKind::Stage);
        self.column_of.insert(Named::Stage, place);
        self.context.stage = Some(TextColumn::default());
        self.plan.stages = Some(Stages {
            presence: definition.presence.clone(),
            arrival,
            guards: definition.is_guarded().then(|| Guards::new(definition)),
            definition: self.plan.definitions.len(),
        });
        Ok(DefinitionKind::Stage { nodes, names })
    }

    fn rule(&mut self, rule: &Rule) -> Result<Node> {
        Ok(match rule {
            Rule::All(rules) => Node::All(self.rules(rules)?),
            Rule::Any(rules) => Node::Any(self.rules(rules)?),
            Rule::Not(rule) => Node::Not(Box::new(self.rule(rule)?)),
            Rule::AtLeast { count, of } => Node::AtLeast(*count as usize, self.rules(of)?),
            Rule::Measure { measure, test } => {
                let source = self.source(measure)?;
                let kind = kind_of(measure, self.log, &self.context)?;
                let test = resolve(test, kind, self.log, &self.plan.calendar)?;
                if let Source::Job(job) = source {
                    self.plan.jobs[job].thresholds.extend(thresholds(&test));
                }
                Node::Test(source, test)
            }
            Rule::Sequence(sequence) => Node::Holds(self.sequence(sequence)?),
            Rule::Anniversary { attribute, days_before, days_after, leap_day } => {
                let attribute = self.instant(attribute)?;
                let (days_before, days_after, leap_day) = (*days_before, *days_after, *leap_day);
                let kind = JobKind::Anniversary { attribute, days_before, days_after, leap_day };
                Node::Holds(self.job(format!("{rule:?}"), kind, 0, SpanOf::Nothing))
            }
            Rule::In(Definition::Tag(name)) => Node::Has(self.answer(&Named::Tag(name.clone()))?),
            Rule::In(Definition::Segment(name)) => Node::Has(self.answer(&Named::Segment(name.clone()))?),
            Rule::In(Definition::Stage(name)) => {
                let text = self.texts.intern(name);
                Node::Is(self.answer(&Named::Stage)?, text)
            }
            Rule::Users(users) => Node::Users(users.iter().cloned().collect()),
        })
    }

    fn rules(&mut self, rules: &[Rule]) -> Result<Vec<Node>> {
        rules.iter().map(|rule| self.rule(rule)).collect()
    }

    /// The column of another definition.
    fn answer(&mut self, named: &Named) -> Result<usize> {
        let found = self.column_of.get(named).copied();
        let column = found.ok_or_else(|| invalid_definition(format!("{named:?} is not answered before it is read")))?;
        self.read.columns.push(column);
        Ok(column)
    }

    fn finish(mut self) -> Result<LivePlan> {
        let reader = &mut self.plan.reader;
        for name in self.patterns.iter().flat_map(|(names, _)| names) {
            reader.names.entry(name.clone()).or_default();
        }
        for (bit, (names, filter)) in self.patterns.iter().enumerate() {
            let add = |patterns: &mut Patterns| match filter {
                None => patterns.plain |= 1 << bit,
                Some(filter) => patterns.filtered.push((1 << bit, *filter)),
            };
            if names.is_empty() {
                reader.names.values_mut().chain([&mut reader.others]).for_each(add);
            } else {
                reader
                    .names
                    .iter_mut()
                    .filter(|(name, _)| names.contains(name))
                    .for_each(|(_, patterns)| add(patterns));
            }
        }
        let mut reach = vec![0; self.patterns.len()];
        for job in &mut self.plan.jobs {
            job.thresholds.sort_unstable();
            job.thresholds.dedup();
            let needed = match job.span {
                SpanOf::Nothing => continue,
                SpanOf::Moving(window) => self.plan.windows[window].reach_micros(),
                SpanOf::Whole { .. } if job.is_kept() => 0,
                SpanOf::Whole { .. } | SpanOf::Around { .. } => i64::MAX,
            };
            let of_job = reach.iter_mut().enumerate().filter(|(bit, _)| job.patterns >> bit & 1 == 1);
            of_job.for_each(|(_, reach)| *reach = needed.max(*reach));
        }
        if self.plan.keeps_history() {
            reach.fill(i64::MAX);
        }
        let jobs = &self.plan.jobs;
        for window in &mut self.plan.windows {
            for job in window.jobs.iter().map(|job| &jobs[*job]).filter(|job| job.is_observed()) {
                window.observers.add_all(&job.readers);
            }
        }
        for (index, job) in jobs.iter().enumerate() {
            if job.is_falling() {
                self.plan.falling.push(index);
                self.plan.always.add_all(&job.readers);
            }
            if job.is_by_day() {
                self.plan.by_day.push(index);
                self.plan.day_readers.add_all(&job.readers);
            }
            if !matches!(job.span, SpanOf::Moving(_)) {
                self.plan.whole.push((job.patterns, index));
            }
        }
        if let Some(stages) =
            self.plan.stages.as_ref().filter(|stages| stages.guards.is_some() || stages.arrival.is_some())
        {
            // A guard may run out, and a user arrive, without anything else.
            self.plan.always.insert(stages.definition);
        }
        if let Some(stages) = self.plan.stages.as_ref().filter(|stages| stages.presence == Presence::Known) {
            self.plan.attribute_readers.iter_mut().for_each(|readers| readers.insert(stages.definition));
        }
        self.plan.reach = reach;
        Ok(self.plan)
    }
}

fn value_type_of(kind: Kind) -> ValueType {
    match kind {
        Kind::Money => ValueType::Integer,
        Kind::Plain(value_type) => value_type,
    }
}
