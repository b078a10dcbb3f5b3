//! Cases of RFM: scores and segments, schemes of cells, and the eight value groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::error::Result;
use userops::event::EventSchema;
use userops::id::UserId;
use userops::score::rfm::{
    BuyerOptions, CellScheme, EightGroupOptions, EightGroupScheme, FrequencyMeasure, Measures, MonetaryMeasure,
    RfmModel, RfmOptions, RfmScore, RfmScores, SegmentRule, Split, UserMeasures, ValueGroup, measure_buyers,
};
use userops::score::{CutValues, Cuts, MeasureValue, MeasureValues};
use userops::time::Timestamp;

use super::ingest::{EventInput, read_events};
use super::{Judge, Verdict};

/// A column of whole numbers, or of floats.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Numbers {
    Integer(Vec<i64>),
    Float(Vec<f64>),
}

impl Numbers {
    pub(super) fn values(&self) -> MeasureValues<'_> {
        match self {
            Self::Integer(values) => values.into(),
            Self::Float(values) => values.into(),
        }
    }

    fn of(values: MeasureValues<'_>) -> Self {
        match values {
            MeasureValues::Integer(values) => Self::Integer(values.to_vec()),
            MeasureValues::Float(values) => Self::Float(values.to_vec()),
        }
    }

    fn of_cuts(cuts: &Cuts) -> Self {
        match cuts.values() {
            CutValues::Integer(cuts) => Self::Integer(cuts.clone()),
            CutValues::Float(cuts) => Self::Float(cuts.clone()),
        }
    }

    fn reversed(mut self) -> Self {
        match &mut self {
            Self::Integer(values) => values.reverse(),
            Self::Float(values) => values.reverse(),
        }
        self
    }
}

/// Three columns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasuresInput {
    recency: Numbers,
    frequency: Numbers,
    monetary: Numbers,
}

impl MeasuresInput {
    fn measures(&self) -> Measures<'_> {
        Measures::new(self.recency.values(), self.frequency.values(), self.monetary.values())
    }

    fn of(measures: Measures<'_>) -> Self {
        Self {
            recency: Numbers::of(measures.recency),
            frequency: Numbers::of(measures.frequency),
            monetary: Numbers::of(measures.monetary),
        }
    }

    fn reversed(self) -> Self {
        Self {
            recency: self.recency.reversed(),
            frequency: self.frequency.reversed(),
            monetary: self.monetary.reversed(),
        }
    }
}

/// Scores of measures, given or made from orders.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RfmCase {
    measures: Option<MeasuresInput>,
    #[serde(default)]
    schema: EventSchema,
    events: Option<Vec<EventInput>>,
    as_of: Option<Timestamp>,
    buyers: Option<BuyerOptions>,
    options: Option<RfmOptions>,
    /// Users who were not in the population.
    #[serde(default)]
    newcomers: Vec<UserMeasures>,
    expect: RfmExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RfmExpect {
    scores: Option<Vec<String>>,
    segments: Option<Vec<String>>,
    newcomers: Option<Vec<String>>,
    users: Option<Vec<UserId>>,
    measures: Option<MeasuresInput>,
    cuts: Option<CutsExpect>,
    /// The cuts within each recency score.
    nested_frequency_cuts: Option<Vec<Numbers>>,
    /// The cuts within each recency score and, in it, each frequency score.
    nested_monetary_cuts: Option<Vec<Vec<Numbers>>>,
    frequency_measure: Option<FrequencyMeasure>,
    monetary_measure: Option<MonetaryMeasure>,
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CutsExpect {
    recency: Option<Numbers>,
    frequency: Option<Numbers>,
    monetary: Option<Numbers>,
}

impl Judge for RfmCase {
    fn judge(mut self, verdict: &mut Verdict) {
        let measures = match (self.measures.take(), self.events.take(), self.as_of, self.buyers.take()) {
            (Some(measures), None, None, None) => measures,
            (None, Some(events), Some(as_of), Some(buyers)) => {
                let Some(measures) = self.measure(&events, as_of, buyers, verdict) else { return };
                measures
            }
            _ => return verdict.fail("states neither measures nor events, as_of and buyers"),
        };
        verdict.equal("the measures", self.expect.measures.as_ref(), &measures);
        let options = self.options.take().unwrap_or_default();
        let fitted = RfmModel::fit(&measures.measures(), options.clone());
        let Some(model) = verdict.result(self.expect.refused.as_deref(), fitted) else { return };
        self.judge_model(&model, verdict);
        let scores = model.score_columns(&measures.measures()).unwrap();
        self.judge_scores(&model, &measures, &scores, verdict);

        // The order of users has no effect.
        let reversed = measures.reversed();
        let again = RfmModel::fit(&reversed.measures(), options).unwrap();
        if again != model {
            verdict.fail("the model depends on the order of users");
        }
        let mut backwards: Vec<RfmScore> = again.score_columns(&reversed.measures()).unwrap().iter().collect();
        backwards.reverse();
        if backwards != scores.iter().collect::<Vec<_>>() {
            verdict.fail("the scores depend on the order of users");
        }
    }
}

impl RfmCase {
    /// The measures of the buyers; states what they are in the options, where the case has none.
    fn measure(
        &mut self,
        events: &[EventInput],
        as_of: Timestamp,
        options: BuyerOptions,
        verdict: &mut Verdict,
    ) -> Option<MeasuresInput> {
        let (log, _) = read_events(self.schema.clone(), events).unwrap();
        let buyers = match measure_buyers(&log, as_of, options) {
            Ok(buyers) => buyers,
            refused => {
                verdict.result(self.expect.refused.as_deref(), refused);
                return None;
            }
        };
        let all: Vec<UserId> = log.users().iter().map(userops::id::UserIdRef::to_owned).collect();
        let users = buyers.users().iter().map(|user| all[user.index()].clone()).collect();
        verdict.equal("the buyers", self.expect.users.as_ref(), &users);
        self.options.get_or_insert(buyers.rfm_options());
        Some(MeasuresInput::of(buyers.measures()))
    }

    fn judge_model(&self, model: &RfmModel, verdict: &mut Verdict) {
        let expect = &self.expect;
        if let Some(cuts) = &expect.cuts {
            for (name, expected, actual) in [
                ("recency", &cuts.recency, model.recency_cuts()),
                ("frequency", &cuts.frequency, model.frequency_cuts(1)),
                ("monetary", &cuts.monetary, model.monetary_cuts(1, 1)),
            ] {
                verdict.equal(&format!("the cuts of {name}"), expected.as_ref(), &Numbers::of_cuts(actual));
            }
        }
        let scores = usize::from(model.recency_cuts().level_max());
        let lens =
            [expect.nested_frequency_cuts.as_ref().map(Vec::len), expect.nested_monetary_cuts.as_ref().map(Vec::len)];
        for len in lens {
            verdict.equal("the number of recency scores", len, scores);
        }
        if let Some(cuts) = &expect.nested_frequency_cuts {
            for (expected, score) in cuts.iter().zip(1..) {
                let actual = Numbers::of_cuts(model.frequency_cuts(score));
                verdict.equal(&format!("the cuts of frequency within R{score}"), Some(expected), &actual);
            }
        }
        for (cuts, recency) in expect.nested_monetary_cuts.iter().flatten().zip(1..) {
            let scores = usize::from(model.frequency_cuts(recency).level_max());
            verdict.equal(&format!("the number of frequency scores within R{recency}"), Some(cuts.len()), scores);
            for (expected, frequency) in cuts.iter().zip(1..) {
                let actual = Numbers::of_cuts(model.monetary_cuts(recency, frequency));
                verdict.equal(&format!("the cuts of money within R{recency} F{frequency}"), Some(expected), &actual);
            }
        }
        verdict.equal("the frequency", expect.frequency_measure, model.options().frequency_measure);
        verdict.equal("the monetary value", expect.monetary_measure, model.options().monetary_measure);
        let newcomers = self.newcomers.iter().map(|user| model.score(user).unwrap().to_string()).collect();
        verdict.equal("the scores of newcomers", expect.newcomers.as_ref(), &newcomers);
    }

    fn judge_scores(&self, model: &RfmModel, measures: &MeasuresInput, scores: &RfmScores, verdict: &mut Verdict) {
        let rows = measures.measures();
        let by_user: Vec<RfmScore> =
            (0..rows.user_count()).map(|row| model.score(&rows.get(row).unwrap()).unwrap()).collect();
        let texts = |scores: &[RfmScore]| scores.iter().map(RfmScore::to_string).collect::<Vec<_>>();
        verdict.equal("the scores by user", self.expect.scores.as_ref(), &texts(&by_user));
        verdict.equal("the scores in columns", self.expect.scores.as_ref(), &texts(&scores.iter().collect::<Vec<_>>()));
        let Some(expected) = &self.expect.segments else { return };
        let scheme = CellScheme::ten_segments();
        let segments: Vec<&str> = by_user.iter().map(|score| scheme.segment(*score).unwrap()).collect();
        verdict.equal("the segments", Some(expected.iter().map(String::as_str).collect()), segments);
        let places = scheme.segments(scores).unwrap();
        let names = places.iter().map(|place| scheme.names()[usize::from(*place)].clone()).collect();
        verdict.equal("the segments in columns", Some(expected), &names);
    }
}

/// Names of cells.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RfmSchemeCase {
    scheme: SchemeInput,
    expect: SchemeExpect,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SchemeInput {
    Named(String),
    Definition(toml::Table),
}

/// As the library reads a scheme, but not checked yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemeDefinition {
    bins: Option<[u8; 3]>,
    segments: Vec<SegmentRule>,
    remainder: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemeExpect {
    names: Option<Vec<String>>,
    /// The segment of each score.
    #[serde(default)]
    segments: BTreeMap<String, String>,
    /// How many of the cells of recency and frequency each segment has.
    cells: Option<BTreeMap<String, usize>>,
    /// Scores that the scheme does not know.
    #[serde(default)]
    outside: Vec<String>,
    refused: Option<String>,
    message: Option<String>,
}

fn read_scheme(input: SchemeInput) -> Result<CellScheme> {
    let table = match input {
        SchemeInput::Named(name) if name == "ten_segments" => return Ok(CellScheme::ten_segments()),
        SchemeInput::Named(name) => panic!("{name:?} is no scheme"),
        SchemeInput::Definition(table) => table,
    };
    let SchemeDefinition { bins, segments, remainder } = table.clone().try_into().unwrap();
    let made = CellScheme::new(bins.unwrap_or([5; 3]), segments, remainder);
    let read = table.try_into::<CellScheme>().ok();
    assert_eq!(made.as_ref().ok(), read.as_ref(), "what is read is not what is made");
    made
}

fn read_score(text: &str) -> RfmScore {
    let parts: Vec<String> = match text.contains('-') {
        true => text.split('-').map(str::to_owned).collect(),
        false => text.chars().map(String::from).collect(),
    };
    let [recency, frequency, monetary] = parts.as_slice() else { panic!("{text:?} is no score") };
    let number = |text: &String| text.parse().unwrap();
    RfmScore { recency: number(recency), frequency: number(frequency), monetary: number(monetary) }
}

impl Judge for RfmSchemeCase {
    fn judge(self, verdict: &mut Verdict) {
        let expect = self.expect;
        let made = read_scheme(self.scheme);
        if let (Some(part), Err(error)) = (&expect.message, &made) {
            verdict.equal(&format!("whether {error} says {part:?}"), Some(true), error.to_string().contains(part));
        }
        let Some(scheme) = verdict.result(expect.refused.as_deref(), made) else { return };
        verdict.equal("the names", expect.names.as_deref(), scheme.names());
        for (score, segment) in &expect.segments {
            let score = read_score(score);
            verdict.equal(&format!("the segment of {score}"), Some(segment.as_str()), scheme.segment(score).unwrap());
            let (recency, frequency, monetary) = (vec![score.recency], vec![score.frequency], vec![score.monetary]);
            let place = scheme.segments(&RfmScores { recency, frequency, monetary }).unwrap()[0];
            let name = &scheme.names()[usize::from(place)];
            verdict.equal(&format!("the segment of {score} in columns"), Some(segment), name);
        }
        for score in &expect.outside {
            let kind = scheme.segment(read_score(score)).map_err(|error| error.kind().name());
            verdict.equal(&format!("the segment of {score}"), Some(Err("invalid_argument")), kind);
        }
        if let Some(expected) = &expect.cells {
            let [recency_bins, frequency_bins, _] = scheme.bins();
            let mut cells = BTreeMap::new();
            for recency in 1..=recency_bins {
                for frequency in 1..=frequency_bins {
                    let segment = scheme.segment(RfmScore { recency, frequency, monetary: 1 }).unwrap();
                    *cells.entry(segment.to_owned()).or_insert(0) += 1;
                }
            }
            verdict.equal("the cells", Some(expected), &cells);
        }
    }
}

/// The eight groups.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueGroupCase {
    measures: MeasuresInput,
    #[serde(default)]
    options: EightGroupOptions,
    #[serde(default)]
    newcomers: Vec<UserMeasures>,
    expect: ValueGroupExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueGroupExpect {
    groups: Option<Vec<String>>,
    chinese: Option<Vec<String>>,
    newcomers: Option<Vec<String>>,
    thresholds: Option<ThresholdsExpect>,
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdsExpect {
    recency: Option<f64>,
    frequency: Option<f64>,
    monetary: Option<f64>,
}

impl Judge for ValueGroupCase {
    fn judge(self, verdict: &mut Verdict) {
        let (expect, measures) = (self.expect, self.measures);
        let fitted = EightGroupScheme::fit(&measures.measures(), self.options.clone());
        let Some(scheme) = verdict.result(expect.refused.as_deref(), fitted) else { return };
        let columns = scheme.groups(&measures.measures()).unwrap();
        let users = (0..measures.measures().user_count()).map(|row| measures.measures().get(row).unwrap());
        let by_user: Vec<ValueGroup> = users.map(|user| scheme.group(&user).unwrap()).collect();
        for (how, groups) in [("by user", &by_user), ("in columns", &columns)] {
            let names = groups.iter().map(|group| group.name().to_owned()).collect();
            verdict.equal(&format!("the groups {how}"), expect.groups.as_ref(), &names);
            let names = groups.iter().map(|group| group.chinese_name().to_owned()).collect();
            verdict.equal(&format!("the Chinese names {how}"), expect.chinese.as_ref(), &names);
        }
        let newcomers = self.newcomers.iter().map(|user| scheme.group(user).unwrap().name().to_owned()).collect();
        verdict.equal("the groups of newcomers", expect.newcomers.as_ref(), &newcomers);
        if let Some(thresholds) = &expect.thresholds {
            let threshold = |split: &Split| Some(MeasureValue::as_float(split.threshold()));
            verdict.close("the threshold of recency", thresholds.recency, threshold(&scheme.recency));
            verdict.close("the threshold of frequency", thresholds.frequency, threshold(&scheme.frequency));
            verdict.close("the threshold of money", thresholds.monetary, threshold(&scheme.monetary));
        }
        let reversed = measures.reversed();
        if EightGroupScheme::fit(&reversed.measures(), self.options).unwrap() != scheme {
            verdict.fail("the scheme depends on the order of users");
        }
    }
}
