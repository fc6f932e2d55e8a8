//! What a contract becomes: descriptors of its routes, the traits behind its stubs, and the check that a
//! handler fits. Nothing here sends or dispatches.

mod answer;
mod argument;
mod caller;
mod route;
mod table;

pub use answer::{Answer, Failure, Raw, RawError, RouteError};
pub use argument::Arg;
pub use caller::{Caller, Reaches};
pub use route::{
    Argument, Contract, ContractDescriptor, Delivery, Route, RouteDescriptor, ServedBy, ServedByClient,
    ServedByServer, implements,
};
pub use table::{ArgumentInfo, ROUTES_ROUTE, RouteInfo, RouteTable, Shapes};

/// Lists contracts by name: `serves: contracts![Lobby, Chat]`.
#[macro_export]
macro_rules! contracts {
    ($($contract:path),* $(,)?) => {
        ::std::vec![$($crate::Contract::descriptor(&$contract)),*]
    };
}
