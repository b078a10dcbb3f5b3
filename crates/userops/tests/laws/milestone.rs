//! Milestones against asking at every instant, and their summary against counting by hand.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::id::UserIx;
use userops::milestone::{
    AarrrEvents, Milestone, MilestoneTable, aarrr_milestones, explain_milestones, reach_milestones,
    summarize_milestones, summary_table,
};
use userops::rule::{Context, EventQuery, Measure, Rule, Sequence, Step, Subject, judge};
use userops::time::{MICROS_PER_DAY, Span, Timestamp, Window};

use super::lifecycle::sample::{HOURS, events, grid, hour, log_of, zones};

/// Rules that last, rules that time alone makes true, and rules that hold for a while.
fn rules() -> impl Strategy<Value = Rule> {
    let over =
        prop_oneof![Just(EventQuery::new(["order"])), Just(EventQuery::new(["view"])), Just(EventQuery::default())];
    let lasting = (over, 1i64..4, 0u8..5).prop_map(|(over, least, kind)| match kind {
        0 => Measure::Count(over).at_least(least),
        1 => Measure::Count(over).above(least - 1),
        2 => Measure::ActiveDays(over).at_least(least),
        3 => Measure::Count(over).eq(least),
        _ => Measure::DaysSinceFirst(over).at_least(least),
    });
    let rolling = Window::Rolling { span: Span::from_hours(50) };
    let other = prop_oneof![
        Just(Rule::Sequence(Sequence::new(vec![Step::new(["view"]), Step::new(["order"]).within(Span::from_days(2))]))),
        Just(Measure::Count(EventQuery::new(["order"]).window(rolling)).at_most(0i64)),
        Just(Measure::DaysSinceLast(EventQuery::new(["order"])).at_least(2i64)),
        Just(Rule::All(Vec::new())),
        Just(Rule::Any(Vec::new())),
    ];
    let leaf = prop_oneof![4 => lasting, 1 => other];
    leaf.prop_recursive(2, 6, 3, |rule| {
        let rules = prop::collection::vec(rule, 1..4);
        (rules, 0u8..4).prop_map(|(rules, kind)| match kind {
            0 => Rule::All(rules),
            1 => Rule::Any(rules),
            2 => Rule::AtLeast { count: 1 + rules.len() as u32 / 2, of: rules },
            _ => !rules[0].clone(),
        })
    })
}

fn milestones(rules: Vec<Rule>) -> Vec<Milestone> {
    rules.into_iter().enumerate().map(|(number, rule)| Milestone::new(format!("m{number}"), rule)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_milestone_is_reached_at_the_first_instant_of_its_rule(
        events in events(), zone in zones(), rules in prop::collection::vec(rules(), 1..4), until in 0..HOURS,
    ) {
        let log = log_of(zone, &events, &[]);
        let milestones = milestones(rules);
        let table = reach_milestones(&log, &milestones, hour(until)).unwrap();
        let (calendar, context) = (log.calendar(hour(HOURS)), Context::default());
        for user in (0..log.user_count()).map(|user| UserIx(user as u32)) {
            let first = log.events_of(user).time(0).unwrap();
            for milestone in &milestones {
                let holds = |at: &Timestamp| {
                    judge(&milestone.when, &Subject::new(&log, user, *at, &calendar, &context)).unwrap().is_true()
                };
                let expected = grid(until).filter(|at| first <= *at && *at <= hour(until)).find(holds);
                let found = table.instant(user, &milestone.name).unwrap();
                prop_assert_eq!(found, expected, "user {:?}, {:?}", user, milestone);
            }
        }
        let wide = table.to_table(&log).unwrap();
        prop_assert_eq!((wide.row_count(), wide.columns().len()), (log.user_count(), milestones.len() + 1));
    }

    #[test]
    fn the_summary_equals_counting_by_hand(events in events(), zone in zones(), until in 0..HOURS) {
        let log = log_of(zone, &events, &[]);
        let table = reach_milestones(&log, &aarrr(), hour(until)).unwrap();
        let rows: Vec<Vec<Option<i64>>> = (0..log.user_count())
            .map(|user| table.columns().map(|(_, instants)| instants.get(user)).collect())
            .collect();
        let summaries = summarize_milestones(&table);
        for (index, summary) in summaries.iter().enumerate() {
            check_summary(&rows, index, summary);
        }
        prop_assert_eq!(summary_table(&summaries).unwrap().row_count(), summaries.len());
    }
}

fn check_summary(rows: &[Vec<Option<i64>>], index: usize, summary: &userops::milestone::MilestoneSummary) {
    let count = |holds: &dyn Fn(&Vec<Option<i64>>) -> bool| rows.iter().filter(|row| holds(row)).count() as u64;
    let ordered = |row: &Vec<Option<i64>>, to: usize| {
        row[..=to].iter().all(Option::is_some) && row[..=to].windows(2).all(|pair| pair[0] <= pair[1])
    };
    assert_eq!(summary.reached_count, count(&|row| row[index].is_some()));
    assert_eq!(summary.in_order.reached_count, count(&|row| ordered(row, index)));
    assert_eq!(summary.from_first.count, count(&|row| row[index].is_some() && row[0].is_some()));
    assert_eq!(summary.from_first.of_count, count(&|row| row[0].is_some()));
    assert_eq!(summary.from_previous.is_some(), index > 0);
    let Some(previous) = index.checked_sub(1) else { return };
    let (all, in_order) = (summary.from_previous.unwrap(), summary.in_order.from_previous.unwrap());
    assert_eq!(all.count, count(&|row| row[index].is_some() && row[previous].is_some()));
    assert_eq!(all.of_count, count(&|row| row[previous].is_some()));
    assert_eq!(
        (in_order.count, in_order.of_count),
        (summary.in_order.reached_count, count(&|row| ordered(row, previous)))
    );
    let gap = |row: &Vec<Option<i64>>| Some((row[index]? - row[previous]?) as f64 / MICROS_PER_DAY as f64);
    let mut gaps: Vec<f64> = rows.iter().filter_map(gap).collect();
    gaps.sort_by(f64::total_cmp);
    let Some(days) = summary.days else { return assert!(gaps.is_empty()) };
    let median = (gaps[(gaps.len() - 1) / 2] + gaps[gaps.len() / 2]) / 2.0;
    assert!((days.median_days - median).abs() < 1e-9 && days.user_count == gaps.len() as u64);
    assert!((days.mean_days - gaps.iter().sum::<f64>() / gaps.len() as f64).abs() < 1e-9);
}

fn aarrr() -> Vec<Milestone> {
    let events = AarrrEvents {
        activation: vec!["view".into()],
        retention: vec!["view".into()],
        revenue: vec!["order".into()],
        ..AarrrEvents::default()
    };
    aarrr_milestones(&events).unwrap()
}

#[test]
fn aarrr_reads_as_it_should() {
    let events = [(1, 0, "order"), (1, 5, "view"), (1, 30, "view"), (2, 3, "view")];
    let log = log_of("UTC", &events, &[]);
    let table = reach_milestones(&log, &aarrr(), hour(40)).unwrap();
    let of = |user: u32| -> BTreeMap<&str, Option<i64>> {
        table.columns().map(|(name, instants)| (name, instants.get(user as usize))).collect()
    };
    let at = |at: i64| Some(hour(at).as_micros());
    let expected = [("acquisition", at(0)), ("activation", at(5)), ("retention", at(30)), ("revenue", at(0))];
    assert_eq!(of(0), expected.into_iter().collect());
    let expected = [("acquisition", at(3)), ("activation", at(3)), ("retention", None), ("revenue", None)];
    assert_eq!(of(1), expected.into_iter().collect());
    let (calendar, context) = (log.calendar(hour(40)), Context::default());
    let subject = Subject::new(&log, UserIx(1), hour(40), &calendar, &context);
    let explanation = explain_milestones(&aarrr(), &subject).unwrap();
    assert_eq!(explanation.find("activation").unwrap().value, Some(hour(3).into()));
    let retention = explanation.find("retention").unwrap();
    assert_eq!((retention.value.clone(), retention.text.as_deref()), (None, Some("not reached")));
    let summary = summarize_milestones(&table);
    assert_eq!((summary[3].reached_count, summary[3].in_order.reached_count), (1, 0), "paid before coming back");
    assert_eq!(summary[3].days.unwrap().median_days, -30.0 / 24.0);
}

#[test]
fn what_cannot_be_told_is_refused() {
    let log = log_of("UTC", &[(1, 0, "order")], &[]);
    let reach = |milestones: Vec<Milestone>| -> userops::error::Result<MilestoneTable> {
        reach_milestones(&log, &milestones, hour(1))
    };
    let kind = |milestones| reach(milestones).unwrap_err().kind();
    assert_eq!(kind(vec![]), ErrorKind::InvalidDefinition);
    let paid = || Milestone::new("paid", Measure::count("order").at_least(1i64));
    assert_eq!(kind(vec![paid(), paid()]), ErrorKind::InvalidDefinition);
    let error = reach(vec![Milestone::new("vip", Rule::tag("vip"))]).unwrap_err();
    assert!(error.to_string().contains("the tag \"vip\""), "{error}");
    let error = reach(vec![paid()]).unwrap().instant(UserIx(0), "pay").unwrap_err();
    assert!(error.to_string().contains("did you mean \"paid\"?"), "{error}");
    assert!(aarrr_milestones(&AarrrEvents { retention_days: 1, ..AarrrEvents::default() }).is_err());
}
