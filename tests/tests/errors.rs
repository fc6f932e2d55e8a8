//! The two questions that a caller has of a failed call, answered for every way in which one can fail: may I call
//! again, and may it have run?

use std::time::Duration;

use farcall_client::{CallError, Failed, NotExecuted};
use farcall_protocol::Signature;

/// Every ending without a value, with what it answers: may retry, may have run.
fn all() -> Vec<(CallError<String>, bool, bool)> {
    let second = Duration::from_secs(1);
    let never = |why| CallError::NotExecuted(why);
    vec![
        // It ran.
        (CallError::Handler("no".into()), false, true),
        (CallError::Failed(Failed::Panicked), false, true),
        (CallError::Failed(Failed::Internal { reference: 7 }), false, true),
        (CallError::Failed(Failed::Abandoned), false, true),
        (CallError::Failed(Failed::BadReply), false, true),
        // Nobody here can know.
        (CallError::DeadlineExceeded, false, true),
        (CallError::Cancelled, false, true),
        (CallError::Indeterminate, false, true),
        // It did not run, and might another time.
        (never(NotExecuted::Busy), true, false),
        (never(NotExecuted::TooManyInFlight), true, false),
        (never(NotExecuted::RateLimited { retry_after: second }), true, false),
        (never(NotExecuted::Draining), true, false),
        (never(NotExecuted::NeverSent), true, false),
        (never(NotExecuted::Expired), true, false),
        // It did not run, and would not another time.
        (never(NotExecuted::UnknownRoute), false, false),
        (never(NotExecuted::SignatureMismatch { ours: Signature(1), theirs: Signature(2) }), false, false),
        (never(NotExecuted::BadArguments), false, false),
        (never(NotExecuted::Forbidden), false, false),
        (never(NotExecuted::TooDeep), false, false),
        (never(NotExecuted::Reentrant), false, false),
        (never(NotExecuted::TooLarge { bytes: 9, max: 8 }), false, false),
        (never(NotExecuted::DeadlineTooLong { asked: second * 2, max: second }), false, false),
        (never(NotExecuted::Unencodable), false, false),
    ]
}

/// Does not compile when a way to fail is added that `all` may not have.
const fn is_listed(error: &CallError<String>) -> bool {
    match error {
        CallError::Handler(_)
        | CallError::DeadlineExceeded
        | CallError::Cancelled
        | CallError::Indeterminate => true,
        CallError::Failed(how) => match how {
            Failed::Panicked | Failed::Internal { .. } | Failed::Abandoned | Failed::BadReply => true,
        },
        CallError::NotExecuted(why) => match why {
            NotExecuted::UnknownRoute
            | NotExecuted::SignatureMismatch { .. }
            | NotExecuted::BadArguments
            | NotExecuted::Forbidden
            | NotExecuted::RateLimited { .. }
            | NotExecuted::Busy
            | NotExecuted::TooManyInFlight
            | NotExecuted::TooDeep
            | NotExecuted::Reentrant
            | NotExecuted::TooLarge { .. }
            | NotExecuted::Draining
            | NotExecuted::NeverSent
            | NotExecuted::Expired
            | NotExecuted::DeadlineTooLong { .. }
            | NotExecuted::Unencodable => true,
        },
    }
}

#[test]
fn every_ending_answers_both_questions() {
    for (error, may_retry, may_have_run) in all() {
        assert!(is_listed(&error));
        assert_eq!((error.may_retry(), error.may_have_run()), (may_retry, may_have_run), "{error:?}");
        assert!(!(error.may_retry() && error.may_have_run()), "{error:?}: called again it could run twice");
    }
}

#[test]
fn every_ending_has_words_of_its_own() {
    let mut words: Vec<String> = all().iter().map(|(error, ..)| error.to_string()).collect();
    assert!(words.iter().all(|words| !words.is_empty() && !words.contains('{')), "{words:#?}");
    words.sort();
    let count = words.len();
    words.dedup();
    assert_eq!(words.len(), count, "two endings read the same: {words:#?}");
}
