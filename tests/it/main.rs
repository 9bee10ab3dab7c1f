//! The library from outside: whole functions called in this process, a module per hall.

mod http;
