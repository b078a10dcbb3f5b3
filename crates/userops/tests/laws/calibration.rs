//! Laws of calibrations: taken once, they give every user the answers that fitting there and then gives.
//!
//! That holds of whole populations, of parts of them, and of one user at a time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::{UserId, UserIx};
use userops::lifecycle::{DeriveOptions, LifecycleThresholds};
use userops::log::EventLog;
use userops::money::Money;
use userops::playbook::{Calibration, EvaluateOptions, Lifecycle, Outcome, Playbook};
use userops::rule::{Subject, judge, read_measure};
use userops::score::lead::score_lead;
use userops::score::rfm::{
    BinMethod, CellScheme, EightGroupOptions, EightGroupScheme, MeasureOptions, Measures, Nesting, RfmModel,
    RfmOptions, SegmentRule, ThresholdKind, UserMeasures,
};
use userops::score::{Comparison, Direction, RfmDefinition, ScoreDefinition, ScoreKind, ScoreModel};
use userops::tag::ManualTag;
use userops::time::Timestamp;
use userops::value::Value;

use super::world::{World, as_of_ticks, worlds};

/// A playbook in which everything that is fitted rests on something, and something rests on it.
const WHOLE: &str = r#"
version = 1
name = "whole"
[schema]
events = ["view", "order", "open", "never"]

[lifecycle.standard]

[[scores]]
name = "rfm"
[scores.kind.rfm]
recency = 'days_since_last()'
frequency = 'active_days()'
monetary = 'sum(event.amount)'

[[scores]]
name = "chosen"
[scores.kind.rfm]
recency = 'days_since_last("order")'
frequency = 'user.level'
monetary = 'mean(event.amount)'
population = 'has_tag("seen") || has_tag("vip") || in_stage("growth")'

[[scores]]
name = "mean"
[scores.kind.value]
measure = 'mean(event.amount, "order")'

[[scores]]
name = "lead"
[scores.kind.lead]
[[scores.kind.lead.fit.groups]]
name = "plan"
rules = [{ name = "paid", when = 'user.plan == "10"', points = 40 }]
[[scores.kind.lead.engagement.groups]]
name = "events"
events = [{ name = "order", events = ["order"], points = 9, half_life = "3d" }]

[[tags]]
name = "vip"
kind = { manual = {} }

[[tags]]
name = "seen"
kind = { rule = 'count("view") >= 1' }

[[tags]]
name = "grade"
[tags.kind.cases]
cases = [{ value = "top", when = 'score("rfm.monetary") >= 2' }, { value = "odd", when = 'score("chosen.recency") == 1' }]
otherwise = "rest"

[[segments]]
name = "known_top"
when = 'tag("grade") == "top" && !in_stage("churn")'

[[segments]]
name = "named"
when = 'score("rfm.segment") == "some" || score("mean.value") > 2'
"#;

static BASE: LazyLock<Playbook> = LazyLock::new(|| Playbook::from_toml(WHOLE).unwrap());

/// How one measure is cut.
fn methods() -> impl Strategy<Value = BinMethod> {
    prop_oneof![
        3 => Just(BinMethod::LowRank),
        2 => Just(BinMethod::Quantile),
        1 => Just(BinMethod::Thresholds([1.0, 5.5].into())),
    ]
}

fn options() -> impl Strategy<Value = RfmOptions> {
    let measure = || (3u8..=10, methods());
    (measure(), measure(), measure(), any::<bool>()).prop_map(|(recency, frequency, monetary, nested)| {
        let options = |name: &str, direction, (bins, method): (u8, BinMethod)| {
            MeasureOptions::new(name, direction).bins(bins).method(method)
        };
        RfmOptions::new()
            .recency(options("recency", Direction::LowerIsBetter, recency))
            .frequency(options("frequency", Direction::HigherIsBetter, frequency))
            .monetary(options("monetary", Direction::HigherIsBetter, monetary))
            .nesting(if nested { Nesting::Nested } else { Nesting::Independent })
    })
}

fn groups() -> impl Strategy<Value = Option<EightGroupOptions>> {
    let fixed = EightGroupOptions::new().fixed(&UserMeasures::new(4, 10, 2.5));
    prop_oneof![
        Just(None),
        Just(Some(EightGroupOptions::new())),
        Just(Some(EightGroupOptions::new().threshold(ThresholdKind::Median).comparison(Comparison::Above))),
        Just(Some(fixed)),
    ]
}

fn lifecycles() -> impl Strategy<Value = Option<Lifecycle>> {
    let derived = |dormant_quantile: f64| Lifecycle::Derived {
        given: LifecycleThresholds::default(),
        options: DeriveOptions { dormant_quantile, gaps_min: 1, ..DeriveOptions::default() },
    };
    let shorter = LifecycleThresholds { dormant_days: 3, churn_days: 8, ..LifecycleThresholds::default() };
    prop_oneof![
        4 => (0.1f64..0.9).prop_map(move |quantile| Some(derived(quantile))),
        1 => Just(Some(Lifecycle::Standard(shorter))),
    ]
}

/// What of [`WHOLE`] differs from case to case.
#[derive(Debug, Clone)]
struct Variant {
    options: [RfmOptions; 2],
    groups: [Option<EightGroupOptions>; 2],
    lifecycle: Option<Lifecycle>,
    vip: i64,
}

fn variants() -> impl Strategy<Value = Variant> {
    let each = (options(), groups());
    (each, (options(), groups()), lifecycles(), 0i64..6).prop_map(|(first, second, lifecycle, vip)| Variant {
        options: [first.0, second.0],
        groups: [first.1, second.1],
        lifecycle,
        vip,
    })
}

impl Variant {
    fn playbook(&self, log: &EventLog) -> Playbook {
        let mut playbook = BASE.clone();
        playbook.schema.zone = log.zone();
        playbook.lifecycle = self.lifecycle.clone();
        for (score, (options, groups)) in playbook.scores.iter_mut().zip(self.options.iter().zip(&self.groups)) {
            let ScoreKind::Rfm(rfm) = &mut score.kind else { continue };
            rfm.options = options.clone();
            rfm.groups = groups.clone();
            let some = SegmentRule::new("some").recency(1..=2);
            rfm.scheme = CellScheme::new([10; 3], [some], Some("rest".to_owned())).unwrap();
        }
        playbook
    }

    fn given(&self, world: &World, keep: impl Fn(i64) -> bool) -> EvaluateOptions {
        let known = world.events.iter().any(|event| event.user == self.vip) && keep(self.vip);
        let vip = ManualTag::add(self.vip, "vip", "ann", world.as_of(0));
        EvaluateOptions::new().manual_tags(known.then_some(vip))
    }
}

/// A user's row of the table, by the user's id.
fn rows(outcome: &Outcome, log: &EventLog) -> BTreeMap<UserId, Vec<Option<Value>>> {
    let table = outcome.to_table(log.users()).unwrap();
    let names: Vec<String> = table.columns().map(|(name, _)| name.to_owned()).collect();
    let cell = |user: usize, name: &String| table.get(user, name).map(|value| value.to_owned());
    let row = |user: usize| names.iter().skip(1).map(|name| cell(user, name)).collect::<Vec<_>>();
    let id = |user: usize| log.users().id(UserIx(user as u32)).unwrap().to_owned();
    (0..log.user_count()).map(|user| (id(user), row(user))).collect()
}

/// Each user's score columns, as the score of that user alone.
fn assert_scored_one_by_one(playbook: &Playbook, log: &EventLog, outcome: &Outcome) {
    let calendar = log.calendar(outcome.as_of);
    for user in (0..log.user_count()).map(|user| UserIx(user as u32)) {
        let subject = Subject::new(log, user, outcome.as_of, &calendar, &outcome.context);
        for (definition, (_, score)) in playbook.scores.iter().zip(&outcome.scores) {
            let row: Vec<Option<Value>> = score
                .columns
                .iter()
                .map(|(_, column)| column.get(user.index()).map(|value| value.to_owned()))
                .collect();
            let one = match &definition.kind {
                ScoreKind::Lead(lead) => score_lead(lead, &subject).unwrap().values().map(Some).to_vec(),
                _ => {
                    let (population, measures) = definition.needs();
                    let read = |measure| read_measure(measure, &subject).unwrap();
                    let measures: Vec<Option<Value>> = measures.into_iter().map(read).collect();
                    let within = population.iter().all(|rule| judge(rule, &subject).unwrap().is_true());
                    definition.score_one(&score.model, &measures, within).unwrap()
                }
            };
            assert_eq!(one, row, "{} of {user:?}", definition.name);
            assert_eq!(row.len(), definition.column_names().len());
        }
    }
}

/// A world and its logs: of everybody, of users with even ids and of those with odd ones.
struct Place {
    world: World,
    log: EventLog,
    parts: [EventLog; 2],
}

impl Place {
    fn new(world: World) -> Self {
        let parts = [0, 1].map(|part| world.log_of(|user| user % 2 == part));
        Self { log: world.log(), parts, world }
    }
}

/// A case: calibrates at one instant, and evaluates there, at another and over parts of the users.
fn judge_case(place: &Place, variant: &Variant, (at, other): (Timestamp, Timestamp)) {
    let Place { world, log, parts } = place;
    let playbook = variant.playbook(log);
    let options = variant.given(world, |_| true);
    let fitted = match playbook.evaluate(log, at, &options) {
        Ok(fitted) => fitted,
        // There is no gap between active days to derive thresholds from.
        Err(error) => {
            let same = playbook.calibrate(log, at, &options).unwrap_err();
            return assert_eq!((error.kind(), error.to_string()), (same.kind(), same.to_string()));
        }
    };
    let calibration = playbook.calibrate(log, at, &options).unwrap();
    assert_eq!(fitted.calibration(), calibration);
    assert_eq!(calibration.as_of, Some(at));
    playbook.check_calibration(&calibration).unwrap();
    let written = calibration.to_json().unwrap();
    let read = Calibration::from_json(&written).unwrap();
    assert_eq!(read, calibration);
    assert_eq!(read.to_json().unwrap(), written);

    let by_calibration = |log: &EventLog, as_of, keep: &dyn Fn(i64) -> bool| {
        playbook.evaluate(log, as_of, &variant.given(world, keep).calibration(read.clone())).unwrap()
    };
    assert_eq!(by_calibration(log, at, &|_| true), fitted);
    assert_scored_one_by_one(&playbook, log, &fitted);
    let later = by_calibration(log, other, &|_| true);
    assert_eq!(later.calibration(), calibration);
    assert_scored_one_by_one(&playbook, log, &later);

    let mut together = BTreeMap::new();
    for (log, part) in parts.iter().zip(0..) {
        together.extend(rows(&by_calibration(log, other, &|user| user % 2 == part), log));
    }
    assert_eq!(together, rows(&later, log));
}

/// Two months of three users, the last of whom is known by name alone when the first of June has come.
fn small_log() -> EventLog {
    let order = |user: i64, time: &str, minor: i64| {
        Event::new(user, time.parse().unwrap(), "order").with_amount(Money::from_minor(minor))
    };
    let events = [
        order(1, "2026-05-01T10:00:00Z", 2_000),
        order(1, "2026-05-09T10:00:00Z", 900),
        order(2, "2026-05-20T10:00:00Z", 500),
        order(2, "2026-05-23T10:00:00Z", 500),
        order(3, "2026-06-10T10:00:00Z", 9_900),
    ];
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_playbook_that_takes_nothing_has_a_calibration_of_its_own() {
    let mut playbook = BASE.clone();
    let error = playbook.own_calibration().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    assert!(error.to_string().contains("score \"rfm\", score \"chosen\":"), "{error}");
    playbook.lifecycle =
        Some(Lifecycle::Derived { given: LifecycleThresholds::default(), options: DeriveOptions::default() });
    let error = playbook.own_calibration().unwrap_err().to_string();
    assert!(error.contains("score \"rfm\", score \"chosen\", the lifecycle:"), "{error}");

    let text = r#"
        version = 1
        name = "own"
        lifecycle = { standard = {} }
        [[scores]]
        name = "spent"
        kind = { value = { measure = "sum(event.amount)" } }
        [[scores]]
        name = "lead"
        kind = { lead = {} }
        [[segments]]
        name = "rich"
        when = 'score("spent.value") >= 10 && !in_stage("churn")'
    "#;
    let playbook = Playbook::from_toml(text).unwrap();
    let (log, as_of) = (small_log(), instant("2026-06-01T00:00:00Z"));
    let own = playbook.own_calibration().unwrap();
    assert_eq!((own.as_of, own.scores.len()), (None, 2));
    assert_eq!(playbook.calibrate(&log, as_of, &EvaluateOptions::new()).unwrap(), own);
    let outcome = playbook.evaluate(&log, as_of, &EvaluateOptions::new()).unwrap();
    assert_eq!(outcome.calibration(), own);
    assert_eq!(playbook.evaluate(&log, as_of, &EvaluateOptions::new().calibration(own)).unwrap(), outcome);
}

#[test]
fn a_calibration_of_another_playbook_or_of_other_parts_is_refused() {
    let mut playbook = BASE.clone();
    playbook.lifecycle = Some(Lifecycle::Derived {
        given: LifecycleThresholds::default(),
        options: DeriveOptions { gaps_min: 1, ..DeriveOptions::default() },
    });
    playbook.schema.events.clear();
    let playbook = Playbook::from_toml(
        &playbook.to_toml().unwrap().replace("user.level", "active_days()").replace("user.plan == \"10\"", "true"),
    )
    .unwrap();
    let (log, as_of) = (small_log(), instant("2026-06-01T00:00:00Z"));
    let right = playbook.calibrate(&log, as_of, &EvaluateOptions::new()).unwrap();
    let refused = |change: &dyn Fn(&mut Calibration), kind: ErrorKind, words: &[&str]| {
        let mut wrong = right.clone();
        change(&mut wrong);
        let error = playbook.check_calibration(&wrong).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        words.iter().for_each(|word| assert!(error.to_string().contains(word), "{error} lacks {word:?}"));
        let given = EvaluateOptions::new().calibration(wrong);
        assert_eq!(playbook.evaluate(&log, as_of, &given).unwrap_err().to_string(), error.to_string());
    };
    use ErrorKind::{InvalidArgument, InvalidDefinition, TypeMismatch};
    let another = |calibration: &mut Calibration| calibration.fingerprint = "0".repeat(64);
    refused(&another, InvalidArgument, &["another playbook", "\"whole\"", "calibrate this one"]);
    refused(
        &|wrong| drop(wrong.scores.remove(1)),
        InvalidDefinition,
        &["calibration: ", "no model of the score \"chosen\""],
    );
    refused(&|wrong| wrong.scores.swap(0, 1), InvalidDefinition, &["no model of the score \"rfm\" in its place"]);
    refused(&|wrong| wrong.scores.push(wrong.scores[0].clone()), InvalidDefinition, &["a model of \"rfm\""]);
    refused(&|wrong| wrong.scores[0].1 = ScoreModel::Value, TypeMismatch, &["score \"rfm\"", "another kind"]);
    refused(&|wrong| wrong.stages = None, InvalidDefinition, &["no derived thresholds"]);
    let longer = |calibration: &mut Calibration| {
        let stages = calibration.stages.as_mut().unwrap();
        stages.derived.as_mut().unwrap().thresholds.churn_days += 1;
    };
    refused(&longer, InvalidDefinition, &["the stages are not those"]);
    let counted = |calibration: &mut Calibration| {
        calibration.stages.as_mut().unwrap().derived.as_mut().unwrap().thresholds.growth_days = 3;
    };
    refused(&counted, InvalidDefinition, &["derived by other options"]);
    let options = |calibration: &mut Calibration| {
        let ScoreModel::Rfm { model, .. } = &mut calibration.scores[0].1 else { unreachable!() };
        *model = Some(RfmModel::fit(&Measures::new(&[1], &[1], &[1]), RfmOptions::new().bins(3)).unwrap());
    };
    refused(&options, InvalidDefinition, &["score \"rfm\"", "other options"]);
    let cells = |calibration: &mut Calibration| {
        let ScoreModel::Rfm { scheme, .. } = &mut calibration.scores[0].1 else { unreachable!() };
        *scheme = CellScheme::new([5; 3], [], Some("all".to_owned())).unwrap();
    };
    refused(&cells, InvalidDefinition, &["score \"rfm\"", "other cells"]);
    let split = |calibration: &mut Calibration| {
        let ScoreModel::Rfm { groups, .. } = &mut calibration.scores[0].1 else { unreachable!() };
        *groups = Some(EightGroupScheme::fit(&Measures::new(&[1], &[1], &[1]), EightGroupOptions::new()).unwrap());
    };
    refused(&split, InvalidDefinition, &["score \"rfm\"", "other groups"]);

    let text = right.to_json().unwrap();
    let error = Calibration::from_json(&text.replace("\"scores\"", "\"scroes\"")).unwrap_err();
    assert!(error.to_string().starts_with("calibration: line 5, column"), "{error}");
    let mut cut: serde_json::Value = serde_json::from_str(&text).unwrap();
    cut["scores"][0][1]["rfm"].as_object_mut().unwrap().remove("model");
    let error = Calibration::from_json(&cut.to_string()).unwrap_err().to_string();
    assert!(error.contains("missing field `model`"), "{error}");
}

/// Who is there only after the calibration, and measures beyond all that the population had, are scored by it as well;
/// without a population nobody is.
#[test]
fn a_model_scores_whom_it_has_not_seen() {
    let orders = RfmDefinition::of_orders(["order"]);
    let definition =
        ScoreDefinition { name: "rfm".to_owned(), description: String::new(), kind: ScoreKind::Rfm(Box::new(orders)) };
    let playbook = Playbook { scores: vec![definition.clone()], ..Playbook::new("shop") };
    let (log, as_of) = (small_log(), instant("2026-06-01T00:00:00Z"));
    let calibration = playbook.calibrate(&log, as_of, &EvaluateOptions::new()).unwrap();
    let model = &calibration.scores[0].1;
    let whole = |value: i64| Some(Value::Integer(value));
    let text = |value: &str| Some(Value::Text(value.into()));
    // Two users: who does better than the other is in the upper half, who beats neither in the lowest bin.
    let best = definition.score_one(model, &[whole(0), whole(90), whole(1_000_000)], true).unwrap();
    assert_eq!(best[..3], [whole(5), whole(5), whole(5)]);
    let worst = definition.score_one(model, &[whole(900), whole(1), whole(-5)], true).unwrap();
    assert_eq!(worst, [whole(1), whole(1), whole(1), text("hibernating")]);
    for (measures, within) in [
        ([whole(0), whole(0), whole(9)], true),
        ([None, whole(1), whole(9)], true),
        ([whole(0), whole(1), whole(9)], false),
    ] {
        assert_eq!(definition.score_one(model, &measures, within).unwrap(), [None, None, None, None]);
    }
    let later = playbook.evaluate(
        &log,
        instant("2026-07-01T00:00:00Z"),
        &EvaluateOptions::new().calibration(calibration.clone()),
    );
    let later = later.unwrap();
    assert_eq!(later.calibrated_as_of, Some(as_of));
    let monetary = &later.score("rfm").unwrap().columns[2].1;
    assert_eq!(monetary.get(2).map(|value| value.to_owned()), whole(5), "who came after, and spent most");

    let nobody = playbook.calibrate(&log, instant("2026-01-01T00:00:00Z"), &EvaluateOptions::new()).unwrap();
    let nobody = Calibration::from_json(&nobody.to_json().unwrap()).unwrap();
    let unknown = definition.score_one(&nobody.scores[0].1, &[whole(0), whole(9), whole(9)], true).unwrap();
    assert_eq!(unknown, [None, None, None, None]);

    let refused = |model: &ScoreModel, measures: &[Option<Value>]| {
        let error = definition.score_one(model, measures, true).unwrap_err();
        assert!(error.to_string().starts_with("score \"rfm\": "), "{error}");
        error.kind()
    };
    assert_eq!(refused(&ScoreModel::Value, &[whole(1), whole(1), whole(1)]), ErrorKind::TypeMismatch);
    assert_eq!(refused(model, &[whole(1)]), ErrorKind::InvalidArgument);
    assert_eq!(refused(model, &[text("1"), whole(1), whole(1)]), ErrorKind::TypeMismatch);
    assert_eq!(refused(model, &[whole(1), Some(Value::Float(1.0)), whole(1)]), ErrorKind::TypeMismatch);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Five cases each: 2,500 in all, of which some 1,900 have gaps to derive from. Each scores seven users one by one, by four
    /// scores at two instants: 100,000 comparisons, a third of them of users who are graded.
    #[test]
    fn a_calibration_gives_the_answers_that_it_was_taken_from(
        world in worlds(40),
        cases in prop::collection::vec((variants(), as_of_ticks(), as_of_ticks()), 5),
    ) {
        let place = Place::new(world);
        for (variant, at, other) in cases {
            judge_case(&place, &variant, (place.world.as_of(at), place.world.as_of(other)));
        }
    }
}
