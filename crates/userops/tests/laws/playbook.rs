//! Laws of playbooks: forms round-trip, faults are found where they stand, answers agree with their definitions.

use userops::column::Column;
use userops::event::{Event, EventSchema};
use userops::id::UserIx;
use userops::ingest::IngestReport;
use userops::log::EventLog;
use userops::money::Money;
use userops::playbook::{EvaluateOptions, Playbook, compare};
use userops::rule::{Context, Subject, judge};
use userops::sample;
use userops::tag::{ManualTags, build_tags};
use userops::time::Timestamp;

const CDNOW: &str = include_str!("../../../../examples/playbooks/cdnow.toml");
const COMMUNITY: &str = include_str!("../../../../examples/playbooks/community.toml");
const CONTENT_APP: &str = include_str!("../../../../examples/playbooks/content_app.toml");

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn shop_log() -> EventLog {
    let purchase = |user: i64, time: &str, minor: i64| {
        Event::new(user, instant(time), "purchase").with_amount(Money::from_minor(minor))
    };
    let mut events = vec![
        purchase(1, "2026-01-01T10:00:00Z", 2_000),
        purchase(1, "2026-05-01T10:00:00Z", 12_000),
        purchase(1, "2026-06-20T10:00:00Z", 500),
        purchase(2, "2026-06-01T10:00:00Z", 1_000),
        purchase(3, "2025-03-01T10:00:00Z", 30_000),
        purchase(4, "2026-06-30T23:59:59Z", 999),
    ];
    // Enough gaps to derive thresholds from.
    for user in 10..25 {
        for (day, month) in [(3, 2), (7, 3), (9, 4), (20, 5)] {
            events.push(purchase(user, &format!("2026-{month:02}-{:02}T08:00:00Z", day + user % 4), 100 * user));
        }
    }
    let (log, report): (EventLog, IngestReport) = EventLog::from_events(EventSchema::default(), &events).unwrap();
    assert_eq!(report.rejected, 0);
    log
}

#[test]
fn every_form_of_a_playbook_is_the_same_playbook() {
    for text in [CDNOW, COMMUNITY, CONTENT_APP] {
        let playbook = Playbook::from_toml(text).unwrap();
        let from_toml = Playbook::from_toml(&playbook.to_toml().unwrap()).unwrap();
        let from_json = Playbook::from_json(&playbook.to_json().unwrap()).unwrap();
        assert_eq!(from_toml, playbook);
        assert_eq!(from_json, playbook);
        assert_eq!(from_json.fingerprint().unwrap(), playbook.fingerprint().unwrap());
        assert_eq!(playbook.fingerprint().unwrap().len(), 64);
    }
}

#[test]
fn a_fingerprint_covers_every_field() {
    let playbook = Playbook::from_toml(COMMUNITY).unwrap();
    let mut seen = std::collections::BTreeSet::from([playbook.fingerprint().unwrap()]);
    let mut changed = |change: &dyn Fn(&mut Playbook)| {
        let mut other = playbook.clone();
        change(&mut other);
        assert!(seen.insert(other.fingerprint().unwrap()), "a change that the fingerprint does not see");
    };
    changed(&|playbook| playbook.name.push('!'));
    changed(&|playbook| playbook.description.push('!'));
    changed(&|playbook| playbook.schema.events.push("more".to_owned()));
    changed(&|playbook| playbook.profile.windows_days.push(365));
    changed(&|playbook| playbook.scores[0].name.push('!'));
    changed(&|playbook| playbook.tags[0].description.push('!'));
    changed(&|playbook| playbook.tags.swap(0, 1));
    changed(&|playbook| playbook.segments[0].exclude.push("someone".into()));
    changed(&|playbook| playbook.milestones.truncate(3));
    changed(&|playbook| playbook.lifecycle = None);
}

#[test]
fn the_schema_of_playbooks_names_every_key() {
    let schema = Playbook::json_schema().to_string();
    for key in ["version", "schema", "scores", "tags", "lifecycle", "segments", "milestones", "when", "half_life"] {
        assert!(schema.contains(&format!("\"{key}\"")), "{key}");
    }
}

/// Each of these is refused, at this place, by a message with these words.
#[test]
fn faults_are_named_where_they_stand() {
    let cases: [(&str, &str, &[&str]); 9] = [
        ("version = 2\nname = 'x'", "line 1, column 11", &["version 2", "version 1"]),
        ("version = 1\nname = 'x'\ntgas = []", "line 3, column 1", &["tgas"]),
        (
            "version = 1\nname = 'x'\n[schema]\nevents = ['order', 'visit']\n[[segments]]\nname = 's'\nwhen = 'count(\"ordre\") > 1'",
            "line 7, column 8",
            &["segments[0].when", "ordre", "order"],
        ),
        (
            "version = 1\nname = 'x'\n[[segments]]\nname = 's'\nwhen = 'count(\"order\") > '",
            "line 5, column 8",
            &["line 1, column"],
        ),
        (
            "version = 1\nname = 'x'\n[[segments]]\nname = 's'\nwhen = 'count(\"order\") < 0'",
            "line 5, column 8",
            &["count"],
        ),
        (
            "version = 1\nname = 'x'\n[[tags]]\nname = 'vip'\nkind = { rule = 'in_segment(\"s\")' }\n[[segments]]\nname = 's'\nwhen = 'has_tag(\"vip\")'",
            "line ",
            &["circle", "tag \"vip\" → segment \"s\" → tag \"vip\""],
        ),
        (
            "version = 1\nname = 'x'\n[[tags]]\nname = 'vip'\nkind = { rule = 'count(\"a\") > 1' }\n[[segments]]\nname = 's'\nwhen = 'has_tag(\"vpi\")'",
            "line 8, column 8",
            &["vpi", "vip"],
        ),
        (
            "version = 1\nname = 'x'\n[[tags]]\nname = 'a'\nkind = { rule = 'count(\"a\") > 1' }\n[[tags]]\nname = 'a'\nkind = { rule = 'count(\"a\") > 2' }",
            "line 3",
            &["\"a\" is named twice"],
        ),
        (
            "version = 1\nname = 'x'\n[schema]\nattributes = [{ name = 'age', type = 'integer' }]\n[[segments]]\nname = 's'\nwhen = 'user.age == \"old\"'",
            "line 7, column 8",
            &["age", "integer", "old"],
        ),
    ];
    for (text, place, words) in cases {
        let message = Playbook::from_toml(text).unwrap_err().to_string();
        assert!(message.contains(place), "{text}\n{message}");
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message:?} of\n{text}");
        }
    }
    let json = "{\"version\": 1, \"name\": \"x\",\n \"segments\": [{\"name\": \"s\", \"when\": \"in_segment('t')\"}]}";
    let message = Playbook::from_json(json).unwrap_err().to_string();
    assert!(message.contains("line 2, column 37") && message.contains("\"t\""), "{message}");
}

/// Each answer of an outcome is that of its definition, asked for one user.
#[test]
fn an_outcome_agrees_with_its_definitions_user_by_user() {
    let playbook = Playbook::from_toml(CDNOW).unwrap();
    let log = shop_log();
    let options = EvaluateOptions::new();
    for as_of in ["2025-01-01T00:00:00Z", "2026-06-01T10:00:00Z", "2026-07-01T00:00:00Z"].map(instant) {
        if as_of < instant("2026-01-01T00:00:00Z") {
            assert!(playbook.evaluate(&log, as_of, &options).is_err(), "no gaps to derive thresholds from");
            continue;
        }
        let outcome = playbook.evaluate(&log, as_of, &options).unwrap();
        let calendar = log.calendar(as_of);
        for user in (0..log.user_count()).map(|user| UserIx(user as u32)) {
            let subject = Subject::new(&log, user, as_of, &calendar, &outcome.context);
            for definition in &playbook.segments {
                let member = outcome.segment(&definition.name).unwrap().contains(user);
                assert_eq!(member, judge(&definition.when, &subject).unwrap().is_true(), "{}", definition.name);
            }
            let stages = &outcome.stages.as_ref().unwrap().definition;
            let target = stages.stages.iter().find(|stage| judge(&stage.when, &subject).unwrap().is_true());
            // Who has done nothing yet is not there to be in a stage.
            let target = target.filter(|_| !subject.events().is_empty());
            assert_eq!(outcome.stage(user), target.map(|stage| stage.name.as_str()));
            let explanation = playbook.explain(&log, &outcome, user, &options).unwrap();
            let segments = explanation.find("segments").unwrap();
            assert_eq!(segments.parts.len(), playbook.segments.len());
        }
        let counts: usize = outcome.stage_counts().iter().map(|(_, count)| count).sum();
        let there = (0..log.user_count()).filter(|user| !log.events_of(UserIx(*user as u32)).until(as_of).is_empty());
        assert_eq!(counts, there.count(), "every user who is there is in one stage");
        let table = outcome.to_table(log.users()).unwrap();
        assert_eq!(table.row_count(), log.user_count());
        assert!(matches!(table.column("tag.spend_band").unwrap(), Column::Text(_)));
        assert!(outcome.summary().unwrap().row_count() > 10);
    }
}

#[test]
fn a_comparison_conserves_users_and_undoes_itself() {
    let playbook = Playbook::from_toml(CDNOW).unwrap();
    let log = shop_log();
    let options = EvaluateOptions::new();
    let before = playbook.evaluate(&log, instant("2026-06-01T00:00:00Z"), &options).unwrap();
    let after = playbook.evaluate(&log, instant("2026-08-01T00:00:00Z"), &options).unwrap();
    let forth = compare(&before, &after).unwrap();
    let back = compare(&after, &before).unwrap();
    assert!(compare(&before, &before).unwrap().to_table(log.users()).unwrap().row_count() == 0);
    assert!(!forth.stage_moves.is_empty());
    for ((name, there), (_, here)) in forth.segments.iter().zip(&back.segments) {
        assert_eq!((&there.entered, &there.left), (&here.left, &here.entered), "{name}");
        let (old, new) = (before.segment(name).unwrap(), after.segment(name).unwrap());
        assert_eq!(old.len() + there.entered.len(), new.len() + there.left.len(), "{name}");
    }
    for moved in &forth.stage_moves {
        assert_eq!(before.stage(moved.user), moved.before.as_deref());
        assert_eq!(after.stage(moved.user), moved.after.as_deref());
        let why = playbook.explain_move(&log, &before, (&playbook, &after), moved.user, &options).unwrap();
        assert!(why.find("before").is_some_and(|part| !part.parts.is_empty()), "{why}");
    }
}

#[test]
fn what_if_is_another_playbook_over_the_same_log() {
    let playbook = Playbook::from_toml(CDNOW).unwrap();
    let other = Playbook::from_toml(&CDNOW.replace("<= 90'", "<= 10'")).unwrap();
    assert_ne!(playbook.fingerprint().unwrap(), other.fingerprint().unwrap());
    let (log, as_of, options) = (shop_log(), instant("2026-07-01T00:00:00Z"), EvaluateOptions::new());
    let before = playbook.evaluate(&log, as_of, &options).unwrap();
    let after = other.evaluate(&log, as_of, &options).unwrap();
    let moved = compare(&before, &after).unwrap().to_table(log.users()).unwrap();
    let kinds: Vec<String> = (0..moved.row_count()).map(|row| moved.get(row, "name").unwrap().to_string()).collect();
    assert_eq!(kinds, ["second_order"], "customer 2 alone bought once, a month ago");
    assert!(playbook.explain(&log, &after, UserIx(0), &options).is_err(), "the outcome is of another playbook");
}

#[test]
fn the_worked_playbooks_run_on_sample_logs() {
    let options = EvaluateOptions::new();
    let community = sample::community(sample_options()).unwrap();
    let content_app = sample::content_app(sample_options()).unwrap();
    for (text, log) in [(COMMUNITY, community), (CONTENT_APP, content_app)] {
        let playbook = Playbook::from_toml(text).unwrap();
        let (_, last) = log.time_span().unwrap();
        let outcome = playbook.evaluate(&log, last, &options).unwrap();
        let stages: usize = outcome.stage_counts().iter().map(|(_, count)| count).sum();
        assert_eq!(stages, log.user_count());
        for tag in outcome.tags.tags() {
            let tagged = tag.values().known_count();
            assert!(tagged > 0, "nobody is judged by the tag {}", tag.name());
        }
        for (name, segment) in &outcome.segments {
            assert!(segment.len() < log.user_count(), "everybody is in {name}");
        }
        assert!(outcome.milestones.is_some());
        let explained = playbook.explain(&log, &outcome, UserIx(0), &options).unwrap();
        assert_eq!(explained.find("tags").unwrap().parts.len(), playbook.tags.len());
    }
}

fn sample_options() -> sample::SampleOptions {
    sample::SampleOptions::default().users(400).zone("Asia/Shanghai".parse().unwrap())
}

#[test]
fn definitions_alone_say_what_their_playbook_says() {
    for (kind, text) in [(sample::SampleKind::Community, COMMUNITY), (sample::SampleKind::ContentApp, CONTENT_APP)] {
        let playbook = Playbook::from_toml(text).unwrap();
        let options = sample::SampleOptions::default().users(200).days(200).zone(playbook.schema.zone);
        let log = sample::log(kind, options).unwrap();
        let as_of = instant("2025-07-01T00:00:00Z");
        let outcome = playbook.evaluate(&log, as_of, &EvaluateOptions::new()).unwrap();
        // What the definitions build on: everything but the tags themselves.
        let mut context = Context { tags: [].into(), ..outcome.context.clone() };
        let manual = ManualTags::new(&playbook.tags, log.users(), &[]).unwrap();
        let tags = build_tags(&log, &playbook.tags, as_of, &mut context, &manual).unwrap();
        assert_eq!(tags, outcome.tags);
        assert_eq!(context, outcome.context);
        for definition in &playbook.segments {
            let segment = definition.build(&log, as_of, &context).unwrap();
            assert_eq!(&segment, outcome.segment(&definition.name).unwrap(), "{}", definition.name);
            if !definition.when.references().is_empty() {
                definition.build(&log, as_of, &Context::default()).unwrap_err();
            }
        }
    }
}
