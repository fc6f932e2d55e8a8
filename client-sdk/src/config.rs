//! What a client connects with: plain values with defaults.

use farcall_link::{Bare, Routes, States};
use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::{Credential, Metadata};
use farcall_protocol::{ContractDescriptor, Limits, Uid, UidError};

use crate::reconnect::Reconnect;

/// How a client is to connect. Write what differs:
/// `ClientConfig { serves: contracts![Player], ..ClientConfig::new("127.0.0.1:7000", "ann")? }`.
#[derive(Debug)]
pub struct ClientConfig {
    /// Where the server listens, as `host:port`.
    pub address: String,
    /// Who this player wants to be. The server decides.
    pub uid: Uid,
    /// What it shows. Default: nothing.
    pub credential: Credential,
    /// The build number of the game, which admission sees. Default: 0.
    pub build: u32,
    /// Small facts for admission: at most 16 pairs and 1 KiB.
    pub metadata: Metadata,
    /// What it offers to speak, the preferred first; the server takes the first it knows. Default: all that are
    /// compiled in, bincode first.
    pub codecs: Vec<Codec>,
    /// The contracts that the server may call. What is only linked is not served.
    pub serves: Vec<&'static ContractDescriptor>,
    /// Which routes of no contract to serve. Default: none.
    pub bare: Bare,
    /// Take handlers from this module and those below it only, named as `module_path!()` names it. For a program that
    /// holds peers of several kinds, such as a person and bots, each with handlers of its own for one contract.
    /// Default: `None`, all that are linked.
    pub handlers_in: Option<&'static str>,
    /// Routes added by hand.
    pub routes: Routes,
    /// The values that handlers take as `State<T>`.
    pub states: States,
    /// What this end allows itself and grants the server.
    pub limits: Limits,
    /// How it comes back when the connection is lost.
    pub reconnect: Reconnect,
}

impl ClientConfig {
    /// A player at a server, with defaults for the rest.
    ///
    /// # Errors
    /// [`UidError`] when the name is empty or longer than 64 bytes.
    pub fn new(address: impl Into<String>, uid: impl AsRef<str>) -> Result<Self, UidError> {
        Ok(Self::for_uid(address, Uid::new(uid)?))
    }

    /// A player at a server, with defaults for the rest.
    pub fn for_uid(address: impl Into<String>, uid: Uid) -> Self {
        Self {
            address: address.into(),
            uid,
            credential: Credential::Anonymous,
            build: 0,
            metadata: Vec::new(),
            codecs: Codec::ALL.to_vec(),
            serves: Vec::new(),
            bare: Bare::None,
            handlers_in: None,
            routes: Routes::new(),
            states: States::new(),
            limits: Limits::default(),
            reconnect: Reconnect::default(),
        }
    }
}
