//! `farcall listen`: a player that prints what it is sent and answers what it is asked, without any contract.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use farcall_client::{Client, RawAnswer, RawCall, Routes};
use farcall_protocol::{RouteId, RouteTable};
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};

use crate::args::{Answer, Options};
use crate::exit::{Exit, Trouble};
use crate::paint::{Paint, clean, complain, padded, say};
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
    /// How many found no room before it.
    missed: u64,
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
        missed: missed.swap(0, Ordering::Relaxed),
        route: asked.route,
        body: String::from_utf8_lossy(asked.body).into_owned(),
        is_call: asked.is_call,
        answer: answer.clone(),
    };
    if let Err(TrySendError::Full(event) | TrySendError::Closed(event)) = sender.try_send(event) {
        missed.fetch_add(event.missed + 1, Ordering::Relaxed);
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
    let names = names(table.as_ref(), answers);
    let time_is_up = async {
        match until.time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        printed = heard.print(client, &names, until.count, options.json) => printed,
        () = time_is_up => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// On standard error: it is not what was sent.
fn greet(client: &Client, table: Option<&RouteTable>, answers: &[Answer]) {
    let (paint, session) = (Paint::err(), client.session());
    let here =
        format!("listening as {} at {}; Ctrl-C leaves", clean(session.uid().as_str()), session.address());
    complain(&format!("{}\n", paint.dim(&here)));
    let Some(table) = table else {
        let note = "the server does not tell its routes: those without --answer show as numbers";
        return complain(&format!("{}\n", paint.dim(note)));
    };
    for note in answers.iter().filter_map(|answer| doubt(table, &answer.route)) {
        complain(&format!("{} {}\n", paint.bad("note:"), clean(&note)));
    }
}

/// Why an `--answer` for that route may never be given.
fn doubt(table: &RouteTable, route: &str) -> Option<String> {
    let known = table.routes.iter().find(|known| known.served_by == "client" && known.name == route);
    match known {
        Some(known) if known.is_call() => None,
        Some(_) => Some(format!("the server awaits no answer to `{route}`")),
        None => {
            let nearest = routes::nearest(route, routes::names(table, "client"));
            let hint = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            Some(format!("the server does not say that it calls `{route}`{hint}"))
        }
    }
}

fn names(table: Option<&RouteTable>, answers: &[Answer]) -> HashMap<RouteId, String> {
    let told = table.into_iter().flat_map(|table| routes::names(table, "client"));
    let typed = answers.iter().map(|answer| &answer.route[..]);
    told.chain(typed).map(|name| (RouteId::of(name), name.to_owned())).collect()
}

impl Heard {
    /// Prints until there were as many as wanted.
    async fn print(
        &mut self,
        client: &Client,
        names: &HashMap<RouteId, String>,
        count: Option<u64>,
        as_json: bool,
    ) -> Result<(), Trouble> {
        let mut left = count;
        while left != Some(0) {
            let session = client.session();
            tokio::select! {
                // What came before the end is printed before it.
                biased;
                Some(event) = self.events.recv() => {
                    if event.missed > 0 {
                        print(missed_line(event.missed, as_json)).await?;
                    }
                    print(self.line(&event, names, as_json)).await?;
                    left = left.map(|left| left - 1);
                }
                reason = session.closed() => {
                    let missed = self.missed.load(Ordering::Relaxed);
                    if missed > 0 {
                        print(missed_line(missed, as_json)).await?;
                    }
                    return Err(routes::over(&reason));
                }
            }
        }
        Ok(())
    }

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

fn missed_line(missed: u64, as_json: bool) -> String {
    match as_json {
        true => serde_json::json!({ "missed": missed }).to_string(),
        false => Paint::out().bad(&format!("({missed} not shown: they came faster than they were read)")),
    }
}

/// Writes a line on a thread of its own: a reader who is slow must not stop the session, nor Ctrl-C.
async fn print(line: String) -> Result<(), Trouble> {
    match tokio::task::spawn_blocking(move || say(&line)).await {
        Ok(written) => Ok(written?),
        Err(error) => Err(Trouble::new(Exit::Ended, error.to_string())),
    }
}
