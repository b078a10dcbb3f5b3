//! From users and their events to a log, to events one by one, and to a table of users.

use super::SampleOptions;
use super::draw::Stage;
use super::world::{Attribute, Draft, Person, World};
use crate::column::Column;
use crate::error::Result;
use crate::event::{Event, EventSchema};
use crate::id::UserId;
use crate::ingest::{
    AttributeMapping, Ingest, Mapping, PropertyMapping, RawBatch, RawColumn, RawData, RawValue, TimeUnit,
};
use crate::log::EventLog;
use crate::table::Table;
use crate::value::ValueRef;

/// Rows of a batch, at which it is handed on: enough to make batches cheap, few enough to stay in the cache.
const BATCH_ROWS: usize = 1 << 16;

pub(super) fn events(world: &'static World, options: &SampleOptions) -> Vec<Event> {
    let stage = Stage::new(world, options);
    let mut events = Vec::new();
    for user in 0..options.users {
        let (_, drafts) = stage.draw(user);
        events.extend(drafts.iter().map(|draft| event(world, user, draft)));
    }
    // Stable: users are in order so far, and stay so within an instant.
    events.sort_by_key(|event| event.time);
    events
}

fn event(world: &World, user: u32, draft: &Draft) -> Event {
    let mut event = Event::new(world.user_id(user), draft.time, world.names[draft.name]);
    event.amount = draft.amount;
    for property in world.properties {
        if let Some(value) = property.value(draft) {
            event = event.with_property(property.name(), value.to_owned());
        }
    }
    event
}

pub(super) fn users(world: &'static World, options: &SampleOptions) -> Result<Table> {
    let stage = Stage::new(world, options);
    let people: Vec<Person> = (0..options.users).map(|user| stage.draw(user).0).collect();
    let ids: Vec<UserId> = (0..options.users).map(|user| world.user_id(user)).collect();
    let mut table = Table::new(people.len()).with("user", id_column(&ids))?;
    for attribute in world.attributes {
        table.push(attribute.name(), attribute_column(*attribute, &people))?;
    }
    Ok(table)
}

fn id_column(ids: &[UserId]) -> Column {
    let integers: Option<Vec<i64>> = ids
        .iter()
        .map(|id| match id {
            UserId::Integer(id) => Some(*id),
            UserId::Text(_) => None,
        })
        .collect();
    match integers {
        Some(integers) => integers.into(),
        None => ids.iter().map(UserId::to_string).collect::<Vec<_>>().into(),
    }
}

fn attribute_column(attribute: Attribute, people: &[Person]) -> Column {
    match attribute {
        Attribute::BirthDate => Column::Date(people.iter().map(|person| Some(person.birth_date?.0)).collect()),
        Attribute::Signup => Column::Time(people.iter().map(|person| Some(person.signup.as_micros())).collect()),
        Attribute::Channel | Attribute::City | Attribute::Device | Attribute::Gender => {
            let texts = people.iter().map(|person| match attribute.value(person) {
                Some(ValueRef::Text(text)) => Some(text),
                _ => None,
            });
            Column::texts(texts)
        }
    }
}

pub(super) fn log(world: &'static World, options: &SampleOptions) -> Result<EventLog> {
    let stage = Stage::new(world, options);
    let mut mapping = Mapping::new("user", "time").event("event").minor_amount("amount");
    for property in world.properties {
        mapping = mapping.property(PropertyMapping::column(property.name()));
    }
    let mut ingest = Ingest::new(schema(world, options), mapping)?;
    let mut rows: Vec<(u32, Draft)> = Vec::new();
    let mut people = Vec::new();
    for user in 0..options.users {
        let (person, drafts) = stage.draw(user);
        rows.extend(drafts.into_iter().map(|draft| (user, draft)));
        people.push((user, person));
        if rows.len() >= BATCH_ROWS || people.len() >= BATCH_ROWS || user + 1 == options.users {
            push(world, &mut ingest, &rows, &people)?;
            rows.clear();
            people.clear();
        }
    }
    ingest.finish().map(|(log, _)| log)
}

fn schema(world: &World, options: &SampleOptions) -> EventSchema {
    EventSchema {
        zone: options.zone,
        events: world.names.iter().map(|name| (*name).to_owned()).collect(),
        properties: world.properties.iter().map(|property| property.field()).collect(),
        attributes: world.attributes.iter().map(|attribute| attribute.field()).collect(),
        ..EventSchema::default()
    }
}

/// Hands events of some users and the users themselves on to the log.
fn push(world: &World, ingest: &mut Ingest, rows: &[(u32, Draft)], people: &[(u32, Person)]) -> Result<()> {
    let ids: Vec<UserId> = people.iter().map(|(user, _)| world.user_id(*user)).collect();
    let first_user = people.first().map_or(0, |(user, _)| *user);
    let mut batch = RawBatch::new("sample", rows.len());
    let id_of = |user: u32| ids.get((user - first_user) as usize).map(|id| id.as_ref().into());
    batch.push("user", RawColumn::values(rows.iter().map(|(user, _)| id_of(*user))));
    let times: Vec<i64> = rows.iter().map(|(_, draft)| draft.time.as_micros()).collect();
    batch.push("time", RawColumn::new(RawData::Time { values: times.into(), unit: TimeUnit::Micros, zoned: true }));
    let names: Vec<&str> = rows.iter().map(|(_, draft)| world.names[draft.name]).collect();
    batch.push("event", RawColumn::new(RawData::Text(names.into())));
    let amounts = rows.iter().map(|(_, draft)| Some(RawValue::Integer(draft.amount?.minor())));
    batch.push("amount", RawColumn::values(amounts));
    for property in world.properties {
        let values = rows.iter().map(|(_, draft)| property.value(draft).map(RawValue::from));
        batch.push(property.name(), RawColumn::values(values));
    }
    ingest.push(&batch)?;

    let mut batch = RawBatch::new("sample users", people.len());
    batch.push("user", RawColumn::values(ids.iter().map(|id| Some(id.as_ref().into()))));
    for attribute in world.attributes {
        let values = people.iter().map(|(_, person)| attribute.value(person).map(RawValue::from));
        batch.push(attribute.name(), RawColumn::values(values));
    }
    ingest.push_attributes(&batch, &AttributeMapping::new("user"))
}
