//! Logging in as a tool: over JSON, with what the command line says; and what went wrong in words.

use farcall_client::{
    Client, ClientConfig, CloseCode, Codec, ConnectError, Credential, Limits, LoginError, LoginFailed,
    Refusal, Routes,
};

use crate::args::{At, Options};
use crate::exit::{Exit, Trouble};

/// Logs in.
///
/// # Errors
/// [`Exit::NoServer`] with the reason.
pub async fn connect(at: &At, options: &Options, routes: Routes) -> Result<Client, Trouble> {
    let limits = Limits::default();
    // A client waits twice as long for the verdict.
    let login_timeout = limits.login_timeout.min(options.within / 2);
    let limits = Limits { body_bytes_max: Limits::BODY_BYTES_MAX, login_timeout, ..limits };
    let config = ClientConfig {
        credential: options.credential(),
        build: options.build,
        codecs: vec![Codec::Json],
        routes,
        limits,
        ..ClientConfig::for_uid(&at.address, options.uid.clone())
    };
    let credential = config.credential.clone();
    Client::connect(config).await.map_err(|error| explain(error, &at.address, &credential, options))
}

fn explain(error: ConnectError, address: &str, credential: &Credential, options: &Options) -> Trouble {
    let trouble = |message: String| Trouble::new(Exit::NoServer, message);
    let failed = match error {
        ConnectError::Address { error, .. } => {
            return trouble(format!("nobody answers at {address}: {error}"))
                .hint("is the server running, and is this its address?");
        }
        ConnectError::Routes(_) | ConnectError::Over(_) => {
            return Trouble::new(Exit::Ended, error.to_string());
        }
        ConnectError::Login(failed) => failed,
    };
    let error = match failed {
        LoginFailed::Connection(error) => {
            return trouble(format!("{address} closed the connection during the login: {error}"))
                .hint("is it a Farcall server?");
        }
        LoginFailed::TimedOut(time) => {
            return trouble(format!("{address} did not finish the login within {} s", time.as_secs_f64()))
                .hint("is it a Farcall server?");
        }
        LoginFailed::Login(error) => error,
    };
    let refused =
        |why: &dyn std::fmt::Display| trouble(format!("{address} refused `{}`: {why}", options.uid));
    match error {
        LoginError::Refused(refusal @ Refusal::Unauthorized { .. }) => {
            refused(&refusal).hint(credential_hint(credential))
        }
        LoginError::Refused(Refusal::UpdateRequired { message, url }) => {
            let trouble = refused(&format_args!("update required: {message}"));
            trouble.hint("--build NUMBER claims a build of the game").hint(url)
        }
        LoginError::Refused(refusal) => refused(&refusal),
        LoginError::Closed { code: CloseCode::NoCommonCodec, .. } => {
            trouble(format!("{address} does not speak JSON, which this command needs"))
                .hint("the server is built without the feature `json` of farcall-server")
        }
        LoginError::ServerUnproved => trouble(format!("{address} did not prove to know the shared key"))
            .hint("it may not be the server you mean"),
        LoginError::Protocol(why) => trouble(format!("{address} does not speak Farcall: {why}")),
        error @ LoginError::Closed { .. } => refused(&error),
    }
}

const fn credential_hint(shown: &Credential) -> &'static str {
    match shown {
        Credential::Anonymous => "nothing was shown: --key or --token show who you are",
        Credential::SharedKey(_) => "a shared key was proved; does the server want this one, or a --token?",
        Credential::Bearer(_) => "a token was shown; does the server want this one, or a --key?",
    }
}
