//! Calls as log lines: one in each direction, the trace id crossing the wire, arguments with secrets left out, and
//! nothing at all when nobody listens.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use farcall_client::ClientConfig;
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, Context, Server, ServerConfig, route};
use tracing::Level;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

#[contract(served_by = server)]
trait Vault {
    async fn open(who: String, #[secret] pin: u32) -> bool;
    async fn relay(text: String) -> String;
}

#[contract(served_by = client)]
trait Owner {
    async fn confirm(text: String) -> String;
}

#[route(Vault::open)]
fn open(_who: String, pin: u32) -> bool {
    pin == 1_234
}

#[route(Vault::relay)]
async fn relay(ctx: Context, text: String) -> String {
    ctx.peer().confirm(text).await.unwrap_or_default()
}

#[route(Owner::confirm)]
fn confirm(text: String) -> String {
    text.to_uppercase()
}

/// Keeps what is logged under Farcall's target, with its level.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<(Level, String)>>>);

impl Kept {
    fn lines(&self, level: Level) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|(at, _)| *at == level).map(|(_, line)| line.clone()).collect()
    }
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Kept {
    fn on_event(&self, event: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        if event.metadata().target() == "farcall" {
            let mut words = Words(String::new());
            event.record(&mut words);
            self.0.lock().unwrap().push((*event.metadata().level(), words.0));
        }
    }
}

/// What is logged while a player opens the vault and has a text relayed.
fn logged_at(level: Level) -> Kept {
    // One after the other: whether an event is wanted at all is kept for the whole process, and worked out anew
    // whenever a subscriber comes or goes on any thread.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = Kept::default();
    let filter = tracing_subscriber::filter::LevelFilter::from_level(level);
    let subscriber = Registry::default().with(kept.clone().with_filter(filter));
    // One thread, so that the subscriber of this thread sees both ends.
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let config = ServerConfig { serves: contracts![Vault], ..ServerConfig::default() };
            let server = Server::in_memory(config, Admission::anonymous()).unwrap();
            let config = ClientConfig { serves: contracts![Owner], ..ClientConfig::new("", "ann").unwrap() };
            let stream = server.dialer().connect().await.unwrap();
            let ann = farcall_client::Client::over(stream, config).await.unwrap();
            assert_eq!(ann.open("ann", 1_234).await, Ok(true));
            assert_eq!(ann.relay("psst").await.as_deref(), Ok("PSST"));
            ann.session().leave().await;
            server.shutdown(std::time::Duration::ZERO).await;
        });
    });
    kept
}

fn field<'a>(line: &'a str, name: &str) -> &'a str {
    line.split(' ').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).expect(name)
}

#[test]
fn info_has_a_line_for_each_session_event_and_none_for_calls() {
    let kept = logged_at(Level::INFO);
    let lines = kept.lines(Level::INFO);
    assert_eq!(lines.iter().filter(|line| line.contains("opened")).count(), 2, "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.contains("closed")).count(), 2, "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("Vault")), "{lines:#?}");
}

#[test]
fn debug_has_one_line_for_each_call_at_each_end_and_one_trace_follows_a_cause_across_the_wire() {
    let kept = logged_at(Level::DEBUG);
    let lines = kept.lines(Level::DEBUG);
    let of = |words: &str| lines.iter().filter(|line| line.contains(words)).collect::<Vec<_>>();
    let opened = of("ann → Vault.open");
    assert_eq!(opened.len(), 2, "{lines:#?}");
    assert!(opened.iter().all(|line| line.contains(" B ok ") && line.contains(" ms")), "{opened:#?}");
    let (relayed, confirmed) = (of("ann → Vault.relay"), of("server → ann: Owner.confirm"));
    assert_eq!((relayed.len(), confirmed.len()), (2, 2));
    let trace = field(relayed[0], "trace");
    assert!(relayed.iter().chain(&confirmed).all(|line| field(line, "trace") == trace), "{lines:#?}");
    assert_ne!(field(opened[0], "trace"), trace);
    assert!(lines.iter().all(|line| !line.contains("psst")), "arguments are not for this level");
}

#[test]
fn trace_has_the_arguments_and_never_a_secret() {
    let kept = logged_at(Level::TRACE);
    let lines = kept.lines(Level::TRACE);
    let opened: Vec<_> = lines.iter().filter(|line| line.contains("Vault.open(")).collect();
    assert_eq!(opened.len(), 2, "{lines:#?}");
    assert!(opened.iter().all(|line| line.contains(r#"who: "ann", pin: ***"#)), "{opened:#?}");
    let all = kept.0.lock().unwrap();
    assert!(all.iter().all(|(_, line)| !line.contains("1234")), "a secret in {all:#?}");
}
