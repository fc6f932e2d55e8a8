//! The simulator in every test run: seeds enough to meet each kind of misfortune many times (P1 to P3, P5, P6, P22), and
//! the canary by which its failures can be repeated (P24). `cargo run --release -p farcall-tests --bin simulate` runs
//! any number more.

use farcall_tests::sim;
use farcall_tests::sim::coverage::Coverage;

const STEPS: u64 = 200;

#[test]
fn nothing_is_lost_repeated_or_left_over_however_connections_break() {
    let (mut resumes, mut cuts, mut coverage) = (0, 0, Coverage::new());
    for seed in 1..=6_000 {
        let run = sim::run(seed, STEPS);
        if let Some(violation) = run.violation {
            panic!("seed {seed}: {violation}\n{}", sim::command(seed, STEPS));
        }
        coverage.add(&run.coverage);
        (resumes, cuts) = (resumes + run.counts.resumes, cuts + run.counts.cuts);
    }
    assert!(resumes > 10_000 && cuts > 10_000, "{resumes} resumes, {cuts} cuts: too tame to tell anything");
    assert_eq!(coverage.missing(), [], "pairs of a state and what happens in it that never were");
    assert_eq!(coverage.wrong(), [], "pairs that were said to be impossible");
}

#[test]
fn a_seed_runs_the_same_twice() {
    for seed in 1..=300 {
        let (one, other) = (sim::run(seed, STEPS), sim::run(seed, STEPS));
        assert_eq!((one.trace, one.counts), (other.trace, other.counts), "seed {seed}");
        assert_eq!(one.coverage, other.coverage, "seed {seed}");
    }
}
