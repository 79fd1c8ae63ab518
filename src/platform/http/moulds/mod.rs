//! Nouns that are made alike, over HTTP: the types and handlers that one is made of, from its own
//! words. What is imported here is what they are written with.

pub(crate) mod dated_facts;
pub(crate) mod documents;

pub(crate) use chrono::{DateTime, Utc};

pub(crate) use super::Reply;
pub(crate) use super::answers::{Accepted, Created, Listing, Representation, Resource};
pub(crate) use super::command::KeyedCommand;
pub(crate) use super::cursor::listing;
pub(crate) use super::guard::Require;
pub(crate) use super::parameters::{Parameters, PathId, PathVersion};
pub(crate) use super::types::{Date, Principal, Text};
pub(crate) use crate::error::Error;
pub(crate) use crate::platform::store::tx::Reader;
pub(crate) use crate::values::ids::{CustomerEntity, CustomerId};
