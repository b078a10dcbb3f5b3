//! Takes part in the side-by-side runs of `benches/peers`, by the protocol of its README.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};
use userops::error::{Error, ErrorKind, Result};
use userops::event::EventSchema;
use userops::ingest::Mapping;
use userops::log::EventLog;
use userops::playbook::{EvaluateOptions, Playbook};
use userops::profile::{ProfileOptions, build_profiles};
use userops::sample::{self, SampleOptions};
use userops_benches::answer;
use userops_benches::tag::tag_rules;
use userops_io::LogReader;

/// A host that moves gigabytes brings an allocator that keeps memory, as the peers' packages do: the system's gives columns back after
/// each answer, and asking for them again costs as much as filling them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The playbook that the workload "playbook" evaluates, and what its sample log is like.
const CONTENT_APP: &str = include_str!("../../../examples/playbooks/content_app.toml");
const CONTENT_APP_ZONE: &str = "Asia/Shanghai";
const EVENTS_PER_USER: u32 = 140;

/// What the command line asks for.
struct Job {
    workload: String,
    data: PathBuf,
    events: String,
    reps: usize,
    text_ids: bool,
}

fn main() -> ExitCode {
    match Job::parse(std::env::args().skip(1)).and_then(|job| job.run()) {
        Ok(line) => match writeln!(io::stdout(), "{line}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

impl Job {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let workload = words.next().ok_or_else(|| invalid("the first word is the workload".to_owned()))?;
        let mut job = Self { workload, data: PathBuf::new(), events: String::new(), reps: 5, text_ids: false };
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| invalid(format!("{option} takes a value")))?;
            match option.as_str() {
                "--data" => job.data = value.into(),
                "--n" => job.events = value,
                "--reps" => job.reps = value.parse().map_err(|_| invalid(format!("--reps {value:?} is no number")))?,
                "--ids" => job.text_ids = value == "string",
                other => return Err(invalid(format!("there is no option {other}"))),
            }
        }
        Ok(job)
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.data.join(format!("ev_{}.{extension}", self.events))
    }

    fn read(&self, path: &Path) -> Result<EventLog> {
        let user = if self.text_ids { "user_id" } else { "uid" };
        let mapping = Mapping::new(user, "ts").event("event").minor_amount("amount");
        let mapping = ["country", "channel", "device"].into_iter().fold(mapping, Mapping::property);
        let mapping = if self.text_ids { mapping } else { mapping.user_type(userops::ingest::UserIdType::Integer) };
        let (log, report) = LogReader::new(EventSchema::default(), mapping).file(path).read()?;
        if report.rejected > 0 || report.duplicate > 0 {
            return Err(invalid(format!("{}: {report}", path.display())));
        }
        Ok(log)
    }

    fn count(&self, log: &EventLog) -> Result<Value> {
        Ok(match self.workload.as_str() {
            "funnel" => json!(answer::funnel_counts(log)?),
            "retention" => json!(answer::retention_cells(log)?),
            "activity" => json!(answer::active_users(log)?),
            _ => json!(answer::growth_rows(log)?),
        })
    }

    fn run(&self) -> Result<String> {
        let (line, reps_ms, peak_rss_kb);
        match self.workload.as_str() {
            "load_parquet" | "load_csv" => {
                let path = self.file(self.workload.trim_start_matches("load_"));
                let (times, log) = repeat(self.reps, || self.read(&path))?;
                (reps_ms, peak_rss_kb) = (times, peak_rss()?);
                line = json!({ "answer": answer::load_digest(&log)? });
            }
            "rfm" | "profile" => {
                let start = Instant::now();
                let log = self.read(&self.file("parquet"))?;
                let prepare_ms = milliseconds(start);
                if self.workload == "rfm" {
                    let (times, cells) = repeat(self.reps, || answer::rfm_cells(&log))?;
                    (reps_ms, peak_rss_kb) = (times, peak_rss()?);
                    line = json!({ "answer": cells, "prepare_ms": prepare_ms });
                } else {
                    let (times, profiles) = repeat(self.reps, || answer::profiles(&log))?;
                    (reps_ms, peak_rss_kb) = (times, peak_rss()?);
                    line = json!({ "answer": answer::profile_digest(&log, &profiles)?, "prepare_ms": prepare_ms });
                }
            }
            "funnel" | "retention" | "activity" | "growth" => {
                let start = Instant::now();
                let log = self.read(&self.file("parquet"))?;
                let prepare_ms = milliseconds(start);
                let (times, counts) = repeat(self.reps, || self.count(&log))?;
                (reps_ms, peak_rss_kb) = (times, peak_rss()?);
                line = json!({ "answer": counts, "prepare_ms": prepare_ms });
            }
            "job" => {
                let path = self.file("parquet");
                let (times, answers) = repeat(self.reps, || answer::whole_job(self.read(&path)?))?;
                (reps_ms, peak_rss_kb) = (times, peak_rss()?);
                line = json!({ "answer": answers.to_json()? });
            }
            "tags" | "algebra" | "one_tag" => {
                (line, reps_ms) = self.tags()?;
                peak_rss_kb = peak_rss()?;
            }
            "playbook" => {
                let start = Instant::now();
                let events: u32 =
                    self.events.parse().map_err(|_| invalid(format!("--n {} is no number", self.events)))?;
                let options = SampleOptions::default().users(events / EVENTS_PER_USER).zone(CONTENT_APP_ZONE.parse()?);
                let log = sample::content_app(options)?;
                let playbook = Playbook::from_toml(CONTENT_APP)?;
                let prepare_ms = milliseconds(start);
                let as_of = log.time_span().map_or_else(Default::default, |(_, last)| last);
                let (profile_ms, _) = repeat(self.reps, || build_profiles(&log, as_of, ProfileOptions::core()))?;
                let evaluate = EvaluateOptions::new();
                let (times, outcome) = repeat(self.reps, || playbook.evaluate(&log, as_of, &evaluate))?;
                (reps_ms, peak_rss_kb) = (times, peak_rss()?);
                let stages: usize = outcome.stage_counts().iter().map(|(_, users)| users).sum();
                let answer = [log.event_count(), log.user_count(), stages];
                line = json!({ "answer": answer, "prepare_ms": prepare_ms, "profile_ms": profile_ms });
            }
            other => return Err(invalid(format!("there is no workload {other:?}"))),
        }
        let mut line = line;
        line["workload"] = json!(self.workload);
        line["reps_ms"] = json!(reps_ms);
        line["peak_rss_kb"] = json!(peak_rss_kb);
        Ok(line.to_string())
    }

    /// The twenty tags, what is joined of them, or each tag alone.
    fn tags(&self) -> Result<(Value, Vec<f64>)> {
        let start = Instant::now();
        let log = self.read(&self.file("parquet"))?;
        let rules = tag_rules();
        let tags = answer::truths(&log, &rules)?;
        let prepare_ms = milliseconds(start);
        let (mut each_ms, mut first) = (Vec::new(), None);
        let (times, counts) = match self.workload.as_str() {
            "tags" => repeat(self.reps, || answer::tag_counts(&log))?,
            "algebra" => repeat(self.reps, || Ok(answer::triple_counts(&tags)))?,
            _ => {
                for rule in &rules {
                    let (times, counts) = repeat(self.reps, || answer::one_tag_count(&log, rule))?;
                    each_ms.push(times.iter().copied().fold(f64::INFINITY, f64::min));
                    first = first.or(Some((times, counts)));
                }
                first.unwrap_or_default()
            }
        };
        let mut line = json!({ "answer": counts, "prepare_ms": prepare_ms });
        if !each_ms.is_empty() {
            line["each_ms"] = json!(each_ms);
        }
        Ok((line, times))
    }
}

/// Does the work so many times, freeing each answer before the next, and gives the times and the last answer.
fn repeat<T>(reps: usize, work: impl Fn() -> Result<T>) -> Result<(Vec<f64>, T)> {
    let mut times = Vec::new();
    let mut answer = None;
    for _ in 0..reps.max(1) {
        drop(answer.take());
        let start = Instant::now();
        answer = Some(work()?);
        times.push(milliseconds(start));
    }
    answer.map(|answer| (times, answer)).ok_or_else(|| invalid("nothing was done".to_owned()))
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The high-water mark of this process's memory, in kB.
fn peak_rss() -> Result<u64> {
    let failed = |reason: String| Error::new(ErrorKind::Io, format!("/proc/self/status: {reason}"));
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| failed(error.to_string()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
    number.ok_or_else(|| failed("no VmHWM".to_owned()))
}
