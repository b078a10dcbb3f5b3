//! What is refused, and what the message says.

use userops::error::{Error, ErrorKind};
use userops::score::rfm::{
    BinMethod, EightGroupOptions, EightGroupScheme, Measures, RfmModel, RfmOptions, Thresholds, UserMeasures,
};
use userops::score::{Comparison, CutValues, Cuts, Direction, MeasureValue};

fn fit(options: impl Into<RfmOptions>) -> Result<RfmModel, Error> {
    RfmModel::fit(&Measures::new(&[1, 2, 3], &[1, 1, 2], &[10, 20, 30]), options)
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn an_empty_population_is_refused() {
    let none: [i64; 0] = [];
    let measures = Measures::new(&none, &none, &none);
    assert_refused(RfmModel::fit(&measures, RfmOptions::new()), ErrorKind::Empty, "no users");
    assert_refused(EightGroupScheme::fit(&measures, EightGroupOptions::new()), ErrorKind::Empty, "no users");
    assert!(fit(RfmOptions::new()).unwrap().score_columns(&measures).unwrap().is_empty());
}

#[test]
fn columns_that_differ_in_length_are_refused() {
    let measures = Measures::new(&[1, 2], &[1], &[1, 2]);
    assert_refused(
        RfmModel::fit(&measures, RfmOptions::new()),
        ErrorKind::InvalidArgument,
        "measure \"frequency\" has 1 rows where the others have 2",
    );
}

#[test]
fn numbers_that_are_not_finite_are_refused_with_their_row() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let monetary = [1.0, bad];
        let measures = Measures::new(&[1, 2], &[1, 1], &monetary);
        let words = format!("measure \"monetary\" is {bad} in row 1");
        assert_refused(RfmModel::fit(&measures, RfmOptions::new()), ErrorKind::InvalidArgument, &words);
        assert_refused(EightGroupScheme::fit(&measures, EightGroupOptions::new()), ErrorKind::InvalidArgument, &words);
    }
}

#[test]
fn another_type_than_fitted_on_is_refused() {
    let model = fit(RfmOptions::new()).unwrap();
    let user = UserMeasures::new(1i64, 1i64, 1.5);
    assert_refused(model.score(&user), ErrorKind::TypeMismatch, "monetary: the measure is of type float");
    let floats = [1.0];
    let measures = Measures::new(&floats, &[1], &[1]);
    assert_refused(model.score_columns(&measures), ErrorKind::TypeMismatch, "recency: the measure is of type float");
}

#[test]
fn bins_and_thresholds_out_of_reason_are_refused() {
    assert_refused(fit(RfmOptions::new().bins(1)), ErrorKind::InvalidArgument, "recency: 1 bins");
    assert_refused(fit(RfmOptions::new().bins(11)), ErrorKind::InvalidArgument, "2 to 10");
    let refuse = |cuts: Vec<f64>, words: &str| {
        assert_refused(fit(BinMethod::Thresholds(cuts.into())), ErrorKind::InvalidDefinition, words);
    };
    refuse(vec![], "no thresholds");
    refuse(vec![1.0, 3.0, 2.0], "3 comes before 2");
    refuse(vec![1.0, 1.0], "1 comes before 1");
    refuse(vec![f64::NAN], "NaN is not a threshold");
    refuse(vec![1.0, 2.0, 3.0, 4.0, 5.0], "5 thresholds make 6 bins");
    refuse(vec![1e300], "not a cut of whole values");
    let mixed = Thresholds(vec![MeasureValue::Integer(1), MeasureValue::Float(0.5)]);
    assert_refused(fit(BinMethod::Thresholds(mixed)), ErrorKind::InvalidDefinition, "1 comes before 0.5");
}

#[test]
fn cuts_out_of_order_are_refused() {
    let cuts = |direction| Cuts::new(direction, Comparison::Above, CutValues::Integer(vec![1, 2]));
    assert!(cuts(Direction::HigherIsBetter).is_ok());
    assert_refused(cuts(Direction::LowerIsBetter), ErrorKind::InvalidDefinition, "1 comes before 2");
    let cuts = Cuts::new(Direction::HigherIsBetter, Comparison::Above, CutValues::Float(vec![f64::INFINITY]));
    assert_refused(cuts, ErrorKind::InvalidDefinition, "inf is not a cut");
}

#[test]
fn a_model_whose_parts_do_not_fit_is_refused_when_read() {
    let json = serde_json::to_string(&fit(RfmOptions::new().bins(2)).unwrap()).unwrap();
    assert!(serde_json::from_str::<RfmModel>(&json).is_ok());
    for (part, broken) in [
        ("\"bins\":2", "\"bins\":20"),
        ("\"nesting\":\"independent\"", "\"nesting\":\"nested\""),
        ("\"direction\":\"lower_is_better\",\"bins\"", "\"direction\":\"higher_is_better\",\"bins\""),
        ("\"frequency\":[{", "\"frequency\":[],\"old\":[{"),
    ] {
        assert!(json.contains(part), "{part} in {json}");
        assert!(serde_json::from_str::<RfmModel>(&json.replace(part, broken)).is_err(), "{broken}");
    }
}

#[test]
fn a_sum_of_floats_beyond_their_range_is_refused() {
    let huge = [f64::MAX, f64::MAX];
    let measures = Measures::new(&huge, &huge, &huge);
    let error = EightGroupScheme::fit(&measures, EightGroupOptions::new());
    assert_refused(error, ErrorKind::LimitExceeded, "recency: the sum of 2 values");
}

#[test]
fn options_can_be_written_by_hand() {
    let text = r#"
        nesting = "nested"
        monetary_measure = "mean_per_order"
        [recency]
        name = "days_since_last"
        direction = "lower_is_better"
        method = { thresholds = [30, 90, 180.5] }
    "#;
    let options: RfmOptions = toml::from_str(text).unwrap();
    assert_eq!(options.names(), ["days_since_last", "frequency", "monetary"]);
    assert_eq!(options.recency.bins, 5);
    let model = fit(options).unwrap();
    assert_eq!(*model.recency_cuts().values(), CutValues::Integer(vec![180, 90, 30]));
    assert_eq!(model.recency_cuts().comparison(), Comparison::AtLeast);
    let unnamed = text.replace("direction = \"lower_is_better\"", "");
    assert!(toml::from_str::<RfmOptions>(&unnamed).unwrap_err().to_string().contains("missing field `direction`"));
}
