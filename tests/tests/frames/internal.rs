//! Failures that are nobody's business: the peer gets a reference, the log gets the rest.

use std::fmt;
use std::io;

use farcall_client::{CallError, Failed};
use farcall_server::{Admission, Bare, Failure, Reply, ServerConfig, route};
use farcall_tests::log::Log;
use farcall_tests::{Over, Table};

const SECRET: &str = "/var/lib/game/saves/ann.sav";

#[derive(Debug)]
struct LoadError(io::Error);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot load {SECRET}")
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn load(name: &str) -> Result<u32, LoadError> {
    match name {
        "ann" => Ok(7),
        _ => Err(LoadError(io::Error::other("the disk is on fire"))),
    }
}

#[route]
fn level(name: String) -> Result<u32, Failure<String>> {
    if name.is_empty() {
        return Err(Failure::Handler("a name, please".into()));
    }
    Ok(load(&name)?)
}

#[route]
async fn level_later(name: String) -> Result<u32, Failure> {
    tokio::task::yield_now().await;
    Ok(load(&name)?)
}

#[route]
fn level_replied(reply: Reply<Result<u32, Failure<String>>>, name: String) {
    reply.answer(load(&name).map_err(Failure::from));
}

fn name(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn an_internal_error_is_logged_here_and_only_referred_to_there() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _until_dropped = tracing::subscriber::set_default(subscriber);
    let config = ServerConfig {
        bare: Bare::Named(vec!["level", "level_later", "level_replied"]),
        ..ServerConfig::default()
    };
    let table = Table::start(Over::Memory, config, Admission::anonymous()).await;
    let client = table.connect(table.player("ann")).await.unwrap();
    let session = client.session();
    assert_eq!(session.call::<_, Result<u32, String>>("level", (name("ann"),)).await, Ok(7));
    let refused = session.call::<_, Result<u32, String>>("level", (name(""),)).await;
    assert_eq!(refused, Err(CallError::Handler("a name, please".into())));

    let now = session.call::<_, Result<u32, String>>("level", (name("bob"),)).await.unwrap_err();
    let later = session
        .call::<_, u32>("level_later", (name("bob"),))
        .await
        .unwrap_err()
        .map_handler(|no| match no {});
    let replied = session.call::<_, Result<u32, String>>("level_replied", (name("bob"),)).await.unwrap_err();
    let logged = log.take();
    for error in [now, later, replied] {
        let CallError::Failed(Failed::Internal { reference }) = error else { panic!("{error:?}") };
        assert!(error.may_have_run() && !error.may_retry());
        let said = format!("{error} {error:?}");
        assert!(!said.contains(SECRET) && !said.contains("fire"), "the peer learns nothing: {said}");
        let line = logged.iter().find(|line| line.contains(&format!("{reference:08x}"))).expect("a line");
        assert!(line.contains("ERROR") && line.contains("uid=ann"), "{line}");
        assert!(line.contains(&format!("cannot load {SECRET}: the disk is on fire")), "{line}");
    }
}
