//! Tags that people put on and take off.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{TagDefinition, TagKind};
use crate::error::{Error, ErrorKind, Result, invalid_definition, name_hint, name_list};
use crate::id::{UserDirectory, UserId, UserIx};
use crate::time::Timestamp;
use crate::value::{Value, ValueType};

/// Names that an error lists before it only counts.
const NAMES_SHOWN_MAX: usize = 5;

/// One act of a person: a tag put on or taken off.
///
/// It is visible from `at` on and gone at `expires`, as if it had never been. Of the visible acts on one user and tag
/// the one with the latest `at` counts, of equal ones the later in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualTag {
    /// Whom it is put on.
    pub user: UserId,
    /// The tag.
    pub tag: String,
    /// The value, for tags that have one; none for tags that are true or false, and for taking off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Whether it is put on or taken off.
    #[serde(default)]
    pub action: ManualAction,
    /// Who did it.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The instant from which it no longer counts; never, without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What a person did to a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ManualAction {
    /// Put it on.
    #[default]
    Add,
    /// Took it off: the user does not have it, whatever the rules say, where people come first.
    Remove,
}

impl ManualTag {
    /// A tag put on by someone.
    pub fn add(user: impl Into<UserId>, tag: impl Into<String>, author: impl Into<String>, at: Timestamp) -> Self {
        Self {
            user: user.into(),
            tag: tag.into(),
            value: None,
            action: ManualAction::Add,
            author: author.into(),
            at,
            reason: String::new(),
            expires: None,
        }
    }

    /// A tag taken off by someone.
    pub fn remove(user: impl Into<UserId>, tag: impl Into<String>, author: impl Into<String>, at: Timestamp) -> Self {
        Self { action: ManualAction::Remove, ..Self::add(user, tag, author, at) }
    }

    /// The same act with a value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The same act with a reason.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The same act until an instant, which is no longer in it.
    #[must_use]
    pub fn expires(mut self, expires: Timestamp) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Whether it counts at this instant.
    #[must_use]
    pub fn is_visible(&self, as_of: Timestamp) -> bool {
        self.at <= as_of && self.expires.is_none_or(|expires| as_of < expires)
    }

    /// Refuses an act that contradicts itself or its tag.
    pub(crate) fn check(&self, definition: &TagDefinition) -> Result<()> {
        if self.author.trim().is_empty() {
            return Err(invalid_definition("there is no author: a tag put on by hand says by whom"));
        }
        if let Some(expires) = self.expires
            && expires <= self.at
        {
            return Err(invalid_definition(format!("it expires at {expires}, which is not after {}", self.at)));
        }
        if matches!(definition.kind, TagKind::Value(_)) {
            return Err(invalid_definition(
                "the tag is a measure, which nobody can put on or take off: define a tag of the kind \"manual\" beside it",
            ));
        }
        match (self.action, &self.value) {
            (ManualAction::Remove, None) => Ok(()),
            (ManualAction::Remove, Some(value)) => {
                Err(invalid_definition(format!("taking it off needs no value, and {value} is given")))
            }
            (ManualAction::Add, value) => check_value(value.as_ref(), definition),
        }
    }
}

fn check_value(value: Option<&Value>, definition: &TagDefinition) -> Result<()> {
    let is_flag = definition.value_type(None) == ValueType::Bool;
    match (value, definition.labels()) {
        (None, _) if is_flag => Ok(()),
        (Some(Value::Bool(true)), _) if is_flag => Ok(()),
        (Some(value), _) if is_flag => Err(invalid_definition(format!(
            "the tag is on or off: leave the value {value} out, or take the tag off by the action \"remove\""
        ))),
        (Some(Value::Text(text)), Some(labels)) if !labels.contains(&&**text) => {
            let hint = name_hint(text, labels.iter().copied());
            Err(invalid_definition(format!("the tag has no value {text:?}{hint}")))
        }
        (Some(Value::Text(text)), _) if !text.is_empty() => Ok(()),
        (Some(value), _) => {
            Err(invalid_definition(format!("the tag is a text, and {:?} is none, or empty", value.to_string())))
        }
        (None, _) => Err(invalid_definition("the tag is one of several texts: say which, as its value")),
    }
}

/// The acts of people on the users of one log, by tag and user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ManualTags {
    /// Of each tag the acts in order of user, instant and list.
    acts: BTreeMap<String, Vec<(UserIx, ManualTag)>>,
}

/// What was left out of a list of manual tags, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManualReport {
    /// Acts on users whom the log does not know, by their position in the list.
    pub unknown_users: Vec<(usize, UserId)>,
    /// Acts on tags that are not defined.
    pub unknown_tags: Vec<(usize, String)>,
}

impl ManualReport {
    /// Whether nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unknown_users.is_empty() && self.unknown_tags.is_empty()
    }
}

impl ManualTags {
    /// Checks a list and puts it in order; every user and every tag must be known.
    ///
    /// # Errors
    /// `UnknownName`, listing the users and tags that are not known; `InvalidDefinition` for an act that contradicts
    /// itself or its tag, with its position in the list, counted from 1.
    pub fn new(definitions: &[TagDefinition], users: &UserDirectory, list: &[ManualTag]) -> Result<Self> {
        let (tags, report) = Self::of_known(definitions, users, list)?;
        if report.is_empty() {
            return Ok(tags);
        }
        let mut parts = Vec::new();
        if !report.unknown_users.is_empty() {
            let ids: Vec<String> = report.unknown_users.iter().map(|(_, id)| id.to_string()).collect();
            parts.push(format!("users {}", name_list(ids.iter().map(String::as_str), NAMES_SHOWN_MAX)));
        }
        if !report.unknown_tags.is_empty() {
            let tags: Vec<&str> = report.unknown_tags.iter().map(|(_, tag)| tag.as_str()).collect();
            let known = definitions.iter().map(|definition| definition.name.as_str());
            let hint = name_hint(tags[0], known);
            parts.push(format!("tags {}{hint}", name_list(tags, NAMES_SHOWN_MAX)));
        }
        let unknown = parts.join(", and the ");
        Err(Error::new(ErrorKind::UnknownName, format!("manual tags name what is not known: the {unknown}")))
    }

    /// Checks a list, leaves out the acts on users and tags that are not known, and reports them.
    ///
    /// # Errors
    /// `InvalidDefinition` as [`ManualTags::new`].
    pub fn of_known(
        definitions: &[TagDefinition],
        users: &UserDirectory,
        list: &[ManualTag],
    ) -> Result<(Self, ManualReport)> {
        let by_name: BTreeMap<&str, &TagDefinition> =
            definitions.iter().map(|definition| (definition.name.as_str(), definition)).collect();
        let (mut tags, mut report) = (Self::default(), ManualReport::default());
        for (index, act) in list.iter().enumerate() {
            let definition = by_name.get(act.tag.as_str());
            if let Some(definition) = definition {
                act.check(definition).map_err(|error| {
                    error.at(format_args!("manual tag {} ({:?} on user {})", index + 1, act.tag, act.user))
                })?;
            } else {
                report.unknown_tags.push((index, act.tag.clone()));
            }
            match (users.find(&act.user), definition) {
                (Some(user), Some(_)) => tags.acts.entry(act.tag.clone()).or_default().push((user, act.clone())),
                (Some(_), None) => {}
                (None, _) => report.unknown_users.push((index, act.user.clone())),
            }
        }
        // The sort is stable: of acts at one instant the later in the list stays the later.
        tags.acts.values_mut().for_each(|acts| acts.sort_by_key(|(user, act)| (*user, act.at)));
        Ok((tags, report))
    }

    /// The act that counts for a user and a tag, where there is one.
    #[must_use]
    pub fn find(&self, tag: &str, user: UserIx, as_of: Timestamp) -> Option<&ManualTag> {
        self.of_user(tag, user).iter().rev().map(|(_, act)| act).find(|act| act.is_visible(as_of))
    }

    /// The next instant at which another act will count for a user and a tag, or none any more, if nobody does
    /// anything more.
    #[must_use]
    pub fn next_change_at(&self, tag: &str, user: UserIx, as_of: Timestamp) -> Option<Timestamp> {
        let acts = self.of_user(tag, user);
        let mut instants: Vec<Timestamp> =
            acts.iter().flat_map(|(_, act)| [Some(act.at), act.expires]).flatten().filter(|at| *at > as_of).collect();
        instants.sort_unstable();
        let now = self.find(tag, user, as_of);
        instants.into_iter().find(|at| self.find(tag, user, *at) != now)
    }

    /// The users for whom an act on the tag counts, ascending, with it.
    pub(super) fn of_tag(&self, tag: &str, as_of: Timestamp) -> Vec<(UserIx, &ManualTag)> {
        let acts = self.acts.get(tag).map_or(&[][..], Vec::as_slice);
        acts.chunk_by(|(a, _), (b, _)| a == b)
            .filter_map(|acts| {
                let (user, act) = acts.iter().rev().find(|(_, act)| act.is_visible(as_of))?;
                Some((*user, act))
            })
            .collect()
    }

    fn of_user(&self, tag: &str, user: UserIx) -> &[(UserIx, ManualTag)] {
        let acts = self.acts.get(tag).map_or(&[][..], Vec::as_slice);
        let start = acts.partition_point(|(other, _)| *other < user);
        let end = acts.partition_point(|(other, _)| *other <= user);
        &acts[start..end]
    }
}
