//! What a lifecycle may not say.

use userops::error::ErrorKind;
use userops::id::UserIx;
use userops::lifecycle::{
    LifecycleDefinition, LifecycleThresholds, Presence, STANDARD_STAGES, StageDefinition, stage_columns, stage_history,
};
use userops::rule::{Measure, Rule};
use userops::time::Span;

use super::sample::{hour, log_of};

fn stage(name: &str, least: i64) -> StageDefinition {
    StageDefinition::new(name, Measure::count("order").at_least(least))
}

#[test]
fn contradictions_are_refused_with_the_stage_and_the_way_out() {
    let catch_all = || StageDefinition::new("all", Rule::All(Vec::new()));
    let of = LifecycleDefinition::new;
    let cases = [
        (of(vec![]), ErrorKind::InvalidDefinition, "at least one stage"),
        (of(vec![stage("", 1)]), ErrorKind::InvalidDefinition, "empty name"),
        (of(vec![stage("a", 2), stage("a", 1)]), ErrorKind::InvalidDefinition, "named twice"),
        (of(vec![catch_all(), stage("a", 1)]), ErrorKind::InvalidDefinition, "\"all\" comes before it"),
        (of(vec![stage("a", 1), stage("b", 1)]), ErrorKind::InvalidDefinition, "\"b\" can never be entered"),
        (of(vec![StageDefinition::new("a", Rule::Any(vec![]))]), ErrorKind::InvalidDefinition, "never true"),
        (of(vec![StageDefinition::new("a", !catch_all().when)]), ErrorKind::InvalidDefinition, "never true"),
        (of(vec![StageDefinition::new("a", !Rule::stage("b"))]), ErrorKind::InvalidDefinition, "reads the stage"),
        (of(vec![stage("a", 1).dwell_min(Span::from_days(0))]), ErrorKind::InvalidDefinition, "dwell_min 0"),
        (of(vec![stage("a", 1).moves(["a"])]), ErrorKind::InvalidDefinition, "names itself"),
        (of(vec![stage("grown", 1).moves(["gown"])]), ErrorKind::UnknownName, "did you mean \"grown\"?"),
        (of(vec![stage("grown", 1)]).ladder(["growm"]), ErrorKind::UnknownName, "did you mean \"grown\"?"),
        (of(vec![stage("a", 1)]).ladder(["a", "a"]), ErrorKind::InvalidDefinition, "named twice"),
        (of((0..65).map(|n| stage(&n.to_string(), 100 - n)).collect()), ErrorKind::LimitExceeded, "65 stages"),
    ];
    for (definition, kind, text) in cases {
        let error = definition.check().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error} lacks {text:?}");
    }
}

#[test]
fn what_is_known_as_of_one_instant_only_has_no_history() {
    let log = log_of("UTC", &[(0, 0, "order")], &[]);
    for (rule, text) in [
        (Rule::tag("vip"), "the tag \"vip\""),
        (Rule::segment("best"), "the segment \"best\""),
        (Measure::Score("rfm.recency".into()).at_least(3i64), "the score \"rfm.recency\""),
    ] {
        let definition = LifecycleDefinition::new(vec![StageDefinition::new("a", rule)]);
        definition.check().unwrap();
        let error = stage_history(&log, &definition, UserIx(0), hour(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
        assert!(error.to_string().contains(text), "{error}");
    }
    let late = LifecycleDefinition::new(vec![stage("a", 1)]).presence(Presence::Attribute("signin".into()));
    let error = stage_columns(&log, &late, &[hour(1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
}

#[test]
fn definitions_come_back_from_json_and_toml() {
    let definition = LifecycleDefinition::standard(&LifecycleThresholds::new(["order"])).unwrap();
    assert_eq!(definition.names().collect::<Vec<_>>(), STANDARD_STAGES);
    let mut guarded = definition.clone().presence(Presence::Attribute("signup".into()));
    guarded.stages[1] = guarded.stages[1].clone().dwell_min(Span::from_days(7)).moves(["reactivated"]);
    for definition in [definition, guarded] {
        definition.check().unwrap();
        let json = serde_json::to_string(&definition).unwrap();
        assert_eq!(serde_json::from_str::<LifecycleDefinition>(&json).unwrap(), definition);
    }
    assert!(serde_json::from_str::<LifecycleDefinition>(r#"{"stages": [], "stage": []}"#).is_err());
}

#[test]
fn thresholds_that_leave_a_stage_empty_are_refused() {
    let good = LifecycleThresholds::default();
    for (thresholds, text) in [
        (LifecycleThresholds { growth_days: 1, ..good.clone() }, "growth_days is 1; it is at least 2"),
        (LifecycleThresholds { maturity_days: 2, ..good.clone() }, "maturity_days is 2; it is at least 3"),
        (LifecycleThresholds { dormant_days: 0, ..good.clone() }, "dormant_days is 0; it is at least 1"),
        (LifecycleThresholds { churn_days: 30, ..good.clone() }, "churn_days is 30; it is at least 31"),
        (LifecycleThresholds { reactivated_days: 0, ..good.clone() }, "reactivated_days is 0; it is at least 1"),
    ] {
        let error = LifecycleDefinition::standard(&thresholds).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
}
