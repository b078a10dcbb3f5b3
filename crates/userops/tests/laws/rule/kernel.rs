//! Laws of the column kernel: it says what the naive judge says, whatever else is in the plan and in the log.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::column::{Codes, Column, TextColumn};
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::{UserId, UserIx};
use userops::log::EventLog;
use userops::rule::{
    Context, EventQuery, Filter, Measure, Plan, Rule, Sequence, Step, Subject, Test, Truth, evaluate_rules,
    measure_users, read_measure,
};
use userops::sample::{self, SampleOptions};
use userops::time::{Span, Timestamp};
use userops::value::{Value, ValueRef};

use super::generate::{Case, arbitrary_case, log_of, schema};
use super::naive::Naive;

/// All measures that a rule looks at.
fn measures(rule: &Rule) -> Vec<Measure> {
    match rule {
        Rule::Measure { measure, .. } => vec![measure.clone()],
        rule => rule.parts().iter().flat_map(measures).collect(),
    }
}

fn truths(case: &Case, rules: &[Rule]) -> Vec<Vec<Truth>> {
    let plan = Plan::new(&case.log, rules, []).unwrap();
    let measured = measure_users(&case.log, &plan, case.as_of).unwrap();
    rules.iter().map(|rule| measured.evaluate(rule, &case.context).unwrap().iter().collect()).collect()
}

fn judged(case: &Case, rules: &[Rule]) -> Vec<Vec<Truth>> {
    let users: Vec<Naive<'_>> = (0..case.users.len()).map(|user| Naive::new(case, user)).collect();
    rules.iter().map(|rule| users.iter().map(|user| user.judge(rule)).collect()).collect()
}

fn check_case(case: &Case) -> Result<(), TestCaseError> {
    let (kernel, naive) = (truths(case, &case.rules), judged(case, &case.rules));
    let at_once = evaluate_rules(&case.log, &case.rules, case.as_of, &case.context).unwrap();
    prop_assert!(at_once.iter().map(|truths| truths.iter().collect::<Vec<_>>()).eq(kernel.iter().cloned()));
    for ((rule, kernel), naive) in case.rules.iter().zip(kernel).zip(naive) {
        prop_assert_eq!(kernel, naive, "{:?}", rule);
    }
    let measures: Vec<Measure> = case.rules.iter().flat_map(measures).collect();
    let plan = Plan::new(&case.log, [], &measures).unwrap();
    let measured = measure_users(&case.log, &plan, case.as_of).unwrap();
    for measure in &measures {
        let column = measured.column(measure, &case.context).unwrap();
        prop_assert_eq!(column.len(), case.users.len());
        for user in 0..case.users.len() {
            let kernel = column.get(user).map(|value| value.to_owned());
            prop_assert_eq!(kernel, Naive::new(case, user).measure(measure), "{:?} of user {}", measure, user);
        }
    }
    Ok(())
}

/// One case of all the users of these, who live in the time and by the clock of the first.
fn together(cases: &[Case]) -> Case {
    let first = &cases[0];
    let mut events = Vec::new();
    let mut users = Vec::new();
    let mut attributes: Vec<BTreeMap<&'static str, Value>> = Vec::new();
    for case in cases {
        let id = |user: &UserId| {
            let position = case.users.iter().position(|known| known == user).unwrap();
            UserId::from((users.len() + position) as i64)
        };
        let shift = first.as_of.since(case.as_of);
        events.extend(case.events.iter().map(|event| Event {
            user: id(&event.user),
            time: event.time.plus(shift),
            ..event.clone()
        }));
        users.extend((0..case.users.len()).map(|user| UserId::from((users.len() + user) as i64)).collect::<Vec<_>>());
        attributes.extend(case.attributes.iter().cloned());
    }
    let log = log_of(schema(first.log.zone()), &events, &users, &attributes);
    let contexts: Vec<&Context> = cases.iter().map(|case| &case.context).collect();
    Case { log, events, users, attributes, context: context(&contexts), rules: first.rules.clone(), as_of: first.as_of }
}

fn context(contexts: &[&Context]) -> Context {
    let join = |columns: Vec<&Column>| match columns[0] {
        Column::Bool(_) => Column::Bool(columns.iter().flat_map(|column| rows(column, bool_of)).collect()),
        Column::Integer(_) => Column::Integer(columns.iter().flat_map(|column| rows(column, integer_of)).collect()),
        Column::Float(_) => Column::Float(columns.iter().flat_map(|column| rows(column, float_of)).collect()),
        _ => {
            let texts: Vec<Option<String>> = columns.iter().flat_map(|column| rows(column, text_of)).collect();
            Column::texts(texts.iter().map(Option::as_deref))
        }
    };
    let stages: Vec<Option<String>> = contexts
        .iter()
        .map(|context| context.stage.as_ref().unwrap())
        .flat_map(|stage| (0..stage.codes.len()).map(|row| stage.get(row).map(str::to_owned)))
        .collect();
    let names = |columns: &BTreeMap<String, Column>| columns.keys().cloned().collect::<Vec<_>>();
    let tag = |name: &String| join(contexts.iter().map(|context| &context.tags[name]).collect());
    let score = |name: &String| join(contexts.iter().map(|context| &context.scores[name]).collect());
    let segment = |name: &String| contexts.iter().flat_map(|context| context.segments[name].iter()).collect();
    Context {
        tags: names(&contexts[0].tags).into_iter().map(|name| (name.clone(), tag(&name))).collect(),
        scores: names(&contexts[0].scores).into_iter().map(|name| (name.clone(), score(&name))).collect(),
        segments: contexts[0].segments.keys().map(|name| (name.clone(), segment(name))).collect(),
        stage: Some(stages.iter().map(Option::as_deref).collect::<TextColumn>()),
    }
}

fn rows<T>(column: &Column, of: fn(ValueRef<'_>) -> T) -> Vec<Option<T>> {
    (0..column.len()).map(|row| column.get(row).map(of)).collect()
}

fn bool_of(value: ValueRef<'_>) -> bool {
    if let ValueRef::Bool(value) = value { value } else { unreachable!("{value:?}") }
}

fn integer_of(value: ValueRef<'_>) -> i64 {
    if let ValueRef::Integer(value) = value { value } else { unreachable!("{value:?}") }
}

fn float_of(value: ValueRef<'_>) -> f64 {
    if let ValueRef::Float(value) = value { value } else { unreachable!("{value:?}") }
}

fn text_of(value: ValueRef<'_>) -> String {
    if let ValueRef::Text(value) = value { value.into() } else { unreachable!("{value:?}") }
}

proptest! {
    // 640 cases of 12 to 24 rules make more than ten thousand rules, each asked of all users.
    #![proptest_config(ProptestConfig::with_cases(640))]

    #[test]
    fn the_kernel_says_what_the_judge_says(case in arbitrary_case()) {
        check_case(&case)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn many_users_are_each_judged_alone(cases in prop::collection::vec(arbitrary_case(), 60..120)) {
        check_case(&together(&cases))?;
    }

    #[test]
    fn threads_change_nothing(cases in prop::collection::vec(arbitrary_case(), 60..120)) {
        let case = together(&cases);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| truths(&case, &case.rules))
        };
        let alone = on(1);
        prop_assert_eq!(&alone, &on(2));
        prop_assert_eq!(&alone, &on(7));
    }
}

proptest! {
    #[test]
    fn a_plan_of_many_rules_is_many_plans_of_one(case in arbitrary_case()) {
        let whole = truths(&case, &case.rules);
        let mut reversed: Vec<Rule> = case.rules.clone();
        reversed.reverse();
        let mut backwards = truths(&case, &reversed);
        backwards.reverse();
        prop_assert_eq!(&whole, &backwards);
        let single: Vec<_> = case.rules.iter().flat_map(|rule| truths(&case, std::slice::from_ref(rule))).collect();
        prop_assert_eq!(whole, single);
    }

    /// Counts and sums of money without a filter go together, with one they go alone.
    #[test]
    fn a_filter_that_always_holds_changes_nothing(case in arbitrary_case()) {
        let always = Filter::Any(vec![
            Filter::property("amount", Test::Known),
            Filter::property("amount", Test::Unknown),
        ]);
        let unfiltered = case.rules.iter().flat_map(measures).filter_map(|measure| measure.over().cloned());
        for over in unfiltered.filter(|over| over.filter.is_none()) {
            let filtered = over.clone().filter(always.clone());
            for of in [Measure::count as fn(EventQuery) -> Measure, |over| Measure::sum("amount", over)] {
                let pair = [of(over.clone()), of(filtered.clone())];
                let plan = Plan::new(&case.log, [], &pair).unwrap();
                let measured = measure_users(&case.log, &plan, case.as_of).unwrap();
                let [plain, with_filter] = pair.map(|measure| measured.column(&measure, &case.context).unwrap());
                prop_assert_eq!(plain, with_filter);
            }
        }
    }

    /// A grid has a limit of cells; more windows and names than that are counted one by one.
    #[test]
    fn many_windows_and_names_count_the_same(case in arbitrary_case(), windows in 1i64..100) {
        let over = |hours: i64, name: usize| {
            let names = [["view"].as_slice(), &["order"], &["view", "refund"], &["下单", "order"]][name];
            EventQuery::new(names.to_vec()).window(userops::time::Window::Rolling { span: Span::from_hours(hours) })
        };
        let many = (1..=windows).flat_map(|hours| (0..4).map(move |name| Measure::count(over(hours, name))));
        let many: Vec<Measure> = many.collect();
        let plan = Plan::new(&case.log, [], &many).unwrap();
        let measured = measure_users(&case.log, &plan, case.as_of).unwrap();
        for user in 0..case.users.len() {
            let naive = Naive::new(&case, user);
            for measure in many.iter().step_by(7) {
                let column = measured.column(measure, &case.context).unwrap();
                prop_assert_eq!(column.get(user).map(|value| value.to_owned()), naive.measure(measure));
            }
        }
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn small_log() -> EventLog {
    let event = |user: i64, time: &str, name: &str| Event::new(user, at(time), name);
    let events = [
        event(1, "2026-01-01T00:00:00Z", "view").with_property("qty", i64::MAX),
        event(1, "2026-01-02T00:00:00Z", "view").with_property("qty", 1i64),
        event(2, "2026-01-03T00:00:00Z", "order").with_property("sku", "red"),
    ];
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

/// Parts of users are measured in the same columns one after the other: nothing of one part is left in the next.
#[test]
fn many_users_are_answered_in_parts_as_all_at_once() {
    let log = sample::content_app(SampleOptions::default().users(9_000)).unwrap();
    let (_, as_of) = log.time_span().unwrap();
    let view = || EventQuery::from("view").last_days(30);
    let (post, step) = (EventQuery::from("post"), |name: &str| Step::new([name]));
    let premium = || view().filter(Filter::property("premium", Test::Eq(true.into())));
    let rules = [
        Measure::count(view()).at_least(5i64),
        Measure::sum("amount", EventQuery::from("pay")).above(0i64),
        Measure::LastTime(post.clone()).at_least(Timestamp::from_micros(as_of.as_micros() - 7 * 86_400_000_000)),
        Measure::LastTime(post.clone()).is(Test::Unknown),
        Measure::Mean { property: "seconds".to_owned(), over: premium() }.at_least(60i64),
        Measure::Latest { property: "category".to_owned(), over: view() }.eq("news"),
        Measure::Distinct { property: "category".to_owned(), over: view() }.at_least(3i64),
        Measure::DaysSinceReturn { silence_days: 5, over: view() }.at_most(10i64),
        Rule::Sequence(Sequence::new(vec![step("view"), step("share")])),
        Rule::Users(log.users().iter().step_by(7).map(|id| id.to_owned()).collect()),
        Measure::count(view()).eq(0i64).or(!Measure::count(post).at_least(1i64)),
    ];
    let plan = Plan::new(&log, &rules, []).unwrap();
    let measures = measure_users(&log, &plan, as_of).unwrap();
    let at_once = evaluate_rules(&log, &rules, as_of, &Context::default()).unwrap();
    for (rule, truths) in rules.iter().zip(at_once) {
        assert_eq!(truths, measures.evaluate(rule, &Context::default()).unwrap(), "{rule:?}");
        assert!((1..9_000).contains(&truths.true_count()), "{rule:?} tells nobody apart");
    }
}

/// Users with hundreds of events, in blocks of many words, at instants between events, under a clock that is set back over midnight too.
#[test]
fn users_with_many_events_are_each_read_alone() {
    let overs = ["view", "visit", "post"].map(EventQuery::from).into_iter().chain([
        EventQuery::new(["visit", "post"]),
        EventQuery::default(),
        EventQuery::from("view").filter(Filter::property("premium", Test::Eq(true.into()))),
    ]);
    let windowed = |over: EventQuery| [1i64, 7, 30].map(|days| over.clone().last_days(days)).into_iter().chain([over]);
    let of = |over: EventQuery| {
        let (property, text) = ("seconds".to_owned(), "category".to_owned());
        [
            Measure::count(over.clone()),
            Measure::sum("seconds", over.clone()),
            Measure::sum("amount", over.clone()),
            Measure::Max { property, over: over.clone() },
            Measure::Latest { property: text, over: over.clone() },
            Measure::ActiveDays(over.clone()),
            Measure::FirstTime(over.clone()),
            Measure::DaysSinceLast(over.clone()),
            Measure::DaysSinceReturn { silence_days: 3, over },
        ]
    };
    let mixed: Vec<Measure> = overs.flat_map(windowed).flat_map(of).collect();
    // One after the other what is measured in the same memory, too.
    let mut by_kind = mixed.clone();
    by_kind.sort_by_cached_key(|measure| format!("{measure:?}"));
    for (zone, measures) in [("Asia/Shanghai", &mixed), ("America/Santiago", &mixed), ("Asia/Shanghai", &by_kind)] {
        let log = sample::content_app(SampleOptions::default().users(130).zone(zone.parse().unwrap())).unwrap();
        let (first, last) = log.time_span().unwrap();
        let middle = Timestamp::from_micros(first.as_micros() / 3 + last.as_micros() / 3 * 2);
        for as_of in [middle, last] {
            let (calendar, context) = (log.calendar(as_of), Context::default());
            let measured = measure_users(&log, &Plan::new(&log, [], measures).unwrap(), as_of).unwrap();
            for measure in measures {
                let column = measured.column(measure, &context).unwrap();
                for user in 0..log.user_count() {
                    let subject = Subject::new(&log, UserIx(user as u32), as_of, &calendar, &context);
                    let read = read_measure(measure, &subject).unwrap();
                    assert_eq!(
                        column.get(user).map(|value| value.to_owned()),
                        read,
                        "{measure:?} of user {user} in {zone}"
                    );
                }
            }
        }
    }
}

/// The codes of texts are a byte, and from the 257th text on four.
#[test]
fn texts_are_told_apart_however_many_there_are() {
    let (users, rows) = (150, 2_000);
    let sku = |texts: i64, row: i64| (row % 7 != 3).then(|| format!("sku {:03}", row * 37 % texts));
    for texts in [256, 257, 600] {
        let event = |row: i64| {
            let event = Event::new(row * 7 % users, Timestamp::from_micros(row * 1_000_000), "view");
            match sku(texts, row) {
                Some(text) => event.with_property("sku", text.as_str()),
                None => event,
            }
        };
        let events: Vec<Event> = (0..rows).map(event).collect();
        let (log, _) = EventLog::from_events(EventSchema::default(), &events).unwrap();
        let column = log.text_property("sku").unwrap();
        assert_eq!(column.dictionary.len() as i64, texts);
        assert_eq!(matches!(column.codes, Codes::Narrow(_)), texts <= 256);
        let as_data = serde_json::to_string(column).unwrap();
        assert_eq!(&serde_json::from_str::<TextColumn>(&as_data).unwrap(), column);
        assert_eq!(log.merge(&log_of_none()).unwrap().text_property("sku").unwrap(), column);

        let as_of = Timestamp::from_micros(rows * 1_000_000);
        let tests = [
            Test::Eq("sku 100".into()),
            Test::Contains("20".into()),
            Test::OneOf(vec!["sku 003".into(), "sku 255".into()]),
        ];
        let queries = tests.map(|test| EventQuery::from("view").filter(Filter::property("sku", test)));
        let of = |over: EventQuery| {
            let property = "sku".to_owned();
            let latest = Measure::Latest { property: property.clone(), over: over.clone() };
            [Measure::count(over.clone()), latest, Measure::Distinct { property, over }]
        };
        let measures: Vec<Measure> = queries.into_iter().chain([EventQuery::default()]).flat_map(of).collect();
        let (calendar, context) = (log.calendar(as_of), Context::default());
        let measured = measure_users(&log, &Plan::new(&log, [], &measures).unwrap(), as_of).unwrap();
        for (measure, user) in measures.iter().flat_map(|measure| (0..users as usize).map(move |user| (measure, user)))
        {
            let subject = Subject::new(&log, UserIx(user as u32), as_of, &calendar, &context);
            let told = measured.column(measure, &context).unwrap().get(user).map(|value| value.to_owned());
            assert_eq!(told, read_measure(measure, &subject).unwrap(), "{measure:?} of user {user}");
        }
        let latest = Measure::Latest { property: "sku".to_owned(), over: EventQuery::default() };
        let latest = measured.column(&latest, &context).unwrap();
        for user in 0..users {
            let last = (0..rows).rev().find(|row| row * 7 % users == user).and_then(|row| sku(texts, row));
            assert_eq!(latest.get(user as usize), last.as_deref().map(ValueRef::Text));
        }
    }
}

fn log_of_none() -> EventLog {
    EventLog::from_events(EventSchema::default(), &[]).unwrap().0
}

#[test]
fn an_empty_log_has_no_users() {
    let log = log_of_none();
    let rules = [Measure::count("view").at_least(1i64), Rule::All(vec![]), Rule::Users(vec![UserId::from(1)])];
    let plan = Plan::new(&log, &rules, []).unwrap();
    let measured = measure_users(&log, &plan, at("2026-01-01T00:00:00Z")).unwrap();
    assert!(measured.is_empty());
    for rule in &rules {
        assert!(measured.evaluate(rule, &Context::default()).unwrap().is_empty());
    }
    let at_once = evaluate_rules(&log, &rules, at("2026-01-01T00:00:00Z"), &Context::default()).unwrap();
    assert!(at_once.len() == 3 && at_once.iter().all(|truths| truths.is_empty()));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let log = small_log();
    let as_of = at("2026-02-01T00:00:00Z");
    let refusal = |rule: Rule| {
        let answer = Plan::new(&log, [&rule], [])
            .and_then(|plan| measure_users(&log, &plan, as_of)?.evaluate(&rule, &Context::default()));
        let error = answer.expect_err(&format!("{rule:?}"));
        (error.kind(), error.to_string())
    };
    let view = || EventQuery::from("view");
    let where_is = |name: &str, test: Test| Measure::count(view().filter(Filter::property(name, test))).eq(1i64);
    let (kind, message) = refusal(where_is("quantity", Test::Known));
    assert_eq!(kind, ErrorKind::UnknownName);
    assert!(message.contains("\"quantity\""), "{message}");
    let (kind, message) = refusal(where_is("qty", Test::Eq("three".into())));
    assert_eq!(kind, ErrorKind::TypeMismatch);
    assert!(message.contains("\"qty\"") && message.contains("three"), "{message}");
    assert_eq!(refusal(where_is("qty", Test::Empty)).0, ErrorKind::TypeMismatch);
    assert_eq!(refusal(where_is("amount", Test::Ge(0.125.into()))).0, ErrorKind::InvalidMoney);
    assert_eq!(refusal(where_is("qty", Test::Ge(f64::NAN.into()))).0, ErrorKind::InvalidArgument);
    assert_eq!(refusal(Measure::attribute("city").eq("Bonn")).0, ErrorKind::UnknownName);
    assert_eq!(refusal(Measure::sum("sku", view()).eq(1i64)).0, ErrorKind::TypeMismatch);
    assert_eq!(refusal(Measure::sum("qty", view()).eq(1i64)).0, ErrorKind::LimitExceeded);
    assert_eq!(refusal(Measure::count(view()).eq(true)).0, ErrorKind::TypeMismatch);
    assert_eq!(refusal(Measure::count(view().last_days(0)).eq(1i64)).0, ErrorKind::InvalidArgument);
    assert_eq!(refusal(Rule::tag("vip")).0, ErrorKind::UnknownName);
    assert_eq!(refusal(Rule::Sequence(Sequence::default())).0, ErrorKind::InvalidDefinition);
    let wrong = Context { segments: [("all".to_owned(), Default::default())].into(), ..Context::default() };
    let rule = Rule::segment("all");
    let plan = Plan::new(&log, [&rule], []).unwrap();
    let error = measure_users(&log, &plan, as_of).unwrap().evaluate(&rule, &wrong).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = measure_users(&small_log(), &plan, as_of).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let other = Measure::count(view()).eq(1i64);
    let error = measure_users(&log, &plan, as_of).unwrap().evaluate(&other, &Context::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn the_latest_chain_is_kept_where_the_first_breaks() {
    let day = |day: i64, name: &str| Event::new(1, at("2026-01-01T00:00:00Z").plus(Span::from_days(day)), name);
    let events = [day(0, "view"), day(5, "view"), day(6, "cart"), day(7, "order")];
    let (log, _) = EventLog::from_events(EventSchema::default(), &events).unwrap();
    let holds = |within: i64, steps: [&str; 3]| {
        let mut sequence = Sequence::new(steps.map(|name| Step::new([name])).to_vec());
        sequence.within = Some(Span::from_days(within));
        let rule = Rule::Sequence(sequence);
        let plan = Plan::new(&log, [&rule], []).unwrap();
        let measured = measure_users(&log, &plan, at("2026-02-01T00:00:00Z")).unwrap();
        measured.evaluate(&rule, &Context::default()).unwrap().get(0)
    };
    assert_eq!(holds(2, ["view", "cart", "order"]), Truth::True);
    assert_eq!(holds(1, ["view", "cart", "order"]), Truth::False);
    assert_eq!(holds(6, ["view", "view", "order"]), Truth::False);
    assert_eq!(holds(7, ["view", "view", "order"]), Truth::True);
}
