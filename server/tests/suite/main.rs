//! The program as it is: started by itself, asked over real sockets.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod access;
mod agreed;
mod anonymity;
mod callers;
mod campaigns;
mod certificates;
mod click_map;
mod click_parameters;
mod clicks;
mod connections;
mod conversions;
mod counting;
mod database;
mod dead_logs;
mod demo;
mod domain_settings;
mod domains;
mod dump;
mod encrypted_keys;
mod end_to_end;
mod erasures;
mod exports;
mod full_disk;
mod hardening;
mod health;
mod hosts;
mod lapses;
mod late_erasures;
mod levels;
mod limits;
mod link_settings;
mod links;
mod log;
mod loss;
mod loss_under_attack;
mod machines;
mod memory;
mod migrations;
#[path = "../../src/demo/name_server.rs"]
mod name_server;
mod opens;
mod outages;
mod ownerships;
mod pages;
mod quotas;
mod raw;
mod replays;
mod report_limits;
mod reports;
mod rewriting;
mod scopes;
mod sender;
mod server;
mod setting;
mod settling;
mod spooled;
mod start;
mod stored;
mod tables;
mod threat_model;
mod tokens;
mod visitor;
mod waiting;
mod wrong_settings;
