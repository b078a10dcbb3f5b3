//! The models against what papers and other packages print, to the digits that they print.

use serde_json::Value;
use userops::btyd::{
    BgNbd, BtydModel, BtydModelKind, BtydScoreOptions, OccasionHistory, ParetoNbd, PurchaseHistory, SpendHistory,
    fit_btyd,
};

use super::golden::{customers, donors, float, json, number, numbers};

fn published() -> Value {
    json(include_str!("../../../../../testdata/golden/published_reference.json"))
}

/// Holds a number against one that is printed with so many decimals, give or take `units` of the last.
fn check(what: &str, found: f64, printed: f64, decimals: i32, units: f64) {
    let unit = 10f64.powi(-decimals);
    assert!((found - printed).abs() <= (0.5 + units) * unit, "{what}: {found}, printed {printed}");
}

/// The customers of the tables in the BTYD vignette: repeats, the last one, the age.
fn vignette_customers() -> Vec<PurchaseHistory> {
    let others = [10, 15, 20, 25].map(|x| PurchaseHistory::new(x, 20.0, 39.0).unwrap());
    std::iter::once(PurchaseHistory::new(26, 216.0 / 7.0, 31.0).unwrap()).chain(others).collect()
}

#[test]
fn bg_nbd_is_as_printed() {
    let golden = &published()["BG/NBD CDNOW"];
    let vignette = &golden["BTYD 2.4.3 vignette"];
    let p = |name: &str| number(&vignette[name]);
    // The vignette's own estimates, which are a hair beside the maximum.
    let model = BgNbd { r: p("r"), alpha: p("alpha"), a: p("a"), b: p("b") };
    check("a new customer", model.expected_new_purchases(52.0), p("E_new_52w"), 6, 1.0);
    let one = &vignette["cust1516_x26_tx30.857_T31"];
    let few = vignette_customers();
    // Its estimates are printed with seven digits, of which answers have five.
    let near = |what: &str, found: f64, printed: f64| {
        assert!((found / printed - 1.0).abs() < 1e-5, "{what}: {found}, printed {printed}");
    };
    near("customer 1516", model.expected_purchases(&few[0], 52.0), number(&one["E52"]));
    near("customer 1516", model.alive_probability(&few[0]), number(&one["p_alive"]));
    for (customer, printed) in few[1..].iter().zip(numbers(&vignette["x10..25_tx20_T39_E52"])) {
        near("more and more", model.expected_purchases(customer, 52.0), printed);
    }
    // What is printed of the 39 weeks after, by the number of repeats.
    let table = customers_with_scores(BtydModel::BgNbd(model));
    let classes = numbers(&vignette["holdout39w_by_x_0..7+"]).into_iter().zip(numbers(&vignette["n_by_x"]));
    for (repeats, (printed, count)) in classes.enumerate() {
        let own: Vec<f64> = table.iter().filter(|row| row.0.min(7) == repeats as u32).map(|row| row.1).collect();
        assert_eq!(own.len() as f64, count);
        near("39 weeks", own.iter().sum::<f64>() / count, printed);
    }
    let other = &golden["CLVTools"];
    let fit = fit_btyd(&customers(), BtydModelKind::BgNbd).unwrap();
    for parameter in &fit.parameters {
        // An optimizer that stops early is good to four digits.
        check(&parameter.name, parameter.value, number(&other[&parameter.name]), 4, 0.5);
    }
    check("log-likelihood", fit.log_likelihood, number(&other["LL"]), 3, 0.0);
    check("log-likelihood", fit.log_likelihood, number(&golden["LL"]), 1, 0.0);
}

/// Repeats of each customer, and what a model expects of the 39 weeks after.
fn customers_with_scores(model: BtydModel) -> Vec<(u32, f64)> {
    let table = customers();
    let scores = model.score(&table, BtydScoreOptions::default().horizon(39.0)).unwrap();
    let repeats = |row: usize| match table.get(row, "x") {
        Some(userops::value::ValueRef::Integer(x)) => x as u32,
        other => panic!("{other:?}"),
    };
    (0..table.row_count()).map(|row| (repeats(row), float(&scores, row, "expected_purchases"))).collect()
}

#[test]
fn pareto_nbd_is_as_printed() {
    let golden = &published()["Pareto/NBD CDNOW"];
    let fit = fit_btyd(&customers(), BtydModelKind::ParetoNbd).unwrap();
    check("log-likelihood", fit.log_likelihood, number(&golden["CLVTools"]["LL"]), 3, 0.0);
    check("log-likelihood", fit.log_likelihood, number(&golden["LL"]), 1, 0.0);
    let errors = numbers(&golden["CLVTools"]["SE"]);
    for (parameter, error) in fit.parameters.iter().zip(errors) {
        // Theirs are by differences at a point beside the maximum.
        let found = parameter.standard_error.unwrap();
        assert!((found / error - 1.0).abs() < 2e-4, "{}: {found}, printed {error}", parameter.name);
    }
    // The vignette prints its estimates with three or four digits only, beside the maximum: its answers are ours to three.
    let BtydModel::ParetoNbd(model) = fit.model else { panic!("{:?}", fit.model) };
    let vignette = &golden["BTYD vignette"];
    let near = |what: &str, found: f64, printed: f64| {
        assert!((found / printed - 1.0).abs() < 1e-3, "{what}: {found}, printed {printed}");
    };
    near("a new customer", model.expected_new_purchases(52.0), number(&vignette["E_new_52w"]));
    let few = vignette_customers();
    near("customer 1516", model.expected_purchases(&few[0], 52.0), number(&vignette["cust1516"]["E52"]));
    near("customer 1516", model.alive_probability(&few[0]), number(&vignette["cust1516"]["p_alive"]));
    for (customer, printed) in few[1..].iter().zip(numbers(&vignette["x10..25_tx20_T39_E52"])) {
        near("more and more", model.expected_purchases(customer, 52.0), printed);
    }
    let once = PurchaseHistory::new(0, 0.0, 39.0).unwrap();
    near("once", model.alive_probability(&once), number(&vignette["p_alive_x0_T39"]));
    let rounded = ParetoNbd { r: 0.553, alpha: 10.578, s: 0.606, beta: 11.669 };
    for ((name, value), (_, printed)) in
        BtydModel::ParetoNbd(model).parameters().into_iter().zip(BtydModel::ParetoNbd(rounded).parameters())
    {
        assert_eq!(number(&golden["params"][name]), printed);
        check(name, value, printed, 3, 1.0);
    }
}

#[test]
fn spend_and_donors_are_as_printed() {
    let golden = &published()["Gamma-Gamma CDNOW (946 repeaters)"];
    let table = customers();
    let fit = fit_btyd(&table, BtydModelKind::GammaGamma).unwrap();
    let BtydModel::GammaGamma(model) = fit.model else { panic!("{:?}", fit.model) };
    let printed = numbers(&golden["E_spend_first10_ids_hardie_sheet"]);
    for (row, printed) in printed.into_iter().enumerate() {
        let repeats = table.get(row, "x").map(|x| x.to_string().parse().unwrap()).unwrap();
        let mean = if repeats == 0 { 0.0 } else { float(&table, row, "mean_spend") };
        let found = model.expected_spend(&SpendHistory::new(repeats, mean).unwrap()).unwrap();
        // The sheet takes mean amounts of two decimals.
        check("spend", found, printed, 2, 1.0);
    }
    check("log-likelihood", fit.log_likelihood, number(&golden["LL"]), 4, 0.0);

    let golden = &published()["BG/BB donations 1995 cohort (11,104 donors)"];
    let fit = fit_btyd(&donors(), BtydModelKind::BgBb).unwrap();
    check("log-likelihood", fit.log_likelihood, number(&golden["BTYD"]["LL"]), 2, 0.0);
    let BtydModel::BgBb(model) = fit.model else { panic!("{:?}", fit.model) };
    for (occasions, printed) in (1..).zip(numbers(&golden["E_new_1..11"])) {
        check("a new donor", model.expected_new_purchases(occasions), printed, 4, 0.5);
    }
    let other = &golden["BTYD"];
    for (what, (x, t_x)) in [("E10_x0_tx0_n6", (0, 0)), ("E10_x4_tx5_n6", (4, 5))] {
        let history = OccasionHistory::new(x, t_x, 6).unwrap();
        let (found, printed) = (model.expected_purchases(&history, 10), number(&other[what]));
        assert!((found / printed - 1.0).abs() < 1e-4, "{what}: {found}, printed {printed}");
    }
    let alive = numbers(&golden["p_alive_2002 (0,0)(2,4)(6,6)"]);
    for ((x, t_x), printed) in [(0, 0), (2, 4), (6, 6)].into_iter().zip(alive) {
        let history = OccasionHistory::new(x, t_x, 6).unwrap();
        check("there at the next occasion", model.alive_probability(&history), printed, 2, 0.0);
    }
}
