//! Works out a playbook over a log, as of an instant.

use super::calibration::Calibration;
use super::check::check_with;
use super::definition::{Lifecycle, Playbook};
use super::graph::{Need, Node};
use super::outcome::{Outcome, StageAnswer};
use crate::error::{Result, invalid_definition};
use crate::event::EventSchema;
use crate::lifecycle::{
    DeriveOptions, DerivedThresholds, LifecycleDefinition, LifecycleThresholds, assign_stages, derive_thresholds,
};
use crate::log::EventLog;
use crate::milestone::reach_milestones;
use crate::profile::build_profiles;
use crate::rule::{Context, Measure, Measures, Plan, Rule, Vocabulary, measure_users};
use crate::score::ScoreColumns;
use crate::segment::Segment;
use crate::tag::{ManualTag, ManualTags, TagColumn, TagTable};
use crate::time::Timestamp;

/// What an evaluation is given besides playbook, log and instant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvaluateOptions {
    /// Tags that staff put on or took off by hand.
    pub manual_tags: Vec<ManualTag>,
    /// What was taken from a population before, to be used in place of fitting it on this log: answers at two instants,
    /// or of two parts of the users, are comparable where they have one calibration.
    pub calibration: Option<Calibration>,
    /// Whether profiles are left out of the outcome.
    pub without_profiles: bool,
}

impl EvaluateOptions {
    /// The default options: profiles, and no tags by hand.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same options with tags by hand.
    #[must_use]
    pub fn manual_tags(mut self, manual_tags: impl IntoIterator<Item = ManualTag>) -> Self {
        self.manual_tags.extend(manual_tags);
        self
    }

    /// The same options with what was taken from a population before.
    #[must_use]
    pub fn calibration(mut self, calibration: Calibration) -> Self {
        self.calibration = Some(calibration);
        self
    }

    /// The same options without profiles.
    #[must_use]
    pub fn without_profiles(mut self) -> Self {
        self.without_profiles = true;
        self
    }
}

impl Playbook {
    /// Answers everything that the playbook asks, for every user of the log, as of an instant. The event log is passed
    /// over once for all rules together.
    ///
    /// # Errors
    /// As [`Playbook::check`], also for names and types that the log does not have; as [`Playbook::check_calibration`],
    /// where one is given; those of its parts, each after what the definition is called.
    pub fn evaluate(&self, log: &EventLog, as_of: Timestamp, options: &EvaluateOptions) -> Result<Outcome> {
        self.check()?;
        let order = self.check_log(log)?;
        let given = options.calibration.as_ref();
        let answer = || -> Result<_> {
            let stages = match given {
                Some(calibration) => {
                    self.check_calibration(calibration)?;
                    calibration.stages.clone()
                }
                None => self.derive_stages(log, as_of)?,
            };
            let manual = ManualTags::new(&self.tags, log.users(), &options.manual_tags)?;
            let answers = self.answer(log, as_of, &order, &manual, (stages.as_ref(), given))?;
            Ok((stages, answers))
        };
        let milestones = || match self.milestones.is_empty() {
            true => Ok(None),
            false => reach_milestones(log, &self.milestones, as_of).map(Some),
        };
        let profiles = || match options.without_profiles {
            true => Ok(None),
            false => build_profiles(log, as_of, self.profile.clone()).map(Some),
        };
        // Side by side, so that one part is worked at while another has nothing to share out.
        let (answer, (milestones, profiles)) = rayon::join(answer, || rayon::join(milestones, profiles));
        let (stages, mut answers) = answer?;
        let (milestones, profiles) = (milestones?, profiles?);
        answers.tags.sort_by_key(|(index, _)| *index);
        let mut tags = TagTable::new(as_of, log.user_count());
        answers.tags.into_iter().try_for_each(|(_, tag)| tags.push(tag))?;
        Ok(Outcome {
            playbook: self.name.clone(),
            fingerprint: self.fingerprint()?,
            as_of,
            calibrated_as_of: given.map_or(self.is_fitted().then_some(as_of), |calibration| calibration.as_of),
            profiles,
            scores: in_order(&self.scores, answers.scores, |score| &score.name),
            tags,
            segments: in_order(&self.segments, answers.segments, |segment| &segment.name),
            stages,
            milestones,
            context: answers.context,
        })
    }

    /// Refuses a log that is not what the playbook's schema says, and rules over what the log does not have. Returns the
    /// order in which the definitions build on each other.
    pub(crate) fn check_log(&self, log: &EventLog) -> Result<Vec<Node>> {
        let EventSchema { zone, currency, .. } = &self.schema;
        let differ = |what: &str, ours: String, theirs: String| {
            invalid_definition(format!(
                "the playbook {:?} is for the {what} {ours}, and the log has {theirs}: read the log with the playbook's \
                 schema",
                self.name
            ))
        };
        if *zone != log.zone() {
            return Err(differ("time zone", zone.to_string(), log.zone().to_string()));
        }
        if *currency != log.currency() {
            return Err(differ("currency", currency.to_string(), log.currency().to_string()));
        }
        let vocabulary = Vocabulary::of_log(log).events(self.schema.events.iter().cloned());
        check_with(self, vocabulary).map_err(|fault| fault.error.at(fault.path).at("against the log"))
    }

    /// The lifecycle, with thresholds derived from the log where the playbook asks for it.
    pub(super) fn derive_stages(&self, log: &EventLog, as_of: Timestamp) -> Result<Option<StageAnswer>> {
        self.stages_by(|given, options| derive_thresholds(log, as_of, given, options))
    }

    /// The lifecycle, with thresholds that `derive` gives where the playbook asks for derived ones.
    pub(super) fn stages_by(
        &self,
        derive: impl FnOnce(&LifecycleThresholds, DeriveOptions) -> Result<DerivedThresholds>,
    ) -> Result<Option<StageAnswer>> {
        let Some(lifecycle) = &self.lifecycle else { return Ok(None) };
        let (definition, derived) = match lifecycle {
            Lifecycle::Custom(definition) => (definition.clone(), None),
            Lifecycle::Standard(thresholds) => (LifecycleDefinition::standard(thresholds)?, None),
            Lifecycle::Derived { given, options } => {
                let derived = derive(given, *options)?;
                (LifecycleDefinition::standard(&derived.thresholds)?, Some(derived))
            }
        };
        Ok(Some(StageAnswer { definition, derived }))
    }

    /// The answers of these definitions, each of which comes after those it builds on. All rules are measured in one
    /// pass over the log.
    pub(super) fn answer(
        &self,
        log: &EventLog,
        as_of: Timestamp,
        order: &[Node],
        manual: &ManualTags,
        (stages, calibration): (Option<&StageAnswer>, Option<&Calibration>),
    ) -> Result<Answers> {
        let plan = self.plan(log, order, stages)?;
        let measures = measure_users(log, &plan, as_of)?;
        let work = Work { playbook: self, log, as_of, manual, stages, calibration, measures: &measures };
        let mut answers = Answers::default();
        order.iter().try_for_each(|node| work.answer(*node, &mut answers))?;
        Ok(answers)
    }

    fn plan<'a>(&self, log: &'a EventLog, order: &[Node], stages: Option<&StageAnswer>) -> Result<Plan<'a>> {
        let (mut rules, mut measures): (Vec<&Rule>, Vec<&Measure>) = (Vec::new(), Vec::new());
        for node in order {
            for (_, need) in self.needs(*node) {
                match need {
                    Need::Rule(rule) => rules.push(rule),
                    Need::Measure(measure) => measures.push(measure),
                }
            }
        }
        let stages = stages.filter(|_| order.contains(&Node::Lifecycle));
        rules.extend(stages.into_iter().flat_map(|stages| stages.definition.rules()));
        Plan::new(log, rules, measures)
    }
}

/// The answers so far, by the place of each definition in its list.
#[derive(Default)]
pub(super) struct Answers {
    context: Context,
    pub(super) scores: Vec<(usize, ScoreColumns)>,
    tags: Vec<(usize, TagColumn)>,
    segments: Vec<(usize, Segment)>,
}

struct Work<'a> {
    playbook: &'a Playbook,
    log: &'a EventLog,
    as_of: Timestamp,
    manual: &'a ManualTags,
    stages: Option<&'a StageAnswer>,
    calibration: Option<&'a Calibration>,
    measures: &'a Measures<'a>,
}

impl Work<'_> {
    fn answer(&self, node: Node, answers: &mut Answers) -> Result<()> {
        let context = &mut answers.context;
        match node {
            Node::Score(index) => {
                let definition = &self.playbook.scores[index];
                // Scores of a calibration that was checked are in the order of the playbook.
                let model = self.calibration.and_then(|calibration| calibration.scores.get(index));
                let score = match model {
                    Some((_, model)) => definition.score(model, self.measures, context)?,
                    None => definition.fit(self.measures, context)?,
                };
                for (name, column) in &score.columns {
                    context.scores.insert(format!("{}.{name}", definition.name), column.clone());
                }
                answers.scores.push((index, score));
            }
            Node::Tag(index) => {
                let definition = &self.playbook.tags[index];
                let tag = definition.assign(self.measures, self.log, self.as_of, context, self.manual)?;
                context.tags.insert(definition.name.clone(), tag.values().clone());
                answers.tags.push((index, tag));
            }
            Node::Segment(index) => {
                let definition = &self.playbook.segments[index];
                let segment = definition.assign(self.measures, self.log.users(), context)?;
                context.segments.insert(definition.name.clone(), segment.to_truths());
                answers.segments.push((index, segment));
            }
            Node::Lifecycle => {
                if let Some(answer) = self.stages {
                    let stages = assign_stages(self.measures, &answer.definition, context);
                    context.stage = Some(stages.map_err(|error| error.at(self.playbook.title(node)))?);
                }
            }
        }
        Ok(())
    }
}

/// The answers in the order of their definitions, with names.
fn in_order<D, T>(definitions: &[D], mut answers: Vec<(usize, T)>, name: impl Fn(&D) -> &String) -> Vec<(String, T)> {
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(index, answer)| (name(&definitions[index]).clone(), answer)).collect()
}
