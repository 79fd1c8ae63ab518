//! HTTP as the standards and the document have it, whatever the operation.

mod bodies;
mod browsers;
mod conditional;
mod headers;
mod pages;
mod parameters;
