//! Drives the simulator at any budget: `simulate --seeds 1000000 --steps 400`. Prints what was run and what was found;
//! fails if any promise was broken, with the command that shows it again.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use farcall_tests::sim::coverage::Coverage;
use farcall_tests::sim::{self, Run};

/// Random sessions over connections that break, from seeds.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 20_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps of each, before everything is let come to rest.
    #[arg(long, default_value_t = 200)]
    steps: u64,
    /// Threads that share the seeds.
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// Print one line of JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Sums over all seeds.
#[derive(Debug, Default)]
struct Totals {
    seeds: u64,
    calls: u64,
    cuts: u64,
    attempts: u64,
    resumes: u64,
    takeovers: u64,
    dismissed: u64,
    closed: u64,
    not_executed: u64,
    indeterminate: u64,
    /// Order does not matter to it: threads finish as they like.
    trace: u64,
    coverage: Coverage,
    violations: Vec<(u64, String)>,
}

/// Broken promises that are shown; all are counted.
const SHOWN_MAX: usize = 5;

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Totals {
    fn add(&mut self, run: Run) {
        self.seeds += 1;
        self.calls += run.calls;
        self.cuts += run.counts.cuts;
        self.attempts += run.counts.attempts;
        self.resumes += run.counts.resumes;
        self.takeovers += run.counts.takeovers;
        self.dismissed += run.counts.dismissed;
        self.closed += u64::from(run.closed);
        self.not_executed += run.lost.0;
        self.indeterminate += run.lost.1;
        self.trace ^= run.trace.rotate_left((run.seed % 64) as u32);
        self.coverage.add(&run.coverage);
        if let Some(violation) = run.violation {
            let place = PLACE.with_borrow(Clone::clone);
            self.violations.push((run.seed, format!("{place}: {violation}")));
        }
    }

    fn join(mut self, mut other: Self) -> Self {
        self.seeds += other.seeds;
        self.calls += other.calls;
        self.cuts += other.cuts;
        self.attempts += other.attempts;
        self.resumes += other.resumes;
        self.takeovers += other.takeovers;
        self.dismissed += other.dismissed;
        self.closed += other.closed;
        self.not_executed += other.not_executed;
        self.indeterminate += other.indeterminate;
        self.trace ^= other.trace;
        self.coverage.add(&other.coverage);
        self.violations.append(&mut other.violations);
        self
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A broken promise is printed once, below, with its seed.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PLACE.with_borrow_mut(|last| *last = place);
    }));
    let began = Instant::now();
    let mut totals = share(&arguments);
    totals.violations.sort();
    print(&arguments, &totals, began.elapsed().as_secs_f64());
    if totals.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn share(arguments: &Arguments) -> Totals {
    let &Arguments { seeds, seed, steps, threads, .. } = arguments;
    let threads = threads.clamp(1, 256);
    let part = |thread: u64| {
        let mut totals = Totals::default();
        (0..seeds)
            .filter(|nth| nth % threads == thread)
            .for_each(|nth| totals.add(sim::run(seed.wrapping_add(nth), steps)));
        totals
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
        parts.into_iter().fold(Totals::default(), |sum, part| sum.join(part.join().expect("a part")))
    })
}

fn print(arguments: &Arguments, totals: &Totals, seconds: f64) {
    let Totals { seeds, calls, cuts, attempts, resumes, takeovers, dismissed, closed, .. } = totals;
    let Totals { not_executed, indeterminate, trace, violations, coverage, .. } = totals;
    let possible = Coverage::possible();
    let missing = coverage.missing();
    let missing: Vec<_> =
        missing.iter().map(|(side, state, what)| format!("{side} {state:?} {what:?}")).collect();
    let hit = possible - missing.len();
    let (steps, rate) = (arguments.steps, totals.seeds as f64 / seconds.max(1e-9));
    if arguments.json {
        println!(
            "{{\"seeds\":{seeds},\"steps\":{steps},\"calls\":{calls},\"cuts\":{cuts},\"attempts\":{attempts},\
             \"resumes\":{resumes},\"takeovers\":{takeovers},\"dismissed\":{dismissed},\"closed\":{closed},\
             \"not_executed\":{not_executed},\"indeterminate\":{indeterminate},\"violations\":{},\
             \"pairs_hit\":{hit},\"pairs_possible\":{possible},\"pairs_missing\":{missing:?},\
             \"trace\":\"{trace:016x}\",\"seconds\":{seconds:.3},\"seeds_per_second\":{rate:.0}}}",
            violations.len()
        );
    } else {
        println!("seeds       {seeds} of {steps} steps, in {seconds:.1} s: {rate:.0} a second");
        println!("calls       {calls}; {not_executed} not executed, {indeterminate} indeterminate");
        println!("cuts        {cuts}");
        println!(
            "returns     {attempts} tried, {resumes} given back, {takeovers} took over, {dismissed} dismissed"
        );
        println!("closed      {closed} sessions before the end");
        println!("trace       {trace:016x}");
        println!("pairs       {hit} of {possible} of a state and what happens in it");
        missing.iter().for_each(|pair| println!("missing     {pair}"));
        println!("violations  {}", violations.len());
    }
    for (seed, violation) in violations.iter().take(SHOWN_MAX) {
        eprintln!("\nseed {seed}: {}\n  {}", violation.replace('\n', "\n  "), sim::command(*seed, steps));
    }
}
