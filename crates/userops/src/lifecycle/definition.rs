//! A lifecycle as data: stages with conditions, guards and allowed moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::constant::constant;
use crate::error::{Result, invalid_definition, limit_exceeded, name_hint, unknown_name};
use crate::event::check_names;
use crate::rule::{self, Reference, Rule};
use crate::time::Span;

/// The most stages that one lifecycle can have: matrices of them are read by people.
pub const STAGES_MAX: usize = 64;

/// One stage: who is in it, for how long at least, and where it leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageDefinition {
    /// The name, unique in the lifecycle.
    pub name: String,
    /// Who belongs here, of those who belong to no earlier stage. Unknown counts as no.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::schema")]
    pub when: Rule,
    /// A user who has entered the stage stays at least so long. None: no guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwell_min: Option<Span>,
    /// The stages that may be entered from this one. None: any. The empty list: the stage is never left for another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<Vec<String>>,
}

impl StageDefinition {
    /// A stage without guard and with every move allowed.
    pub fn new(name: impl Into<String>, when: Rule) -> Self {
        Self { name: name.into(), when, dwell_min: None, moves: None }
    }

    /// The same stage, in which a user stays at least so long.
    #[must_use]
    pub fn dwell_min(mut self, dwell_min: Span) -> Self {
        self.dwell_min = Some(dwell_min);
        self
    }

    /// The same stage, from which only these may be entered.
    #[must_use]
    pub fn moves<N: Into<String>>(mut self, stages: impl IntoIterator<Item = N>) -> Self {
        self.moves = Some(stages.into_iter().map(Into::into).collect());
        self
    }
}

/// From when on a user is there to be in a stage. Before, the user has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// From the first event of any name on; a user with a known attribute always, since attributes bear no instant.
    #[default]
    Known,
    /// From the first event of any name on.
    FirstEvent,
    /// From the instant or day of this attribute or the first event on, whichever is earlier.
    Attribute(String),
    /// Always, also before anything is known of the user.
    Always,
}

/// A lifecycle: stages in order of precedence.
///
/// The *target* of a user at an instant is the first stage whose rule is true. Without guards and with every move
/// allowed, the stage is the target. Otherwise the stage is what the user's history up to the instant leads to:
///
/// - A user in no stage enters the target, whatever it is.
/// - A user in a stage stays as long as the target is the same, the dwell guard of the stage has not run out, or the
///   stage's `moves` do not name the target. What holds a user back is judged again at every event, whenever time alone
///   changes the target, and when the guard runs out.
/// - Where no rule is true, the user leaves for no stage once the guard has run out. A catch-all as the last stage
///   prevents that.
///
/// Either way it is a pure function of the user's events up to the instant and the user's attributes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifecycleDefinition {
    /// The stages; the first whose rule is true is the target.
    pub stages: Vec<StageDefinition>,
    /// The stages that count as progress, from the first to the furthest; others have no place on the ladder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<String>,
    /// From when on a user is there.
    #[serde(default)]
    pub presence: Presence,
}

impl LifecycleDefinition {
    /// A lifecycle of these stages, without a ladder.
    #[must_use]
    pub fn new(stages: Vec<StageDefinition>) -> Self {
        Self { stages, ..Self::default() }
    }

    /// The same with a ladder, from the first stage to the furthest.
    #[must_use]
    pub fn ladder<N: Into<String>>(mut self, stages: impl IntoIterator<Item = N>) -> Self {
        self.ladder = stages.into_iter().map(Into::into).collect();
        self
    }

    /// The same with another beginning.
    #[must_use]
    pub fn presence(mut self, presence: Presence) -> Self {
        self.presence = presence;
        self
    }

    /// The rules of the stages, in order.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> + Clone + '_ {
        self.stages.iter().map(|stage| &stage.when)
    }

    /// The names of the stages, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> + Clone + '_ {
        self.stages.iter().map(|stage| stage.name.as_str())
    }

    /// The position of a stage in the order of precedence.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn position(&self, name: &str) -> Result<usize> {
        self.names()
            .position(|known| known == name)
            .ok_or_else(|| unknown_name(format!("there is no stage {name:?}{}", name_hint(name, self.names()))))
    }

    /// Whether a guard or a restriction of moves makes the stage depend on more than the target.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.stages.iter().any(|stage| stage.dwell_min.is_some() || stage.moves.is_some())
    }

    /// Refuses a lifecycle that contradicts itself.
    ///
    /// # Errors
    /// `InvalidDefinition` without a stage; for names that are empty or occur twice; for a stage that can never be
    /// entered, because its rule is never true or an earlier stage takes everybody; for a rule that reads the stage
    /// itself; for a dwell guard that is not positive; for a move from a stage to itself. `UnknownName` for moves or
    /// a ladder that name no stage. `LimitExceeded` for more than [`STAGES_MAX`] stages.
    pub fn check(&self) -> Result<()> {
        if self.stages.is_empty() {
            return Err(invalid_definition("a lifecycle has at least one stage"));
        }
        if self.stages.len() > STAGES_MAX {
            let count = self.stages.len();
            return Err(limit_exceeded(format!("{count} stages are more than the limit {STAGES_MAX}")));
        }
        check_names("stage", self.names())?;
        for (position, stage) in self.stages.iter().enumerate() {
            self.check_stage(position, stage)?;
        }
        check_names("rung of the ladder", self.ladder.iter().map(String::as_str))?;
        for name in &self.ladder {
            self.position(name).map_err(|error| error.at("the ladder of the lifecycle"))?;
        }
        if self.is_guarded() { self.check_history() } else { Ok(()) }
    }

    fn check_stage(&self, position: usize, stage: &StageDefinition) -> Result<()> {
        let name = &stage.name;
        if constant(&stage.when) == Some(false) {
            return Err(invalid_definition(format!("the stage {name:?} can never be entered: its rule is never true")));
        }
        for earlier in &self.stages[..position] {
            if constant(&earlier.when) == Some(true) || earlier.when == stage.when {
                return Err(invalid_definition(format!(
                    "the stage {name:?} can never be entered: {:?} comes before it and takes all its users; put it \
                     before, or change the rule of one of them",
                    earlier.name
                )));
            }
        }
        if stage.when.references().contains(&Reference::Lifecycle) {
            return Err(invalid_definition(format!(
                "the rule of the stage {name:?} reads the stage, which it decides; use the conditions themselves"
            )));
        }
        if let Some(dwell_min) = stage.dwell_min.filter(|dwell_min| *dwell_min <= Span::default()) {
            return Err(invalid_definition(format!(
                "the stage {name:?} has dwell_min {dwell_min}; a guard is positive, no guard is left out"
            )));
        }
        for target in stage.moves.iter().flatten() {
            self.position(target).map_err(|error| error.at(format_args!("moves of the stage {name:?}")))?;
            if target == name {
                return Err(invalid_definition(format!(
                    "the stage {name:?} names itself among its moves; staying needs no permission"
                )));
            }
        }
        Ok(())
    }

    /// Refuses rules that read tags, segments or scores: these are known as of one instant only, and so cannot be
    /// followed through a history.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the stage and what it reads.
    pub(crate) fn check_history(&self) -> Result<()> {
        for stage in &self.stages {
            if let Some(read) = stage.when.references().first() {
                return Err(invalid_definition(format!(
                    "the stage {:?} reads {read}, whose past is not kept, so the lifecycle has no history and no \
                     guards; write the condition itself into the stage's rule",
                    stage.name
                )));
            }
        }
        Ok(())
    }
}
