//! `farcall listen`: a player that prints what it is sent and answers what it is asked, without any contract.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use farcall_client::{Client, CloseReason, RawAnswer, RawCall, Routes};
use farcall_protocol::{RouteId, RouteTable};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::args::{Answer, Options};
use crate::exit::{Exit, Trouble};
use crate::paint::{Paint, clean, padded, say};
use crate::{json, routes};

/// Lines waiting to be printed. Full means that whoever reads them is slow: what comes then is counted, not kept.
const LINES_MAX: usize = 1_024;

/// Everything that the server sends, on its way to the printer.
#[derive(Debug)]
pub struct Heard {
    events: Receiver<Event>,
    missed: Arc<AtomicU64>,
    began: Instant,
}

#[derive(Debug)]
struct Event {
    at: Instant,
    route: RouteId,
    body: String,
    is_call: bool,
    answer: Option<String>,
}

/// Routes that answer anything, and what comes of it.
pub fn ears(answers: &[Answer]) -> (Routes, Heard) {
    let (sender, events) = mpsc::channel(LINES_MAX);
    let missed = Arc::new(AtomicU64::new(0));
    let by_route: HashMap<RouteId, String> =
        answers.iter().map(|answer| (RouteId::of(&answer.route), answer.value.clone())).collect();
    let heard = Heard { events, missed: missed.clone(), began: Instant::now() };
    (Routes::new().fallback(move |asked| hear(asked, &by_route, &sender, &missed)), heard)
}

fn hear(
    asked: RawCall<'_>,
    answers: &HashMap<RouteId, String>,
    sender: &Sender<Event>,
    missed: &AtomicU64,
) -> Option<RawAnswer> {
    let answer = answers.get(&asked.route).filter(|_| asked.is_call).cloned();
    let event = Event {
        at: Instant::now(),
        route: asked.route,
        body: String::from_utf8_lossy(asked.body).into_owned(),
        is_call: asked.is_call,
        answer: answer.clone(),
    };
    if sender.try_send(event).is_err() {
        missed.fetch_add(1, Ordering::Relaxed);
    }
    answer.map(|value| Ok(value.into_bytes()))
}

/// When to leave by oneself.
#[derive(Debug, Clone, Copy)]
pub struct Until {
    pub count: Option<u64>,
    pub time: Option<Duration>,
}

/// Prints what comes until it is enough, the person interrupts, or the session ends.
///
/// # Errors
/// [`Exit::Ended`] when the session ends by itself.
pub async fn listen(
    client: &Client,
    mut heard: Heard,
    answers: &[Answer],
    until: Until,
    options: &Options,
) -> Result<(), Trouble> {
    let table = routes::ask(client, options).await?;
    if !options.json {
        greet(client, table.as_ref(), answers);
    }
    let names: HashMap<RouteId, String> = names(table.as_ref(), answers);
    let mut time_is_up = std::pin::pin!(async {
        match until.time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    });
    let mut left = until.count;
    while left != Some(0) {
        let session = client.session();
        tokio::select! {
            biased;
            Some(event) = heard.events.recv() => {
                say(&heard.line(&event, &names, options.json))?;
                match heard.missed.swap(0, Ordering::Relaxed) {
                    0 => {}
                    missed if options.json => say(&serde_json::json!({ "missed": missed }).to_string())?,
                    missed => say(&Paint::out().bad(&format!("({missed} not shown: printing is too slow)")))?,
                }
                left = left.map(|left| left - 1);
            }
            reason = session.closed() => return Err(ended(&reason)),
            () = &mut time_is_up => break,
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    Ok(())
}

fn ended(reason: &CloseReason) -> Trouble {
    Trouble::new(Exit::Ended, format!("the session is over: {reason}"))
}

/// On standard error: it is not what was sent.
fn greet(client: &Client, table: Option<&RouteTable>, answers: &[Answer]) {
    let paint = Paint::err();
    let (session, plain) = (client.session(), |text: &str| clean(text));
    let here = format!("listening as {} at {}", plain(session.uid().as_str()), session.address());
    eprintln!("{}", paint.dim(&format!("{here}; Ctrl-C leaves")));
    match table {
        None => eprintln!(
            "{}",
            paint.dim("the server does not tell its routes: those without --answer show as numbers")
        ),
        Some(table) => {
            let unknown = answers
                .iter()
                .filter(|answer| !routes::names(table, "client").any(|name| name == answer.route));
            for answer in unknown {
                let nearest = routes::nearest(&answer.route, routes::names(table, "client"));
                let hint =
                    nearest.map(|name| format!("; did you mean `{}`?", plain(name))).unwrap_or_default();
                eprintln!(
                    "{} the server does not say that it calls `{}`{hint}",
                    paint.bad("note:"),
                    plain(&answer.route)
                );
            }
        }
    }
}

fn names(table: Option<&RouteTable>, answers: &[Answer]) -> HashMap<RouteId, String> {
    let told = table.into_iter().flat_map(|table| routes::names(table, "client"));
    let typed = answers.iter().map(|answer| &answer.route[..]);
    told.chain(typed).map(|name| (RouteId::of(name), name.to_owned())).collect()
}

impl Heard {
    fn line(&self, event: &Event, names: &HashMap<RouteId, String>, as_json: bool) -> String {
        let at = event.at.saturating_duration_since(self.began);
        let name = names.get(&event.route);
        if as_json {
            let parsed = |text: &str| serde_json::from_str(text).unwrap_or(serde_json::Value::Null);
            let mut object = serde_json::json!({
                "at_ms": at.as_millis() as u64,
                "route": name,
                "id": event.route.to_string(),
                "kind": if event.is_call { "call" } else { "message" },
                "arguments": parsed(&event.body),
            });
            if let Some(answer) = &event.answer {
                object["answer"] = parsed(answer);
            }
            return object.to_string();
        }
        let paint = Paint::out();
        let name = name.map_or_else(|| format!("route {}", event.route), |name| clean(name));
        let seconds = padded(&format!("{:>8.3} s", at.as_secs_f64()), 10);
        let body = json::one_line(&event.body, paint);
        // An argument list reads as one: `chat("hi")`.
        let inside = body.strip_prefix('[').and_then(|body| body.strip_suffix(']')).unwrap_or("");
        let answer = match (&event.answer, event.is_call) {
            (Some(answer), _) => format!(" → {}", json::one_line(answer, paint)),
            (None, true) => format!(" → {}", paint.bad("not answered: no --answer for it")),
            (None, false) => String::new(),
        };
        format!("{}  {}({inside}){answer}", paint.dim(&seconds), paint.name(&name))
    }
}
