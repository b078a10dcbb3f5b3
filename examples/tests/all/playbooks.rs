//! Every definition of every playbook, recounted for every user by plain loops over plain events.
//!
//! What a playbook says in TOML stands in its recount a second time, as a closure over one user's events. The recount knows
//! nothing of the library's rules, plans and kernels, nor of its calendar.

mod cdnow;
mod community;
mod content_app;
mod grade;
mod recount;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use userops::event::Event;
use userops::id::UserIx;
use userops::lifecycle::DerivedThresholds;
use userops::log::EventLog;
use userops::playbook::{EvaluateOptions, Lifecycle, Outcome, Playbook};
use userops::rule::{Context, Plan, measure_users};
use userops::score::ScoreKind;
use userops::segment::SegmentDefinition;
use userops::time::Timestamp;
use userops::value::ValueRef;

use grade::grade;
use recount::{Answer, Definition, Facts, Stages, Told, User};

/// A playbook, the same in Rust, and the users that both are asked about.
struct Case {
    playbook: Playbook,
    log: EventLog,
    facts: Facts,
    recount: Recount,
    instants: &'static [&'static str],
}

/// The definitions of a playbook in Rust.
struct Recount {
    /// The score, and the three measures that it grades.
    score: &'static str,
    measures: [fn(&User<'_>) -> Option<i64>; 3],
    /// Whether the score has the eight groups, by the median and above it.
    has_groups: bool,
    /// The events that are activity, and the days of the stages.
    activity: &'static [&'static str],
    stages: StageDays,
    /// Tags, segments, stages and milestones, each after those that it builds on.
    definitions: &'static [(&'static str, Definition)],
}

/// Where the days of the lifecycle come from.
enum StageDays {
    Given(Stages),
    Derived,
}

fn read_playbook(file: &str) -> Playbook {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks").join(file);
    Playbook::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The answers by definition and user.
type Answers = BTreeMap<String, BTreeMap<String, Answer>>;

impl Case {
    /// What the library says.
    fn evaluate(&self, as_of: Timestamp) -> (Answers, Outcome) {
        let outcome = self.playbook.evaluate(&self.log, as_of, &EvaluateOptions::new()).unwrap();
        let users: Vec<String> = self.log.users().iter().map(|id| id.to_string()).collect();
        let mut answers = Answers::new();
        let mut add = |name: String, answer: &dyn Fn(usize) -> Answer| {
            let of_users = users.iter().enumerate().map(|(user, id)| (id.clone(), answer(user)));
            assert!(answers.insert(name.clone(), of_users.collect()).is_none(), "{name} is told twice");
        };
        for score in &self.playbook.scores {
            let ScoreKind::Rfm(rfm) = &score.kind else { panic!("{:?} is a score of no known kind", score.name) };
            let measures = [("recency", &rfm.recency), ("frequency", &rfm.frequency), ("monetary", &rfm.monetary)];
            let plan = Plan::new(&self.log, [], measures.map(|(_, measure)| measure)).unwrap();
            let measured = measure_users(&self.log, &plan, as_of).unwrap();
            for (name, measure) in measures {
                let column = measured.column(measure, &Context::default()).unwrap();
                add(format!("measure {}.{name}", score.name), &|user| answer_of(column.get(user)));
            }
            for (name, column) in &outcome.score(&score.name).unwrap().columns {
                add(format!("score {}.{name}", score.name), &|user| answer_of(column.get(user)));
            }
        }
        for tag in &self.playbook.tags {
            let column = outcome.tag(&tag.name).unwrap();
            add(format!("tag {}", tag.name), &|user| answer_of(column.values().get(user)));
            for (rank, values) in (2..).zip(column.ranks()) {
                add(format!("tag {}.{rank}", tag.name), &|user| answer_of(values.get(user)));
            }
        }
        for segment in &self.playbook.segments {
            let members = outcome.segment(&segment.name).unwrap().to_bitmap();
            add(format!("segment {}", segment.name), &|user| recount::yes(members.get(user)));
        }
        if self.playbook.lifecycle.is_some() {
            add("stage".to_owned(), &|user| outcome.stage(UserIx(user as u32)).map(str::to_owned));
        }
        for milestone in &self.playbook.milestones {
            let table = outcome.milestones.as_ref().unwrap();
            let instant = |user| table.instant(UserIx(user as u32), &milestone.name).unwrap();
            add(format!("milestone {}", milestone.name), &|user| instant(user).map(|at| at.to_string()));
        }
        (answers, outcome)
    }

    /// What the recount says, and the days of the stages.
    fn recount(&self, as_of: Timestamp) -> (Answers, Stages) {
        let users: Vec<User<'_>> = self.facts.users_at(as_of.as_micros()).collect();
        let stages = match &self.recount.stages {
            StageDays::Given(days) => *days,
            StageDays::Derived => Stages::derive(&users, self.recount.activity),
        };
        let measured = users.iter().map(|user| self.recount.measures.map(|measure| measure(user)));
        let graded = grade(&measured.clone().collect::<Vec<_>>(), self.recount.has_groups);
        let mut answers = Answers::new();
        for ((user, measured), graded) in users.iter().zip(measured).zip(graded) {
            let mut told = Told::default();
            for (name, value) in ["recency", "frequency", "monetary"].into_iter().zip(measured) {
                told.add(&format!("measure {}.{name}", self.recount.score), value.map(|value| value.to_string()));
            }
            for (name, value) in graded {
                told.add(&format!("score {}.{name}", self.recount.score), value);
            }
            told.add("stage", stages.stage_of(user, self.recount.activity));
            for (name, definition) in self.recount.definitions {
                let answer = definition(user, &told);
                told.add(name, answer);
            }
            for (name, answer) in told.into_answers() {
                answers.entry(name).or_default().insert(user.id.to_owned(), answer);
            }
        }
        (answers, stages)
    }

    /// Compares both at every instant; each definition must also tell some users from others.
    fn judge(&self) {
        let mut seen: BTreeMap<String, BTreeSet<Answer>> = BTreeMap::new();
        for instant in self.instants {
            let as_of: Timestamp = instant.parse().unwrap();
            let (told, outcome) = self.evaluate(as_of);
            let (expected, stages) = self.recount(as_of);
            let differences = differences(&told, &expected);
            let shown = differences.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("\n");
            assert!(differences.is_empty(), "{} differences as of {instant}:\n{shown}", differences.len());
            let derived = outcome.stages.unwrap().derived;
            assert_eq!(derived.is_some(), matches!(self.playbook.lifecycle, Some(Lifecycle::Derived { .. })));
            derived.into_iter().for_each(|derived| the_days_are_derived_alike(&derived, &stages));
            for (name, answers) in expected {
                seen.entry(name).or_default().extend(answers.into_values());
            }
        }
        let idle: Vec<_> = seen.iter().filter(|(_, answers)| answers.len() < 2).map(|(name, _)| name).collect();
        assert!(idle.is_empty(), "everybody has one answer to {idle:?}, which proves little");
    }
}

fn the_days_are_derived_alike(derived: &DerivedThresholds, stages: &Stages) {
    let days = &derived.thresholds;
    let theirs = [days.growth_days, days.maturity_days, days.dormant_days, days.churn_days, days.reactivated_days];
    let ours = [stages.growth, stages.maturity, stages.dormant, stages.churn, stages.reactivated];
    assert_eq!(theirs.map(i64::from), ours, "growth, maturity, dormancy, churn, reactivated");
    assert_eq!((derived.gap_count, derived.open_gap_count), (stages.gaps, stages.open_gaps), "gaps, and open ones");
}

/// A value as text; what is false is what the user does not have.
fn answer_of(value: Option<ValueRef<'_>>) -> Answer {
    value.filter(|value| *value != ValueRef::Bool(false)).map(|value| value.to_string())
}

/// Definitions that only one side has, and users to whom the sides say different things.
fn differences(told: &Answers, expected: &Answers) -> Vec<String> {
    let mut differences = Vec::new();
    for name in told.keys().filter(|name| !expected.contains_key(*name)) {
        differences.push(format!("{name} is not recounted"));
    }
    for (name, users) in expected {
        let Some(told) = told.get(name) else {
            differences.push(format!("{name} is not in the playbook"));
            continue;
        };
        assert!(told.keys().eq(users.keys()), "{name} is of other users");
        for (user, expected) in users.iter().filter(|(user, expected)| told[*user] != **expected) {
            differences.push(format!("user {user}, {name}: told {:?}, recounted {expected:?}", told[user]));
        }
    }
    differences
}

#[test]
fn the_shop_is_recounted() {
    cdnow::case().judge();
}

#[test]
fn the_community_is_recounted() {
    community::case().judge();
}

#[test]
fn the_content_app_is_recounted() {
    content_app::case().judge();
}

/// The recount is of no use if it does not see what has changed.
#[test]
fn a_change_of_a_playbook_is_seen() {
    let mut case = community::case();
    let as_of = case.instants[0].parse().unwrap();
    let (expected, _) = case.recount(as_of);

    let everybody = userops::rule::Rule::parse("true").unwrap();
    case.playbook.segments.push(SegmentDefinition::new("one_more", everybody));
    assert_eq!(differences(&case.evaluate(as_of).0, &expected), ["segment one_more is not recounted"]);
    case.playbook.segments.pop();

    let removed = case.playbook.milestones.pop().unwrap();
    let missing = format!("milestone {} is not in the playbook", removed.name);
    assert_eq!(differences(&case.evaluate(as_of).0, &expected), [missing]);
    case.playbook.milestones.push(removed);

    let text = case.playbook.to_toml().unwrap();
    let changed = text.replace("days_since_first(\"post_answer\") <= 60", "days_since_first(\"post_answer\") <= 10");
    assert_ne!(changed, text);
    case.playbook = Playbook::from_toml(&changed).unwrap();
    let found = differences(&case.evaluate(as_of).0, &expected);
    assert!(!found.is_empty() && found.iter().all(|line| line.contains("segment rising_creators")), "{found:?}");
}

/// An event of a plain list, and the id of its user as text.
fn plain(event: Event) -> (String, Event) {
    (event.user.to_string(), event)
}
