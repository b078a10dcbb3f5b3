//! Stages at an instant, and histories, against a look at every instant.

use std::collections::BTreeSet;

use proptest::prelude::*;
use userops::column::{Column, TextColumn};
use userops::id::UserIx;
use userops::lifecycle::{
    LifecycleDefinition, NEXT_CHANGE_HORIZON, Presence, StageCause, StageDefinition, StageSpan, assign_stages,
    dwell_times, explain_stage, furthest_stage, mix_over_time, stage_columns, stage_histories, stage_history, stage_of,
    transition_matrix,
};
use userops::log::EventLog;
use userops::rule::{Context, Measure, Plan, Rule, Subject, judge, measure_users};
use userops::time::{MICROS_PER_DAY, Span, Timestamp};
use userops::value::Value;

use super::sample::{HOURS, definitions, events, grid, hour, local_day, log_of, signups, thresholds, zones};

/// The first stage whose rule is true, by asking each.
fn naive_target(log: &EventLog, definition: &LifecycleDefinition, user: UserIx, at: Timestamp) -> Option<usize> {
    let (calendar, context) = (log.calendar(hour(HOURS)), Context::default());
    let subject = Subject::new(log, user, at, &calendar, &context);
    definition.rules().position(|rule| judge(rule, &subject).unwrap().is_true())
}

/// From when on there is a history, and whether the user was there before.
fn naive_arrival(log: &EventLog, presence: &Presence, user: UserIx) -> (Option<Timestamp>, bool) {
    let first = log.events_of(user).time(0);
    let signup = match log.attributes().get(user, "signup") {
        Some(userops::value::ValueRef::Time(at)) => Some(at),
        _ => None,
    };
    match presence {
        Presence::Known => (first, signup.is_some()),
        Presence::FirstEvent => (first, false),
        Presence::Always => (first, true),
        Presence::Attribute(_) => (first.into_iter().chain(signup).min(), false),
    }
}

/// The stage at each instant of the grid, by a state that looks at every one of them.
fn naive_stages(
    log: &EventLog,
    definition: &LifecycleDefinition,
    user: UserIx,
    until: i64,
) -> Vec<(Timestamp, Option<usize>)> {
    let (first, before) = naive_arrival(log, &definition.presence, user);
    let mut state: Option<usize> = None;
    let mut since: Option<Timestamp> = None;
    let mut stages = Vec::new();
    for at in grid(until) {
        let target = naive_target(log, definition, user, at);
        if first.is_none_or(|first| at < first) {
            stages.push((at, target.filter(|_| before)));
            (state, since) = (target.filter(|_| before), None);
            continue;
        }
        let free = state.is_none_or(|stage| {
            let stage = &definition.stages[stage];
            let held = stage.dwell_min.zip(since).is_some_and(|(dwell_min, since)| at < since.plus(dwell_min));
            let name = target.map(|target| &definition.stages[target].name);
            let allowed = stage.moves.as_ref().zip(name).is_none_or(|(moves, name)| moves.contains(name));
            !held && allowed
        });
        if free && target != state {
            (state, since) = (target, Some(at));
        }
        stages.push((at, state));
    }
    stages
}

fn stage_at(history: &[StageSpan], at: Timestamp) -> Option<&str> {
    let span = history.iter().rfind(|span| span.from.is_none_or(|from| from <= at))?;
    span.until.is_none_or(|until| at < until).then_some(span.stage.as_str())
}

fn column_at(log: &EventLog, definition: &LifecycleDefinition, as_of: Timestamp) -> TextColumn {
    let plan = Plan::new(log, definition.rules(), []).unwrap();
    assign_stages(&measure_users(log, &plan, as_of).unwrap(), definition, &Context::default()).unwrap()
}

/// The scalar stage, its explanation, and the change by time alone, which a history without later events shows.
fn check_explanation(
    log: &EventLog,
    definition: &LifecycleDefinition,
    user: UserIx,
    as_of: Timestamp,
    stage: Option<&str>,
) {
    let (calendar, context) = (log.calendar(hour(HOURS)), Context::default());
    let subject = Subject::new(log, user, as_of, &calendar, &context);
    assert_eq!(stage_of(definition, &subject).unwrap(), stage);
    let explanation = explain_stage(definition, &subject).unwrap();
    assert_eq!(explanation.value, stage.map(Value::from));
    let (first, _) = naive_arrival(log, &definition.presence, user);
    if log.events_of(user).until(as_of).len() == log.events_of(user).len() && first.is_some_and(|first| first <= as_of)
    {
        let history = stage_history(log, definition, user, as_of.plus(NEXT_CHANGE_HORIZON)).unwrap();
        let changes = history.iter().flat_map(|span| [span.from, span.until]).flatten();
        let next = changes.filter(|change| *change > as_of).min();
        assert_eq!(explanation.find("next_change").and_then(|part| part.value.clone()), next.map(Value::Time));
        let now = history.iter().rfind(|span| span.from.is_none_or(|from| from <= as_of));
        let since = now.filter(|span| span.until.is_none_or(|until| as_of < until)).and_then(|span| span.from);
        assert_eq!(explanation.find("since").and_then(|part| part.value.clone()), since.map(Value::Time));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_history_equals_a_look_at_every_instant(
        events in events(), signups in signups(), zone in zones(), definition in definitions(),
    ) {
        let log = log_of(zone, &events, &signups);
        for user in (0..log.user_count()).map(|user| UserIx(user as u32)) {
            let history = stage_history(&log, &definition, user, hour(HOURS)).unwrap();
            let (first, _) = naive_arrival(&log, &definition.presence, user);
            // Before anything is known to have happened, the history says what held just before it.
            for (at, stage) in naive_stages(&log, &definition, user, HOURS) {
                if first.is_some_and(|first| first <= at) {
                    let expected = stage.map(|stage| definition.stages[stage].name.as_str());
                    prop_assert_eq!(stage_at(&history, at), expected, "user {:?} at {}: {:?}", user, at, history);
                }
            }
            for pair in history.windows(2) {
                prop_assert!(pair[0].until.unwrap() <= pair[1].from.unwrap());
                prop_assert!(pair[0].until < pair[1].from || pair[0].stage != pair[1].stage);
            }
            let ladder = furthest_stage(&definition, &history);
            let names: Vec<&str> = definition.names().collect();
            let furthest = history.iter().filter_map(|span| names.iter().position(|name| *name == span.stage)).max();
            prop_assert_eq!(ladder, furthest.map(|furthest| names[furthest]));
        }
    }

    #[test]
    fn columns_equal_the_look_at_every_instant_and_see_no_future(
        events in events(), signups in signups(), zone in zones(), definition in definitions(),
        instants in prop::collection::vec(-2..HOURS, 1..4),
    ) {
        let log = log_of(zone, &events, &signups);
        let at: Vec<Timestamp> = instants.iter().copied().map(hour).collect();
        let columns = stage_columns(&log, &definition, &at).unwrap();
        for (as_of, column) in at.iter().zip(&columns) {
            prop_assert_eq!(&column_at(&log, &definition, *as_of), column);
            for user in 0..log.user_count() {
                let ix = UserIx(user as u32);
                let naive = naive_stages(&log, &definition, ix, HOURS);
                let expected = naive.iter().rfind(|(at, _)| at <= as_of).unwrap().1;
                prop_assert_eq!(column.get(user), expected.map(|stage| definition.stages[stage].name.as_str()));
                let history = stage_history(&log, &definition, ix, *as_of).unwrap();
                prop_assert_eq!(stage_at(&history, *as_of), column.get(user), "a history ends in the stage");
                check_explanation(&log, &definition, ix, *as_of, column.get(user));
            }
        }
        // A law of conservation: everybody is somewhere before and after.
        let matrix = transition_matrix(&columns[0], columns.last().unwrap()).unwrap();
        prop_assert_eq!(matrix.user_count(), log.user_count() as u64);
        let mix = mix_over_time(&definition, &at, &columns).unwrap();
        for (position, stage) in definition.names().enumerate() {
            prop_assert_eq!(matrix.count_before(Some(stage)).unwrap(), mix.mixes[0].user_counts[position]);
            prop_assert_eq!(matrix.count_after(Some(stage)).unwrap(), mix.mixes.last().unwrap().user_counts[position]);
        }
        prop_assert_eq!(matrix.count_before(None).unwrap(), mix.mixes[0].none_count);
        for mix in &mix.mixes {
            prop_assert_eq!(mix.staged_count() + mix.none_count, log.user_count() as u64);
        }
    }

    #[test]
    fn histories_of_all_users_are_those_of_each(
        events in events(), signups in signups(), definition in definitions(), until in 0..HOURS,
    ) {
        let log = log_of("America/New_York", &events, &signups);
        let histories = stage_histories(&log, &definition, hour(until)).unwrap();
        let mut spans = Vec::new();
        let furthest = histories.furthest();
        for user in 0..log.user_count() {
            let history = stage_history(&log, &definition, UserIx(user as u32), hour(until)).unwrap();
            prop_assert_eq!(&histories.spans(&log, UserIx(user as u32)), &history);
            prop_assert_eq!(furthest.get(user), furthest_stage(&definition, &history));
            spans.extend(history);
        }
        prop_assert_eq!(histories.to_table(&log).unwrap().row_count(), spans.len());
        for dwell in dwell_times(&histories) {
            let mine = || spans.iter().filter(|span| span.stage == dwell.stage);
            let mut closed: Vec<f64> = mine()
                .filter_map(|span| Some(span.until?.since(span.from?).as_days()))
                .collect();
            closed.sort_by(f64::total_cmp);
            prop_assert_eq!(dwell.closed_count, closed.len() as u64);
            let open = mine().filter(|span| span.from.is_some() && span.until.is_none()).count();
            prop_assert_eq!(dwell.open_count, open as u64);
            prop_assert_eq!(dwell.unbounded_count, mine().filter(|span| span.from.is_none()).count() as u64);
            let middle = (!closed.is_empty()).then(|| (closed[(closed.len() - 1) / 2] + closed[closed.len() / 2]) / 2.0);
            prop_assert_eq!(dwell.closed_median_days.is_some(), middle.is_some());
            if let (Some(found), Some(middle)) = (dwell.closed_median_days, middle) {
                prop_assert!((found - middle).abs() < 1e-9);
                prop_assert!(dwell.median_days.is_none_or(|median| median >= found - 0.5 * closed.last().unwrap()));
            }
        }
    }

    #[test]
    fn the_standard_stage_is_what_a_person_would_say(events in events(), zone in zones(), until in 0..HOURS) {
        let log = log_of(zone, &events, &[]);
        let definition = LifecycleDefinition::standard(&thresholds()).unwrap();
        let as_of = hour(until);
        let column = column_at(&log, &definition, as_of);
        let today = local_day(&log, as_of);
        for user in 0..log.user_count() {
            let visible = log.events_of(UserIx(user as u32)).until(as_of);
            let orders = || visible.iter().filter(|event| event.name == "order");
            let in_order: Vec<i64> = orders().map(|event| local_day(&log, event.time)).collect();
            let days: BTreeSet<i64> = in_order.iter().copied().collect();
            // The last return, by consecutive orders: where a date shows twice, order of time decides.
            let returned = in_order.windows(2).rfind(|pair| pair[1] - pair[0] > 3).map(|pair| today - pair[1]);
            let expected = match in_order.last().map(|last| today - last) {
                _ if visible.is_empty() => None,
                None => Some("prospect"),
                Some(4..) => Some("churn"),
                Some(2..) => Some("dormancy"),
                Some(_) if returned.is_some_and(|days| days < 2) => Some("reactivated"),
                Some(_) if days.len() >= 4 => Some("maturity"),
                Some(_) if days.len() >= 2 => Some("growth"),
                Some(_) => Some("introduction"),
            };
            prop_assert_eq!(column.get(user), expected, "user {}", user);
        }
    }
}

#[test]
fn a_history_names_what_moved_the_user() {
    let log = log_of("UTC", &[(0, 5, "view"), (0, 30, "order"), (0, 30, "view"), (0, 200, "order")], &[]);
    let definition = LifecycleDefinition::standard(&thresholds()).unwrap();
    let history = stage_history(&log, &definition, UserIx(0), hour(210)).unwrap();
    let brief: Vec<(&str, &str)> = history.iter().map(|span| (span.stage.as_str(), span.cause.name())).collect();
    let expected = [
        ("prospect", "event"),
        ("introduction", "event"),
        ("dormancy", "time"),
        ("churn", "time"),
        ("reactivated", "event"),
    ];
    assert_eq!(brief, expected);
    assert_eq!(history[1].cause, StageCause::Event { name: "view".into(), row: 2 }, "the last of the instant");
    assert_eq!(history[2].from, Some(hour(72)), "the order of 2 November is two days old on the 4th");
    assert_eq!(furthest_stage(&definition, &history), Some("introduction"));
    let json = serde_json::to_string(&history).unwrap();
    assert_eq!(serde_json::from_str::<Vec<StageSpan>>(&json).unwrap(), history);
}

#[test]
fn a_guard_holds_to_the_microsecond() {
    let log = log_of("UTC", &[(0, 0, "view"), (0, 1, "order")], &[]);
    let bought = Measure::count("order").at_least(1i64);
    let stages = vec![
        StageDefinition::new("buyer", bought),
        StageDefinition::new("visitor", Measure::count("view").at_least(1i64)).dwell_min(Span::from_days(1)),
    ];
    let definition = LifecycleDefinition::new(stages);
    let end = Timestamp::from_micros(hour(0).as_micros() + MICROS_PER_DAY);
    let just_before = Timestamp::from_micros(end.as_micros() - 1);
    assert_eq!(column_at(&log, &definition, just_before).get(0), Some("visitor"));
    assert_eq!(column_at(&log, &definition, end).get(0), Some("buyer"));
    let history = stage_history(&log, &definition, UserIx(0), end).unwrap();
    assert_eq!(history[1].cause, StageCause::Time, "the guard ran out");
    assert!(stage_history(&log, &definition, UserIx(1), end).is_err(), "there is one user");
}

#[test]
fn an_explanation_tells_what_holds_a_user_back_and_what_comes_next() {
    let log = log_of("UTC", &[(0, 0, "view"), (0, 1, "order")], &[]);
    let stages = vec![
        StageDefinition::new("buyer", Measure::count("order").at_least(1i64)),
        StageDefinition::new("visitor", Measure::count("view").at_least(1i64)).dwell_min(Span::from_days(1)),
    ];
    let definition = LifecycleDefinition::new(stages).ladder(["visitor", "buyer"]);
    let (calendar, context) = (log.calendar(hour(9)), Context::default());
    let explain =
        |at| explain_stage(&definition, &Subject::new(&log, UserIx(0), hour(at), &calendar, &context)).unwrap();
    let held = explain(2);
    assert_eq!(held.value, Some("visitor".into()));
    let back = held.find("held_back").unwrap();
    assert_eq!(back.value, Some("buyer".into()));
    let why = "whoever enters visitor stays until 2010-11-02T00:00:00Z at least";
    assert_eq!(back.text.as_deref(), Some(why));
    let next = held.find("next_change").unwrap();
    assert_eq!(next.value, Some(hour(24).into()));
    assert_eq!(next.text.as_deref(), Some("to buyer by time alone, unless something happens before"));
    assert_eq!(held.find("furthest").unwrap().value, Some("visitor".into()));
    assert_eq!(held.find("since").unwrap().value, Some(hour(0).into()));
    let free = explain(24);
    assert_eq!(free.value, Some("buyer".into()));
    assert!(free.find("held_back").is_none() && free.find("next_change").is_none());
    let early = explain(-1);
    assert!(early.value.is_none() && early.text.unwrap().starts_with("not there yet"));
    let log = log_of("UTC", &[(0, 0, "view")], &[]);
    let visitor = explain_stage(&definition, &Subject::new(&log, UserIx(0), hour(1), &calendar, &context)).unwrap();
    assert!(visitor.find("not").unwrap().find("buyer").is_some(), "{visitor}");
}

#[test]
fn stages_may_read_tags_as_long_as_no_guard_needs_their_past() {
    let log = log_of("UTC", &[(0, 0, "view"), (1, 0, "view")], &[]);
    let stages = vec![StageDefinition::new("vip", Rule::tag("vip")), StageDefinition::new("rest", Rule::All(vec![]))];
    let definition = LifecycleDefinition::new(stages);
    let mut context = Context::default();
    context.tags.insert("vip".into(), Column::from(vec![false, true]));
    let plan = Plan::new(&log, definition.rules(), []).unwrap();
    let measures = measure_users(&log, &plan, hour(1)).unwrap();
    let column = assign_stages(&measures, &definition, &context).unwrap();
    assert_eq!([column.get(0), column.get(1)], [Some("rest"), Some("vip")]);
    let calendar = log.calendar(hour(1));
    let subject = Subject::new(&log, UserIx(1), hour(1), &calendar, &context);
    let explanation = explain_stage(&definition, &subject).unwrap();
    assert_eq!(explanation.value, Some("vip".into()));
    assert!(explanation.find("since").is_none(), "the past of a tag is not kept");
    let mut guarded = definition;
    guarded.stages[0].dwell_min = Some(Span::from_days(1));
    assert!(assign_stages(&measures, &guarded, &context).unwrap_err().to_string().contains("the tag \"vip\""));
}
