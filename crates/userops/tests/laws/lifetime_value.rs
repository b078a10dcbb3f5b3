//! Lifetime values against their formula written out, and their errors against drawn parameters.

use proptest::prelude::*;
use userops::analytics::period::CalendarPeriod;
use userops::btyd::{
    BtydFit, BtydModel, BtydModelKind, BtydScoreOptions, BtydSimulationOptions, GammaGamma, PurchaseHistory,
    SpendHistory, fit_btyd,
};
use userops::column::Column;
use userops::error::ErrorKind;
use userops::lifetime_value::{
    LifetimeValueForecast, LifetimeValueModel, LifetimeValueOptions, ValueGroups, ValueShare, WinBackOptions,
    forecast_lifetime_value, share_of_top,
};
use userops::table::Table;
use userops::value::ValueRef;

fn number(table: &Table, row: usize, name: &str) -> Option<f64> {
    match table.get(row, name) {
        Some(ValueRef::Float(value)) => Some(value),
        Some(ValueRef::Integer(value)) => Some(value as f64),
        None => None,
        other => panic!("{name} in row {row}: {other:?}"),
    }
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1e-12)
}

fn model(kind: usize, options: LifetimeValueOptions) -> LifetimeValueModel {
    let text = [
        r#"{"model":"bg_nbd","r":0.25,"alpha":4.4,"a":0.8,"b":2.4}"#,
        r#"{"model":"mbg_nbd","r":0.5,"alpha":6.2,"a":0.9,"b":1.6}"#,
        r#"{"model":"pareto_nbd","r":0.55,"alpha":10.6,"s":0.6,"beta":11.7}"#,
    ][kind];
    let purchases = serde_json::from_str(text).unwrap();
    LifetimeValueModel { purchases, spend: GammaGamma { p: 6.25, q: 3.74, v: 15.45 }, options }
}

/// A customer: repeats, the last one, how long observed, mean spend and all spend, of which some may be unknown.
type Customer = (u32, f64, f64, Option<f64>, Option<f64>);

fn customers() -> impl Strategy<Value = Vec<Customer>> {
    let amount = || prop::option::weighted(0.9, 0.01f64..500.0);
    let one = (0u32..12, 0.1f64..40.0, 0.0f64..40.0, amount(), amount()).prop_map(|(x, t_x, more, mean, spend)| {
        let t_x = if x == 0 { 0.0 } else { t_x };
        (x, t_x, t_x + more, mean, spend)
    });
    prop::collection::vec(one, 0..16)
}

fn table_of(customers: &[Customer]) -> Table {
    Table::new(customers.len())
        .with("user", (0..customers.len()).map(|row| 100 + row as i64).collect::<Vec<_>>())
        .and_then(|table| table.with("x", customers.iter().map(|one| one.0).collect::<Vec<_>>()))
        .and_then(|table| table.with("t_x", customers.iter().map(|one| one.1).collect::<Vec<_>>()))
        .and_then(|table| table.with("T", customers.iter().map(|one| one.2).collect::<Vec<_>>()))
        .and_then(|table| table.with("mean_spend", customers.iter().map(|one| one.3).collect::<Vec<_>>()))
        .and_then(|table| table.with("spend", customers.iter().map(|one| one.4).collect::<Vec<_>>()))
        .unwrap()
}

/// Purchases within `t`, by the score of a table of one row.
fn expected(model: &BtydModel, one: &Customer, t: f64) -> f64 {
    let table = table_of(std::slice::from_ref(one));
    let scores = model.score(&table, BtydScoreOptions::default().horizon(t)).unwrap();
    number(&scores, 0, "expected_purchases").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// 1,500 tables of up to 15 customers, each customer held against the formula.
    #[test]
    fn values_are_their_formula(
        customers in customers(),
        kind in 0usize..3,
        (periods, period, rate, margin) in (1u32..9, 0.5f64..8.0, prop_oneof![Just(0.0), 0.001f64..0.2], 0.05f64..1.5),
    ) {
        let options = LifetimeValueOptions::new(periods).period(period).discount_rate(rate).margin_ratio(margin);
        let model = model(kind, options);
        let scores = model.score(&table_of(&customers)).unwrap();
        prop_assert_eq!(scores.row_count(), customers.len());
        for (row, one) in customers.iter().enumerate() {
            let (mut sum, mut before) = (0.0, 0.0);
            for k in 1..=periods {
                let bought = expected(&model.purchases, one, f64::from(k) * period);
                sum += (bought - before) / (1.0 + rate).powi(k as i32);
                before = bought;
            }
            prop_assert!(close(number(&scores, row, "expected_purchases").unwrap(), before, 1e-12));
            prop_assert!(close(number(&scores, row, "discounted_purchases").unwrap(), sum, 1e-9));
            let x = f64::from(one.0);
            // (v + x z) p / (p x + q − 1); whoever has not bought again is worth what all are.
            let spend = match (one.0, one.3) {
                (0, _) => Some(6.25 * 15.45 / 2.74),
                (_, mean) => mean.map(|mean| 6.25 * (15.45 + x * mean) / (6.25 * x + 2.74)),
            };
            let value = spend.map(|spend| margin * spend * sum);
            for (name, value) in [
                ("expected_spend", spend),
                ("predicted_value", value),
                ("historic_value", one.4.map(|spend| margin * spend)),
                ("total_value", value.zip(one.4).map(|(value, spend)| value + margin * spend)),
            ] {
                let found = number(&scores, row, name);
                prop_assert_eq!(found.is_some(), value.is_some());
                prop_assert!(found.zip(value).is_none_or(|(found, value)| close(found, value, 1e-9)), "{}", name);
            }
            // The scalar function is the table's row, to the last bit.
            if let (Ok(history), Ok(spend)) = (
                PurchaseHistory::new(one.0, one.1, one.2),
                SpendHistory::new(one.0, one.3.unwrap_or(f64::NAN)),
            ) {
                let alone = model.predict(&history, &spend).unwrap();
                prop_assert_eq!(alone.predicted_value, number(&scores, row, "predicted_value"));
            }
        }
    }

    #[test]
    fn lost_customers_are_ranked_as_by_hand(
        customers in customers(),
        kind in 0usize..3,
        silent in 0.0f64..40.0,
        horizon in 0.5f64..60.0,
        capacity in prop::option::of(1u64..6),
    ) {
        let model = model(kind, LifetimeValueOptions::new(4).margin_ratio(0.4));
        let table = table_of(&customers);
        let options = WinBackOptions { silent_at_least: silent, horizon: Some(horizon), capacity };
        let ranked = model.rank_win_back(&table, &options).unwrap();
        let spends = BtydModel::GammaGamma(model.spend).score(&table, BtydScoreOptions::default()).unwrap();
        let scores = model.purchases.score(&table, BtydScoreOptions::default().horizon(horizon)).unwrap();
        let mut naive: Vec<(f64, usize)> = (0..customers.len())
            .filter(|row| customers[*row].2 - customers[*row].1 >= silent)
            .filter_map(|row| {
                let spend = number(&spends, row, "expected_spend")?;
                Some((0.4 * spend * number(&scores, row, "expected_purchases").unwrap(), row))
            })
            .collect();
        naive.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        naive.truncate(capacity.unwrap_or(u64::MAX) as usize);
        prop_assert_eq!(ranked.row_count(), naive.len());
        for (place, (value, _)) in naive.iter().enumerate() {
            let row = number(&ranked, place, "row").unwrap() as usize;
            prop_assert_eq!(number(&ranked, place, "user"), Some(100.0 + row as f64));
            let told = number(&ranked, place, "expected_value").unwrap();
            // Two that are all but equal may change places by rounding.
            prop_assert!(close(told, *value, 1e-9));
            let chance = number(&ranked, place, "return_probability").unwrap();
            prop_assert!(close(chance * number(&ranked, place, "value_if_back").unwrap(), told, 1e-12));
            let quiet = number(&scores, row, "no_purchase_probability").unwrap();
            prop_assert!((chance - (1.0 - quiet)).abs() < 1e-12);
            prop_assert_eq!(number(&ranked, place, "silent_for"), Some(customers[row].2 - customers[row].1));
        }
    }

    #[test]
    fn few_carry_what_sorting_says(
        values in prop::collection::vec(prop::option::weighted(0.9, prop_oneof![0.0f64..9.0, Just(0.0), Just(4.0)]), 1..40),
        ratio in 0.001f64..=1.0,
    ) {
        let mut known: Vec<f64> = values.iter().flatten().copied().collect();
        prop_assume!(!known.is_empty());
        let [top, all] = share_of_top(&values, &[ratio, 1.0]).unwrap()[..] else { panic!("two shares") };
        known.sort_by(|one, other| other.partial_cmp(one).unwrap());
        let count = (1..=known.len()).find(|count| *count as f64 >= ratio * known.len() as f64).unwrap();
        prop_assert_eq!((top.customer_count, all.customer_count), (count as u64, known.len() as u64));
        prop_assert!(close(top.value, known[..count].iter().sum(), 1e-12));
        prop_assert_eq!(top.value_min, known[count - 1]);
        prop_assert_eq!(all.value_ratio, (all.value > 0.0).then_some(1.0));
    }
}

/// Customers drawn from a model, with spend drawn from another.
fn drawn(count: usize) -> Table {
    let purchases: BtydModel =
        serde_json::from_str(r#"{"model":"mbg_nbd","r":0.9,"alpha":6.2,"a":0.9,"b":2.6}"#).unwrap();
    let ages = Table::new(count).with("T", (0..count).map(|row| 20.0 + (row * 7 % 21) as f64).collect::<Vec<_>>());
    let drawn = purchases.simulate(&ages.unwrap(), BtydSimulationOptions::new(3)).unwrap();
    let spend = BtydModel::GammaGamma(GammaGamma { p: 6.0, q: 4.5, v: 15.0 });
    let spends = spend.simulate(&drawn, BtydSimulationOptions::new(4)).unwrap();
    let day = |row: usize| 10_000 + (row * 7 % 91) as i32;
    drawn
        .with("mean_spend", spends.column("mean_spend").unwrap().clone())
        .and_then(|table| table.with("spend", vec![10.0; count]))
        .and_then(|table| table.with("first_day", Column::Date((0..count).map(|row| Some(day(row))).collect())))
        .unwrap()
}

fn fits(table: &Table, kind: BtydModelKind) -> (BtydFit, BtydFit) {
    (fit_btyd(table, kind).unwrap(), fit_btyd(table, BtydModelKind::GammaGamma).unwrap())
}

fn sum(table: &Table, name: &str) -> f64 {
    (0..table.row_count()).filter_map(|row| number(table, row, name)).sum()
}

/// A table with the one column `group`.
fn by(groups: impl Into<Column>) -> Table {
    let groups = groups.into();
    Table::new(groups.len()).with("group", groups).unwrap()
}

#[test]
fn groups_and_cohorts_add_up() {
    let table = drawn(600);
    let (purchases, spend) = fits(&table, BtydModelKind::MbgNbd);
    let options = LifetimeValueOptions::new(12).discount_rate(0.01).margin_ratio(0.3).time_unit("week");
    let forecast = forecast_lifetime_value(&table, &purchases, &spend, options.clone()).unwrap();
    let told = forecast.to_table().unwrap();
    let scored = forecast.model.score(&table).unwrap();
    for (name, column) in scored.columns() {
        assert_eq!(told.column(name).unwrap(), column);
    }
    let summary = forecast.to_summary_table().unwrap();
    assert!(close(number(&summary, 0, "predicted_value").unwrap(), sum(&told, "predicted_value"), 1e-12));
    assert!(close(number(&summary, 0, "historic_value").unwrap(), 0.3 * 10.0 * 600.0, 1e-12));
    let cohorts = forecast.to_group_table(&table, ValueGroups::cohorts("first_day", CalendarPeriod::Month)).unwrap();
    assert_eq!((cohorts.row_count(), sum(&cohorts, "customer_count")), (4, 600.0));
    assert!(close(sum(&cohorts, "predicted_value"), sum(&told, "predicted_value"), 1e-12));
    // Each customer as a group: the group's error is the customer's.
    let each = forecast.to_group_table(&by((0..600i64).collect::<Vec<_>>()), "group").unwrap();
    for name in ["predicted_value", "predicted_standard_error", "predicted_low", "predicted_high"] {
        assert_eq!(each.column(name).unwrap(), told.column(name).unwrap());
    }
    for row in 0..600 {
        let at = |name: &str| number(&told, row, name).unwrap();
        let (low, value, high) = (at("predicted_low"), at("predicted_value"), at("predicted_high"));
        assert!(low < value && value < high && close(low * high, value * value, 1e-12));
    }
    let text = serde_json::to_string(&forecast).unwrap();
    assert_eq!(serde_json::from_str::<LifetimeValueForecast>(&text).unwrap(), forecast);
    let halves = Column::texts((0..600).map(|row| (row % 3 > 0).then_some(if row % 3 == 1 { "b" } else { "a" })));
    let grouped = forecast.to_group_table(&by(halves), "group").unwrap();
    let names: Vec<_> = (0..3).map(|row| grouped.get(row, "group").map(|name| name.to_string())).collect();
    assert_eq!(names, [Some("a".to_owned()), Some("b".to_owned()), None]);
}

/// A normal deviate, of two parts of a sequence without gaps or runs.
fn deviate(state: &mut u64) -> f64 {
    let mut uniform = || {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((*state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
}

/// A lower triangle L with L Lᵀ = the matrix.
fn root(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut found = vec![vec![0.0; matrix.len()]; matrix.len()];
    for row in 0..matrix.len() {
        for column in 0..=row {
            let rest = matrix[row][column] - (0..column).map(|k| found[row][k] * found[column][k]).sum::<f64>();
            found[row][column] = if row == column { rest.sqrt() } else { rest / found[column][column] };
        }
    }
    found
}

#[test]
fn errors_are_those_of_drawn_parameters() {
    let table = drawn(3_000);
    for kind in [BtydModelKind::MbgNbd, BtydModelKind::ParetoNbd] {
        let (purchases, spend) = fits(&table, kind);
        let forecast = forecast_lifetime_value(&table, &purchases, &spend, LifetimeValueOptions::new(26)).unwrap();
        let root = root(forecast.log_covariance.as_ref().unwrap());
        let names: Vec<_> = purchases.parameters.iter().chain(&spend.parameters).collect();
        let mut state = 42;
        let some = Table::new(40);
        let some = ["x", "t_x", "T", "mean_spend"].into_iter().fold(some, |some, name| {
            let column = (0..40).map(|row| number(&table, row, name)).collect::<Vec<_>>();
            some.with(name, column).unwrap()
        });
        let forecast = forecast_lifetime_value(&some, &purchases, &spend, LifetimeValueOptions::new(26)).unwrap();
        let draws: Vec<f64> = (0..3_000)
            .map(|_| {
                let deviates: Vec<f64> = (0..7).map(|_| deviate(&mut state)).collect();
                let moved: Vec<f64> = (0..7)
                    .map(|row| names[row].value * (0..=row).map(|k| root[row][k] * deviates[k]).sum::<f64>().exp())
                    .collect();
                let mut model = serde_json::to_value(purchases.model).unwrap();
                for (parameter, value) in names.iter().zip(&moved).take(4) {
                    model[&parameter.name] = (*value).into();
                }
                let model = LifetimeValueModel {
                    purchases: serde_json::from_value(model).unwrap(),
                    spend: GammaGamma { p: moved[4], q: moved[5], v: moved[6] },
                    options: LifetimeValueOptions::new(26),
                };
                sum(&model.score(&some).unwrap(), "predicted_value").ln()
            })
            .collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let spread = (draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64).sqrt();
        let summary = forecast.to_summary_table().unwrap();
        let at = |name: &str| number(&summary, 0, name).unwrap();
        let told = at("predicted_standard_error") / at("predicted_value");
        assert!((told / spread - 1.0).abs() < 0.08, "{kind:?}: {told} {spread}");
    }
}

#[test]
fn a_value_for_ever_is_where_horizons_lead() {
    let customer = table_of(&[(3, 20.0, 24.0, Some(30.0), None), (0, 0.0, 30.0, None, None)]);
    let for_ever = model(2, LifetimeValueOptions::endless(0.02).period(4.0)).score(&customer).unwrap();
    assert!(for_ever.column("expected_purchases").is_err());
    let purchases = model(2, LifetimeValueOptions::new(1)).purchases;
    for (row, one) in [(3, 20.0, 24.0, None, None), (0, 0.0, 30.0, None, None)].iter().enumerate() {
        // Purchases of short times, longer the later they are, each discounted from its middle.
        let (mut at, mut before, mut sum) = (0.0, 0.0, 0.0);
        while at < 3_000.0 {
            let next = at + f64::max(0.05, 0.002 * at);
            let bought = expected(&purchases, one, next);
            sum += (bought - before) * 1.02f64.powf(-(at + next) / 2.0 / 4.0);
            (at, before) = (next, bought);
        }
        let found = number(&for_ever, row, "discounted_purchases").unwrap();
        assert!(close(sum, found, 1e-5), "{row}: {sum} {found}");
    }
}

#[test]
fn values_are_those_of_lifetimes() {
    // lifetimes 0.11.3: 12 months of 4.345 weeks at 1 % a month; its fits of its own summary of CDNOW.
    let model = LifetimeValueModel {
        purchases: serde_json::from_str(
            r#"{"model":"bg_nbd","r":0.24259292827982148,"alpha":4.413532265271809,"a":0.7928859664406578,"b":2.4257523826257374}"#,
        )
        .unwrap(),
        spend: GammaGamma { p: 6.24880249607099, q: 3.7445884609237634, v: 15.447748064943575 },
        options: LifetimeValueOptions::new(12).period(4.345).discount_rate(0.01),
    };
    let mut worst = 0.0f64;
    for line in include_str!("../../../../testdata/golden/lifetimes_clv_cdnow.csv").lines().skip(1) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let [_, x, t_x, age, mean_spend, spend, value, _] = cells[..] else { panic!("{line}") };
        let history = PurchaseHistory::new(x as u32, t_x, age).unwrap();
        let found = model.predict(&history, &SpendHistory::new(x as u32, mean_spend).unwrap()).unwrap();
        worst = worst.max((found.expected_spend.unwrap() / spend - 1.0).abs());
        worst = worst.max((found.predicted_value.unwrap() / value - 1.0).abs());
    }
    assert!(worst < 1e-9, "{worst:e}");
}

#[test]
fn what_cannot_be_valued_is_refused() {
    let table = table_of(&[(3, 20.0, 24.0, Some(30.0), None)]);
    let refused = |model: LifetimeValueModel, kind: ErrorKind, what: &str| {
        let error = model.score(&table).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(what), "{error}");
    };
    let invalid = ErrorKind::InvalidArgument;
    let new = LifetimeValueOptions::new;
    refused(model(0, new(0)), invalid, "period_count is 0");
    refused(model(0, new(10_001)), invalid, "period_count is 10001");
    refused(model(0, new(1).period(0.0)), invalid, "period is 0");
    refused(model(0, new(1).discount_rate(-0.1)), invalid, "discount_rate is -0.1");
    refused(model(0, new(1).margin_ratio(f64::NAN)), invalid, "margin_ratio is NaN");
    refused(model(2, LifetimeValueOptions::endless(0.0)), invalid, "takes a discount_rate above 0");
    refused(model(0, LifetimeValueOptions::endless(0.1)), invalid, "bg_nbd has no value for ever");
    let mut contracts = model(0, new(1));
    contracts.purchases = serde_json::from_str(r#"{"model":"shifted_beta_geometric","alpha":0.7,"beta":1.2}"#).unwrap();
    refused(contracts, invalid, "take bg_nbd, mbg_nbd or pareto_nbd");
    let mut broken = model(0, new(1));
    broken.spend.q = -1.0;
    refused(broken, ErrorKind::InvalidDefinition, "q of gamma_gamma is -1");
    let win_back = |options: WinBackOptions, what: &str| {
        let error = model(0, new(1)).rank_win_back(&table, &options).unwrap_err();
        assert!(error.kind() == invalid && error.to_string().contains(what), "{error}");
    };
    win_back(WinBackOptions::new(-1.0), "silent_at_least is -1");
    win_back(WinBackOptions::new(1.0).capacity(0), "capacity is 0");
    win_back(WinBackOptions::new(1.0).horizon(0.0), "horizon is 0");
    let error =
        model(2, LifetimeValueOptions::endless(0.1)).rank_win_back(&table, &WinBackOptions::new(1.0)).unwrap_err();
    assert!(error.to_string().contains("say within which horizon"), "{error}");
    for (values, ratios, what) in [
        (vec![None], vec![0.5], "none of 1 values is known"),
        (vec![Some(-1.0)], vec![0.5], "a value is -1"),
        (vec![Some(1.0)], vec![0.0], "a share of customers is 0"),
    ] {
        let error = share_of_top(&values, &ratios).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    let shares = share_of_top(&[Some(1.0), Some(3.0)], &[0.5]).unwrap();
    assert_eq!(number(&ValueShare::table(&shares).unwrap(), 0, "value_ratio"), Some(0.75));
    let drawn = drawn(300);
    let (purchases, spend) = fits(&drawn, BtydModelKind::BgNbd);
    let error = forecast_lifetime_value(&drawn, &purchases, &purchases, new(1)).unwrap_err();
    assert!(error.to_string().contains("the fit of spend is of bg_nbd"), "{error}");
    let forecast = forecast_lifetime_value(&drawn, &purchases, &spend, new(1)).unwrap();
    let mut broken = purchases;
    broken.covariance.as_mut().unwrap()[2].pop();
    let error = forecast_lifetime_value(&drawn, &broken, &spend, new(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    // What the data do not settle has no interval.
    broken.covariance = None;
    let unsure = forecast_lifetime_value(&drawn, &broken, &spend, new(1)).unwrap().to_summary_table().unwrap();
    assert!(unsure.get(0, "predicted_low").is_none() && unsure.get(0, "predicted_value").is_some());
    let error = forecast.to_group_table(&by(vec![1i64]), "group").unwrap_err();
    assert!(error.to_string().contains("1 rows where there are 300 customers"), "{error}");
    let error = forecast.to_group_table(&drawn, ValueGroups::cohorts("T", CalendarPeriod::Month)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
}
