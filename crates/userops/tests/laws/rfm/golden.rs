//! The CDNOW sample: every customer's scores and groups, as worked out elsewhere.

use std::collections::BTreeMap;

use userops::score::rfm::{
    BinMethod, CellScheme, EightGroupOptions, EightGroupScheme, Measures, Nesting, RfmModel, RfmOptions, ThresholdKind,
    ValueGroup,
};
use userops::score::{Comparison, CutValues};

const CDNOW: &str = include_str!("../../../../../testdata/golden/rfm_cdnow.csv");
const CUSTOMER_COUNT: usize = 2_357;

struct Golden {
    header: Vec<&'static str>,
    rows: Vec<Vec<&'static str>>,
}

impl Golden {
    fn read() -> Self {
        let mut lines = CDNOW.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let rows: Vec<_> = lines.collect();
        assert_eq!(rows.len(), CUSTOMER_COUNT);
        Self { header, rows }
    }

    fn texts(&self, name: &str) -> Vec<&'static str> {
        let place = self.header.iter().position(|column| *column == name).unwrap();
        self.rows.iter().map(|row| row[place]).collect()
    }

    fn integers(&self, name: &str) -> Vec<i64> {
        self.texts(name).iter().map(|text| text.parse().unwrap()).collect()
    }

    fn measures(&self) -> [Vec<i64>; 3] {
        ["recency_days", "purchase_days", "amount_minor"].map(|name| self.integers(name))
    }
}

fn check_scores(options: impl Into<RfmOptions>, column: &str) -> RfmModel {
    let golden = Golden::read();
    let [recency, frequency, monetary] = golden.measures();
    let measures = Measures::new(&recency, &frequency, &monetary);
    let model = RfmModel::fit(&measures, options).unwrap();
    let scores = model.score_columns(&measures).unwrap();
    for (row, (score, expected)) in scores.iter().zip(golden.texts(column)).enumerate() {
        assert_eq!(score.to_string(), expected, "customer in row {row}");
        assert_eq!(model.score(&measures.get(row).unwrap()).unwrap(), score);
    }
    model
}

#[test]
fn low_rank_scores_are_those_of_every_customer() {
    let model = check_scores(RfmOptions::new(), "low_rank");
    // More than half bought on one day only, so that the cuts for scores 2 and 3 are the same, and nobody has a 2.
    assert_eq!(*model.frequency_cuts(1).values(), CutValues::Integer(vec![1, 1, 2, 4]));
}

#[test]
fn quantile_scores_are_those_of_every_customer() {
    let model = check_scores(BinMethod::Quantile, "quantile");
    assert_eq!(*model.recency_cuts().values(), CutValues::Integer(vec![512, 486, 442, 152]));
    assert_eq!(*model.frequency_cuts(1).values(), CutValues::Integer(vec![2, 4]));
    // The quantiles are 15.36, 31.958, 59.25 and 130.436 dollars.
    assert_eq!(*model.monetary_cuts(1, 1).values(), CutValues::Integer(vec![1_536, 3_195, 5_925, 13_043]));
}

#[test]
fn nested_scores_are_those_of_every_customer() {
    check_scores(Nesting::Nested, "nested");
}

#[test]
fn quantile_cuts_of_floats_are_the_quantiles() {
    let golden = Golden::read();
    let [recency, frequency, monetary] = golden.measures();
    let dollars: Vec<f64> = monetary.iter().map(|cents| *cents as f64 / 100.0).collect();
    let measures = Measures::new(&recency, &frequency, &dollars);
    let model = RfmModel::fit(&measures, BinMethod::Quantile).unwrap();
    let CutValues::Float(cuts) = model.monetary_cuts(1, 1).values() else { panic!("cuts of floats are floats") };
    for (cut, quantile) in cuts.iter().zip([15.36, 31.958, 59.25, 130.436]) {
        assert!((cut - quantile).abs() < 1e-9, "{cut} is not {quantile}");
    }
    for (score, expected) in model.score_columns(&measures).unwrap().iter().zip(golden.texts("quantile")) {
        assert_eq!(score.to_string(), expected);
    }
}

#[test]
fn ten_segments_are_those_of_every_customer() {
    let golden = Golden::read();
    let [recency, frequency, monetary] = golden.measures();
    let measures = Measures::new(&recency, &frequency, &monetary);
    let model = RfmModel::fit(&measures, RfmOptions::new()).unwrap();
    let scheme = CellScheme::ten_segments();
    let scores = model.score_columns(&measures).unwrap();
    let mut counts = BTreeMap::new();
    for ((score, place), expected) in
        scores.iter().zip(scheme.segments(&scores).unwrap()).zip(golden.texts("ten_segments"))
    {
        let name = scheme.names()[usize::from(place)].as_str();
        assert_eq!((name, scheme.segment(score).unwrap()), (expected, expected));
        *counts.entry(name).or_insert(0) += 1;
    }
    let expected = [
        ("about_to_sleep", 349),
        ("at_risk", 81),
        ("cant_lose", 3),
        ("champions", 413),
        ("hibernating", 869),
        ("loyal_customers", 310),
        ("need_attention", 82),
        ("potential_loyalists", 250),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

fn digits(group: ValueGroup) -> &'static str {
    match group.chinese_name() {
        "重要价值" => "111",
        "重要发展" => "101",
        "重要保持" => "011",
        "重要挽留" => "001",
        "一般价值" => "110",
        "一般发展" => "100",
        "一般保持" => "010",
        "一般挽留" => "000",
        other => panic!("{other} is none of the eight"),
    }
}

/// Checks every customer, and returns the number in each group.
fn check_groups(options: &EightGroupOptions, column: &str) -> BTreeMap<ValueGroup, usize> {
    let golden = Golden::read();
    let [recency, frequency, monetary] = golden.measures();
    let measures = Measures::new(&recency, &frequency, &monetary);
    let scheme = EightGroupScheme::fit(&measures, options).unwrap();
    let mut counts = BTreeMap::new();
    for (row, (group, expected)) in scheme.groups(&measures).unwrap().into_iter().zip(golden.texts(column)).enumerate()
    {
        assert_eq!(digits(group), expected, "customer in row {row}");
        assert_eq!(scheme.group(&measures.get(row).unwrap()).unwrap(), group);
        *counts.entry(group).or_insert(0) += 1;
    }
    counts
}

#[test]
fn eight_groups_by_the_mean_are_those_of_every_customer() {
    for (comparison, column) in [(Comparison::AtLeast, "mean_at_least"), (Comparison::Above, "mean_above")] {
        let counts = check_groups(&EightGroupOptions::new().comparison(comparison), column);
        assert_eq!(counts[&ValueGroup::OrdinaryRetain], 1_368);
        assert_eq!(counts[&ValueGroup::ImportantValue], 464);
    }
}

#[test]
fn the_median_with_at_least_leaves_ordinary_retain_empty_and_with_above_fills_it() {
    let median = EightGroupOptions::from(ThresholdKind::Median);
    let counts = check_groups(&median, "median_at_least");
    assert_eq!(counts.get(&ValueGroup::OrdinaryRetain), None);
    assert_eq!(counts[&ValueGroup::ImportantValue], 909);
    let counts = check_groups(&median.clone().comparison(Comparison::Above), "median_above");
    assert_eq!(counts[&ValueGroup::OrdinaryRetain], 864);
    assert_eq!(counts.len(), 8);
}
