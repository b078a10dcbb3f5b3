//! Invented customers of whom the truth is known: how they come and leave, and that complaints make them leave.

use userops::event::{Event, EventSchema};
use userops::log::EventLog;
use userops::time::{MICROS_PER_DAY, Timestamp};
use userops::warning::{
    WarningFeature, WarningNoteKind, WarningOptions, WarningRanking, WarningScoreOptions, fit_warning,
};

/// As many as the laws of large numbers ask for, and a debug build can take.
const CUSTOMERS: i64 = 12_000;
const DAYS: f64 = 400.0;

/// A stream of uniform numbers between 0 and 1: SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }
}

/// Customers come at rates Γ(1, 20 days) and leave after a purchase with a probability B(1, 12); where `complain` says
/// so, one purchase in eight is followed by a complaint, and three in four of those who complain leave.
fn log(seed: u64, complain: bool) -> EventLog {
    let mut random = Random(seed);
    let start = "2025-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_micros();
    let at = |days: f64| Timestamp::from_micros(start + (days * MICROS_PER_DAY as f64) as i64);
    let mut events = Vec::new();
    for user in 0..CUSTOMERS {
        let rate = random.exponential() / 20.0;
        let leaves = 1.0 - random.unit().powf(1.0 / 12.0);
        let mut now = random.unit() * 300.0;
        while now < DAYS {
            events.push(Event::new(user, at(now), "order"));
            let mut chance = leaves;
            if complain && random.unit() < 0.125 {
                events.push(Event::new(user, at(now + 0.001), "complain"));
                chance = 0.75;
            }
            if random.unit() < chance {
                break;
            }
            now += random.exponential() / rate;
        }
    }
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

fn options() -> WarningOptions {
    WarningOptions::new("order").horizon_days(30).silence_days_max(60)
}

fn as_of() -> Timestamp {
    let start = "2025-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_micros();
    Timestamp::from_micros(start + DAYS as i64 * MICROS_PER_DAY)
}

#[test]
fn where_the_rhythm_is_the_truth_the_model_is_as_good_and_calibrated() {
    let fit = fit_warning(&log(11, false), as_of(), options()).unwrap();
    let of = |ranking| fit.evaluation(ranking).unwrap();
    let (model, rhythm) = (of(WarningRanking::Model), of(WarningRanking::NoActivityProbability));
    // Nothing is in a better order than the truth; a sample of this size tells no two orders apart that differ by less.
    assert!(model.auc.unwrap() > rhythm.auc.unwrap() - 0.005, "{:?} {:?}", model.auc, rhythm.auc);
    assert!(model.auc.unwrap() > of(WarningRanking::SilenceDays).auc.unwrap() + 0.02);
    assert!(model.brier_score.unwrap() < of(WarningRanking::BaseRatio).brier_score.unwrap());
    for bin in &model.bins {
        let p = bin.predicted_ratio;
        let error = (p * (1.0 - p) / bin.user_count as f64).sqrt();
        // Bins are ten, and the calibration itself is of a sample.
        assert!((bin.observed_ratio - p).abs() < 4.0 * error + 0.01, "{bin:?}");
    }
    assert!(model.expected_calibration_error.unwrap() < 0.03, "{model:?}");
}

#[test]
fn where_complaints_make_customers_leave_the_model_finds_out() {
    let (log, options) = (log(12, true), options().complaints("complain"));
    let fit = fit_warning(&log, as_of(), &options).unwrap();
    assert!(fit.notes.iter().all(|note| note.kind != WarningNoteKind::NoAdvantage), "{:?}", fit.notes);
    let auc = |ranking| fit.evaluation(ranking).unwrap().auc.unwrap();
    for simpler in [WarningRanking::NoActivityProbability, WarningRanking::GoneProbability, WarningRanking::SilenceDays]
    {
        assert!(
            auc(WarningRanking::Model) > auc(simpler) + 0.02,
            "{simpler:?} {} {}",
            auc(WarningRanking::Model),
            auc(simpler)
        );
    }
    let complaints = fit.model.coefficients.iter().find(|one| one.feature == WarningFeature::ComplaintCount).unwrap();
    assert!(complaints.coefficient > 5.0 * complaints.standard_error.unwrap(), "{complaints:?}");

    let scores = fit.model.score(&log, as_of(), WarningScoreOptions::default()).unwrap();
    let complained = scores.scores.iter().find(|one| one.features.complaint_count == Some(2)).unwrap();
    let reasons = scores.reasons(complained);
    assert!(reasons.iter().any(|reason| reason.feature == WarningFeature::ComplaintCount), "{reasons:?}");
    let words = fit.model.reason_text(&complained.features, WarningFeature::ComplaintCount);
    assert_eq!(words, "2 complaints in the last 30 days");
}
