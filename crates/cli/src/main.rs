//! The command line of `touchline`: reads what is asked, does it, and says how it went.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::json;
use touchline::args::{Cli, Command};
use touchline::error::{BadInput, Cancelled, LeftOpen};
use touchline::progress::{Audience, Cancel};

/// What a shell expects of a program that Ctrl-C ended: 128 + SIGINT.
const EXIT_CANCELLED: u8 = 130;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let audience = Audience::from_json(match &cli.command {
        Command::Pack(args) => args.json,
        Command::Verify(args) => args.json,
        Command::Inspect(args) => args.json,
        Command::Render(args) => args.json,
        Command::Serve(_) => false,
    });
    match run(cli.command, audience) {
        Ok(code) => code,
        Err(error) => {
            report(&error, audience);
            let is_cancelled = error.is::<Cancelled>() || error.is::<LeftOpen>();
            ExitCode::from(if is_cancelled { EXIT_CANCELLED } else { 1 })
        }
    }
}

fn run(command: Command, audience: Audience) -> Result<ExitCode> {
    match command {
        Command::Pack(args) => {
            let packed = touchline::pack::pack(&args, &cancel_on_signal()?, audience)?;
            match audience {
                Audience::Machine => {
                    audience.line(&json!({ "event": "result", "packed": packed }));
                }
                _ => print!("{packed}"),
            }
        }
        Command::Inspect(args) => {
            let report = touchline::inspect::inspect(&args.pack)?;
            if args.json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                print!("{report}");
            }
        }
        Command::Verify(args) => {
            let report = touchline::verify::verify(&args, &cancel_on_signal()?, audience)?;
            match audience {
                Audience::Machine => {
                    audience.line(&json!({ "event": "result", "verified": report }));
                }
                _ => print!("{report}"),
            }
            if !report.problems.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Serve(args) => touchline::serve::serve(&args)?,
        Command::Render(args) => {
            let rendered = touchline::render::render(&args, &cancel_on_signal()?, audience)?;
            audience.line(&json!({ "event": "result", "rendered": rendered }));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Stops the work at Ctrl-C instead of ending the program, so that nothing half is left.
fn cancel_on_signal() -> Result<Cancel> {
    let cancel = Cancel::default();
    let on_signal = cancel.clone();
    ctrlc::set_handler(move || on_signal.cancel()).context("Ctrl-C cannot be handled")?;
    Ok(cancel)
}

/// Tells a person or a machine why nothing came of it.
fn report(error: &anyhow::Error, audience: Audience) {
    if audience != Audience::Machine {
        eprintln!("error: {error:#}");
        return;
    }
    let bad = error.downcast_ref::<BadInput>();
    audience.line(&json!({
        "event": "error",
        "message": format!("{error:#}"),
        "file": bad.map(|bad| &bad.path),
        "place": bad.and_then(|bad| bad.place.as_ref()),
        "remedy": bad.map(|bad| &bad.remedy),
    }));
}
