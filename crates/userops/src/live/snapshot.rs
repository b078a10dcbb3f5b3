//! An engine written out and read again: everything that its answers rest on, and nothing of the log.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::engine::Engine;
use super::plan::LiveOptions;
use super::user::LiveUser;
use crate::error::{Result, invalid_argument, invalid_definition};
use crate::id::UserId;
use crate::playbook::{Calibration, Playbook};

/// The form of what is written; another one is refused.
const FORMAT: u32 = 2;

/// What describes itself in JSON stands as text, so that formats without field names can hold it.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    playbook: String,
    calibration: String,
    options: String,
    as_of: i64,
}

#[derive(Serialize)]
struct Written<'e> {
    head: Head,
    texts: Vec<&'e str>,
    ids: Vec<IdRef<'e>>,
    users: &'e [LiveUser],
    seen: Vec<(i64, &'e str)>,
}

#[derive(Deserialize)]
struct Read {
    head: Head,
    texts: Vec<String>,
    ids: Vec<Id>,
    users: Vec<LiveUser>,
    seen: Vec<(i64, String)>,
}

#[derive(Serialize)]
enum IdRef<'e> {
    Integer(i64),
    Text(&'e str),
}

#[derive(Deserialize)]
enum Id {
    Integer(i64),
    Text(Box<str>),
}

impl Serialize for Engine {
    /// For binary formats and JSON alike. Takes O(users) and no copy of them.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let head = Head {
            format: FORMAT,
            playbook: self.plan.playbook.to_json().map_err(serde::ser::Error::custom)?,
            calibration: self.plan.calibration.to_json().map_err(serde::ser::Error::custom)?,
            options: serde_json::to_string(&self.plan.options).map_err(serde::ser::Error::custom)?,
            as_of: self.as_of,
        };
        let id = |id| match id {
            &UserId::Integer(id) => IdRef::Integer(id),
            UserId::Text(id) => IdRef::Text(id),
        };
        let written = Written {
            head,
            texts: self.work.texts.texts().iter().collect(),
            ids: self.ids.iter().map(id).collect(),
            users: &self.users,
            seen: self.seen_order.iter().map(|(at, id)| (*at, &**id)).collect(),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Engine {
    /// Reads what [`Engine`] wrote; the same answers, and the same from then on.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        restore(Read::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn restore(read: Read) -> Result<Engine> {
    let Read { head, texts, ids, users, seen } = read;
    if head.format != FORMAT {
        return Err(invalid_argument(format!(
            "the snapshot is of format {}, and this library reads {FORMAT}: rebuild the engine from the log",
            head.format
        )));
    }
    if ids.len() != users.len() {
        return Err(invalid_argument(format!("the snapshot has {} ids of {} users", ids.len(), users.len())));
    }
    let options: LiveOptions = serde_json::from_str(&head.options)
        .map_err(|error| invalid_definition(format!("options of the snapshot: {error}")))?;
    let playbook = Playbook::from_json(&head.playbook)?;
    let calibration = Calibration::from_json(&head.calibration)?;
    let mut engine = Engine::with_texts(&playbook, &calibration, options, &texts)?;
    engine.as_of = head.as_of;
    engine.reserve(ids.len());
    for (id, user) in ids.into_iter().zip(users) {
        let id = match id {
            Id::Integer(id) => UserId::Integer(id),
            Id::Text(id) => UserId::Text(id),
        };
        if !user.fits(&engine.plan) {
            return Err(invalid_argument(format!("the state of the user {id} in the snapshot is of another playbook")));
        }
        if engine.find(&id).is_some() {
            return Err(invalid_argument(format!("the user {id} is twice in the snapshot")));
        }
        let place = engine.join(id, user);
        engine.queue(place);
    }
    for (at, id) in seen {
        engine.remember(&id, at);
    }
    Ok(engine)
}

/// Acts of people as JSON, for the same reason.
pub(super) mod acts {
    use super::{Deserialize, Deserializer, Serialize, Serializer};
    use crate::tag::ManualTag;

    pub(crate) fn serialize<S: Serializer>(acts: &[ManualTag], serializer: S) -> Result<S::Ok, S::Error> {
        let text = match acts {
            [] => String::new(),
            acts => serde_json::to_string(acts).map_err(serde::ser::Error::custom)?,
        };
        text.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ManualTag>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Vec::new());
        }
        serde_json::from_str(&text).map_err(serde::de::Error::custom)
    }
}
