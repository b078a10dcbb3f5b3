//! Transitions, forecasts and back-tests against plain vectors.

use proptest::prelude::*;
use userops::column::TextColumn;
use userops::error::ErrorKind;
use userops::lifecycle::{
    LifecycleDefinition, Newcomers, StageDefinition, StageMix, TransitionMatrix, back_test, forecast_mix,
    mix_over_time, pool_transitions, transition_matrix,
};
use userops::rule::Measure;
use userops::time::Timestamp;

const STAGES: [&str; 3] = ["young", "old", "gone"];

fn definition() -> LifecycleDefinition {
    let stage =
        |(least, name): (usize, &&str)| StageDefinition::new(*name, Measure::count("x").at_least(3 - least as i64));
    LifecycleDefinition::new(STAGES.iter().enumerate().map(stage).collect())
}

/// Stages of the same users at several instants; 3 stands for no stage.
fn stages() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1usize..30, 2usize..7)
        .prop_flat_map(|(users, instants)| prop::collection::vec(prop::collection::vec(0usize..4, users), instants))
}

fn column(stages: &[usize]) -> TextColumn {
    stages.iter().map(|stage| STAGES.get(*stage).copied()).collect()
}

/// Shares of moves from each stage to each other and to none, over all pairs of neighbours.
fn naive_shares(stages: &[Vec<usize>]) -> Vec<Vec<f64>> {
    let mut counts = vec![vec![0.0; 4]; 4];
    for pair in stages.windows(2) {
        for (from, to) in pair[0].iter().zip(&pair[1]) {
            counts[*from][*to] += 1.0;
        }
    }
    counts[3][3] = 0.0;
    for (stage, row) in counts.iter_mut().enumerate() {
        let total: f64 = row.iter().sum();
        if total == 0.0 && stage < 3 {
            row[stage] = 1.0;
        } else if total > 0.0 {
            row.iter_mut().for_each(|cell| *cell /= total);
        }
    }
    counts
}

fn naive_forecast(now: &[f64], stages: &[Vec<usize>], newcomers: f64, periods: u32) -> Vec<f64> {
    let shares = naive_shares(stages);
    (0..periods).fold(now.to_vec(), |now, _| {
        (0..3)
            .map(|to| (0..3).map(|from| now[from] * shares[from][to]).sum::<f64>() + newcomers * shares[3][to])
            .collect()
    })
}

fn newcomers_seen(stages: &[Vec<usize>]) -> f64 {
    let came = |pair: &[Vec<usize>]| pair[0].iter().zip(&pair[1]).filter(|(from, to)| **from == 3 && **to < 3).count();
    stages.windows(2).map(came).sum::<usize>() as f64 / (stages.len() - 1) as f64
}

fn instants(count: usize) -> Vec<Timestamp> {
    (0..count as i64).map(Timestamp::from_micros).collect()
}

proptest! {
    #[test]
    fn transitions_count_every_user_once(stages in stages()) {
        let (before, after) = (&stages[0], &stages[1]);
        let matrix = TransitionMatrix::between(&definition(), &column(before), &column(after)).unwrap();
        let by_name = transition_matrix(&column(before), &column(after)).unwrap();
        let name = |stage: usize| STAGES.get(stage).copied();
        for from in 0..4 {
            for to in 0..4 {
                let expected = before.iter().zip(after).filter(|pair| *pair == (&from, &to)).count() as u64;
                prop_assert_eq!(matrix.count(name(from), name(to)).unwrap(), expected);
                let known = |stage: usize| stage == 3 || before.contains(&stage) || after.contains(&stage);
                if known(from) && known(to) {
                    prop_assert_eq!(by_name.count(name(from), name(to)).unwrap(), expected);
                }
            }
            let expected = before.iter().filter(|stage| **stage == from).count() as u64;
            prop_assert_eq!(matrix.count_before(name(from)).unwrap(), expected, "rows sum to who was there");
            let expected = after.iter().filter(|stage| **stage == from).count() as u64;
            prop_assert_eq!(matrix.count_after(name(from)).unwrap(), expected);
        }
        prop_assert_eq!(matrix.user_count(), before.len() as u64);
        let moved = before.iter().zip(after).filter(|(from, to)| from != to).count() as u64;
        prop_assert_eq!((matrix.moved_count(), by_name.moved_count()), (moved, moved));
        let table = matrix.to_table().unwrap();
        let cells: std::collections::BTreeSet<_> = before.iter().zip(after).collect();
        prop_assert_eq!(table.row_count(), cells.len());
        let json = serde_json::to_string(&matrix).unwrap();
        prop_assert_eq!(serde_json::from_str::<TransitionMatrix>(&json).unwrap(), matrix);
    }

    #[test]
    fn a_forecast_is_the_power_of_a_matrix(stages in stages(), periods in 0u32..6) {
        let definition = definition();
        let columns: Vec<TextColumn> = stages.iter().map(|stages| column(stages)).collect();
        let pooled = pool_transitions(&definition, &columns).unwrap();
        let mixes = mix_over_time(&definition, &instants(columns.len()), &columns).unwrap();
        let mix = mixes.mixes.last().unwrap();
        let forecast = forecast_mix(&pooled, mix, periods, Newcomers::AsObserved).unwrap();
        let now: Vec<f64> = mix.user_counts.iter().map(|count| *count as f64).collect();
        let seen = newcomers_seen(&stages);
        prop_assert!((forecast.newcomers_per_period - seen).abs() < 1e-9);
        for (ahead, users) in forecast.user_counts.iter().enumerate() {
            let expected = naive_forecast(&now, &stages, seen, ahead as u32);
            prop_assert!(users.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9), "{users:?} {expected:?}");
        }
        // Users are conserved: newcomers come, others leave, nobody is lost.
        for (pair, left) in forecast.user_counts.windows(2).zip(&forecast.left_counts) {
            let (before, after): (f64, f64) = (pair[0].iter().sum(), pair[1].iter().sum());
            prop_assert!((after - before - forecast.newcomers_per_period + left).abs() < 1e-9);
        }
        prop_assert_eq!(forecast.to_table().unwrap().row_count(), 3 * (periods as usize + 1));
        let closed = forecast_mix(&pooled, mix, periods, Newcomers::None).unwrap();
        prop_assert!(closed.user_counts.last().unwrap().iter().sum::<f64>() <= now.iter().sum::<f64>() + 1e-9);
    }

    #[test]
    fn a_back_test_is_the_forecast_of_then_beside_what_came(stages in stages(), periods in 1u32..4) {
        let definition = definition();
        let columns: Vec<TextColumn> = stages.iter().map(|stages| column(stages)).collect();
        let result = back_test(&definition, &instants(columns.len()), &columns, periods, Newcomers::AsObserved);
        if stages.len() < periods as usize + 2 {
            prop_assert_eq!(result.unwrap_err().kind(), ErrorKind::Empty);
            return Ok(());
        }
        let test = result.unwrap();
        let made = stages.len() - 1 - periods as usize;
        prop_assert_eq!(test.made_at, Timestamp::from_micros(made as i64));
        let count = |at: usize, stage: usize| stages[at].iter().filter(|found| **found == stage).count() as f64;
        let now: Vec<f64> = (0..3).map(|stage| count(made, stage)).collect();
        let past = &stages[..=made];
        for stage in 0..3 {
            let (mut users, mut shares) = (Vec::new(), Vec::new());
            for ahead in 1..=periods {
                let expected = naive_forecast(&now, past, newcomers_seen(past), ahead);
                let actual: Vec<f64> = (0..3).map(|stage| count(made + ahead as usize, stage)).collect();
                users.push((expected[stage] - actual[stage]).abs());
                let (all, there) = (expected.iter().sum::<f64>(), actual.iter().sum::<f64>());
                if all > 0.0 && there > 0.0 {
                    shares.push((expected[stage] / all - actual[stage] / there).abs());
                }
            }
            let mean = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len().max(1) as f64;
            prop_assert!((test.error_users[stage] - mean(&users)).abs() < 1e-9);
            prop_assert!((test.error_ratios[stage] - mean(&shares)).abs() < 1e-9);
        }
        prop_assert_eq!(test.to_table().unwrap().row_count(), 3 * periods as usize);
    }
}

#[test]
fn a_forecast_states_what_it_does_not_know() {
    let definition = definition();
    let columns = [column(&[0, 0, 1]), column(&[0, 1, 1])];
    let pooled = pool_transitions(&definition, &columns).unwrap();
    let mix = StageMix { at: Timestamp::from_micros(0), user_counts: vec![2, 0, 5], none_count: 0 };
    let forecast = forecast_mix(&pooled, &mix, 1, Newcomers::AsObserved).unwrap();
    assert_eq!(forecast.unobserved_stages, ["gone"]);
    assert_eq!(forecast.user_counts[1], [1.0, 1.0, 5.0], "who is in an unseen stage stays");
    let refused = |newcomers| forecast_mix(&pooled, &mix, 1, newcomers).unwrap_err().kind();
    assert_eq!(refused(Newcomers::PerPeriod(1.0)), ErrorKind::InvalidArgument, "nobody was seen to come in");
    assert_eq!(refused(Newcomers::PerPeriod(f64::NAN)), ErrorKind::InvalidArgument);
    assert_eq!(refused(Newcomers::PerPeriod(-1.0)), ErrorKind::InvalidArgument);
    let far = forecast_mix(&pooled, &mix, 1_001, Newcomers::None).unwrap_err();
    assert_eq!(far.kind(), ErrorKind::LimitExceeded);
    assert_eq!(pool_transitions(&definition, &columns[..1]).unwrap_err().kind(), ErrorKind::Empty);
    let short = transition_matrix(&columns[0], &column(&[0])).unwrap_err();
    assert_eq!(short.kind(), ErrorKind::InvalidArgument);
    let stranger: TextColumn = [Some("oldd"), None, None].into_iter().collect();
    let error = TransitionMatrix::between(&definition, &columns[0], &stranger).unwrap_err();
    assert!(error.to_string().contains("did you mean \"old\"?"), "{error}");
}
