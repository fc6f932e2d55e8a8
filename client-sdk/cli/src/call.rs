//! `farcall call`: one call, its answer on standard output, and every other ending in words.

use std::io::Read;
use std::time::Duration;

use farcall_client::{CallError, Client, Limits, NotExecuted, Notified};
use farcall_protocol::{RawError, RouteInfo};

use crate::args::{At, Options};
use crate::exit::{Exit, Trouble};
use crate::paint::{Paint, say};
use crate::{json, routes};

/// Calls a route.
///
/// # Errors
/// Every ending but an answer.
pub async fn call(
    client: &Client,
    at: &At,
    route: &str,
    body: &str,
    options: &Options,
) -> Result<(), Trouble> {
    let asked = client.session().call_raw(route, None, body.as_bytes()).within(options.within);
    let error = match asked.await {
        Ok(value) => {
            let text = String::from_utf8_lossy(&value);
            let text = if options.json { text.into_owned() } else { json::pretty(&text, Paint::out()) };
            return Ok(say(&text)?);
        }
        Err(error) => error,
    };
    match error {
        // Two JSON peers compare no signatures: what differs is that nobody answers this route.
        CallError::NotExecuted(NotExecuted::SignatureMismatch { .. }) => {
            tell(client, route, body, options).await
        }
        CallError::NotExecuted(NotExecuted::UnknownRoute) => Err(unknown(client, at, route, options).await?),
        CallError::NotExecuted(NotExecuted::BadArguments) => Err(misfit(client, route, body, options).await?),
        other => Err(explain(client, route, other, options.within)),
    }
}

/// Arguments as typed, or from standard input.
///
/// # Errors
/// [`Exit::Usage`] when they are not a JSON array.
pub fn arguments(typed: &str) -> Result<String, Trouble> {
    let usage = |message: String| Trouble::new(Exit::Usage, message);
    let text = match typed {
        "-" => {
            let mut text = String::new();
            let bytes_max = u64::from(Limits::BODY_BYTES_MAX);
            // One more: what is cut off must not look like bad JSON.
            let read = std::io::stdin().take(bytes_max + 1).read_to_string(&mut text);
            read.map_err(|error| usage(format!("standard input: {error}")))?;
            if text.len() as u64 > bytes_max {
                return Err(usage(format!("standard input: more than {bytes_max} bytes of arguments")));
            }
            text
        }
        typed => typed.to_owned(),
    };
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(serde_json::Value::Array(_)) => Ok(text),
        Ok(_) => Err(usage("the arguments are one JSON array".to_owned())
            .hint(format!("did you mean '[{}]'?", text.trim()))),
        Err(error) => Err(usage(format!("the arguments are not JSON: {error}"))
            .hint("they are one JSON array, such as '[2, \"text\", {\"field\": true}]'")),
    }
}

async fn tell(client: &Client, route: &str, body: &str, options: &Options) -> Result<(), Trouble> {
    if let Some(known) = described(client, route, options).await?
        && let Some(trouble) = wrong_number(&known, body)
    {
        return Err(trouble);
    }
    match client.session().notify_raw(route, None, body.as_bytes()) {
        Notified::Sent if options.json => Ok(say("null")?),
        Notified::Sent => Ok(say(&Paint::out().dim("sent: nobody answers this route"))?),
        Notified::Dropped(why) => Err(Trouble::new(Exit::Ended, format!("{route} was not sent: {why}"))),
    }
}

async fn unknown(client: &Client, at: &At, route: &str, options: &Options) -> Result<Trouble, Trouble> {
    let Some(table) = routes::ask(client, options).await? else {
        return Ok(Trouble::new(Exit::NoRoute, format!("there is no route `{route}`"))
            .hint(format!("{} does not tell which there are", at.address)));
    };
    if routes::names(&table, "client").any(|name| name == route) {
        return Ok(Trouble::new(Exit::NoRoute, format!("`{route}` is called by the server on its players"))
            .hint("`farcall listen` shows its calls and answers them"));
    }
    Ok(routes::unknown(route, routes::names(&table, "server")))
}

/// The arguments could not be read: what the route takes instead.
async fn misfit(client: &Client, route: &str, body: &str, options: &Options) -> Result<Trouble, Trouble> {
    let Some(known) = described(client, route, options).await? else {
        return Ok(Trouble::new(Exit::Usage, format!("the arguments are not what `{route}` takes")));
    };
    if let Some(trouble) = wrong_number(&known, body) {
        return Ok(trouble);
    }
    let mut trouble = Trouble::new(Exit::Usage, format!("the arguments are not what `{route}` takes"));
    trouble.hints.extend(routes::takes(&known));
    trouble.hints.extend(known.types);
    Ok(trouble)
}

/// What is wrong if there are too few arguments, or too many.
fn wrong_number(route: &RouteInfo, body: &str) -> Option<Trouble> {
    let given = serde_json::from_str::<Vec<serde_json::Value>>(body).ok()?.len();
    let wanted = route.arguments.len();
    if given == wanted {
        return None;
    }
    let count = |count: usize| match count {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        many => format!("{many} arguments"),
    };
    let message = format!("`{}` takes {}, {given} given", route.name, count(wanted));
    let mut trouble = Trouble::new(Exit::Usage, message);
    trouble.hints.extend(routes::takes(route));
    Some(trouble)
}

async fn described(client: &Client, route: &str, options: &Options) -> Result<Option<RouteInfo>, Trouble> {
    let table = routes::ask(client, options).await?.unwrap_or_default();
    Ok(table.routes.into_iter().find(|known| known.name == route && known.served_by == "server"))
}

fn explain(client: &Client, route: &str, error: CallError<RawError>, within: Duration) -> Trouble {
    let ended = |message: String| Trouble::new(Exit::Ended, message);
    let over = |trouble: Trouble| match client.session().closed_reason() {
        Some(reason) => trouble.hint(reason.to_string()),
        None => trouble,
    };
    match error {
        CallError::Handler(error) => {
            let value = String::from_utf8_lossy(&error.0).into_owned();
            let message = format!("{route} refused: {}", json::one_line(&value, Paint::none()));
            Trouble { value: Some(value), ..Trouble::new(Exit::Refused, message) }
        }
        CallError::NotExecuted(why @ NotExecuted::TooLarge { .. }) => {
            Trouble::new(Exit::Usage, format!("{route}: {why}"))
        }
        CallError::NotExecuted(why) => over(ended(format!("{route} did not run: {why}"))),
        CallError::Failed(how) => ended(format!("{route} failed: {how}")),
        CallError::DeadlineExceeded => {
            ended(format!("{route} did not answer within {} s; it may have run", within.as_secs_f64()))
                .hint("--within SECONDS waits longer")
        }
        CallError::Cancelled => ended(format!("{route} was cancelled")),
        CallError::Indeterminate => {
            over(ended(format!("the session was lost before {route} answered; it may have run")))
        }
    }
}
