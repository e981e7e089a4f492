//! How many instructions a row costs, decoded and encoded: counted by callgrind, held against the accepted counts.
//!
//! Time differs from run to run and from machine to machine; instructions do not. Each case is a run of this program under
//! valgrind, which counts only inside of [`counted`], on a second turn, when buffers have grown and lazy statics are
//! there.
//!
//! Where they go (numbers of calls are those of both turns):
//!
//! ```text
//! valgrind --tool=callgrind --toggle-collect='*counted*' target/release/deps/instructions-HASH --case "encode jsonb"
//! callgrind_annotate --inclusive=yes callgrind.out.*
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, dead_code)]

mod baseline;
mod cases;
#[path = "../corpus/mod.rs"]
mod corpus;

use std::env;
use std::process::{Command, ExitCode};

use baseline::Baseline;
use cases::CASES;

/// In percent of the baseline.
const TOLERATED: u64 = 103;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    match arguments.as_slice() {
        [_, flag, name] if flag == "--case" => run(name),
        // `cargo test --benches` only wants to know that this builds.
        arguments if arguments.iter().any(|argument| argument == "--bench") => compare(),
        _ => ExitCode::SUCCESS,
    }
}

/// Inside of valgrind: says how many rows one turn has.
fn run(name: &str) -> ExitCode {
    let (_, set_up) = CASES.iter().find(|(other, _)| *other == name).expect("a case");
    let mut work = set_up();
    (work.turn)();
    counted(&mut work.turn);
    println!("{}", work.rows);
    ExitCode::SUCCESS
}

/// Callgrind counts while this runs; it finds it by its name.
#[inline(never)]
fn counted(turn: &mut dyn FnMut()) {
    turn();
    // Without this the call above would be a jump out of here.
    std::hint::black_box(());
}

/// Outside of valgrind: counts every case.
fn compare() -> ExitCode {
    let baseline = Baseline::read();
    let (mut counts, mut worse) = (Vec::new(), 0);
    println!("{:32} {:>7} {:>8} {:>7}", "instructions per row", "now", "baseline", "");
    for (name, _) in CASES {
        let count = count(name);
        counts.push((name, count));
        let Some(&accepted) = baseline.counts.get(name) else {
            println!("{name:32} {count:7}      new");
            worse += 1;
            continue;
        };
        let is_worse = count * 100 > accepted * TOLERATED;
        worse += usize::from(is_worse);
        #[allow(clippy::cast_precision_loss)]
        let change = (count as f64 / accepted as f64 - 1.0) * 100.0;
        println!("{name:32} {count:7} {accepted:8} {change:+6.1}%{}", if is_worse { "  WORSE" } else { "" });
    }
    if env::var_os("ACCEPT").is_some_and(|accept| !accept.is_empty()) {
        Baseline::write(&counts).expect("benches/instructions/baseline.txt");
        println!("accepted: benches/instructions/baseline.txt");
        return ExitCode::SUCCESS;
    }
    if let Some(others) = baseline.other_tools() {
        eprintln!("instructions: {others}. Counts may differ for that alone: count the commit before this one too.");
    }
    if worse == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "instructions: {worse} of {} cases are new or more than {} % above benches/instructions/baseline.txt. If that \
         is meant: make instructions ACCEPT=1, and the commit says why.",
        CASES.len(),
        TOLERATED - 100
    );
    ExitCode::FAILURE
}

/// Instructions per row of one case.
fn count(name: &str) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"]);
    valgrind.arg(env::current_exe().expect("this program")).args(["--case", name]);
    // What lies in the environment moves the stack, and copying costs a little more or less by that. libc has loops for
    // many processors, and `rep movsb` would count as one instruction for each byte: the plain loop for everyone.
    let path = env::var_os("PATH").unwrap_or_default();
    let plain = "glibc.cpu.hwcaps=-AVX_Fast_Unaligned_Load,-ERMS";
    let output = valgrind.env_clear().env("PATH", path).env("GLIBC_TUNABLES", plain).output().expect("valgrind");
    let (rows, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let instructions: Option<u64> = collected.and_then(|(_, count)| count.trim().parse().ok());
    match (rows.trim().parse::<u64>(), instructions.filter(|count| *count > 0)) {
        (Ok(rows), Some(instructions)) => instructions / rows,
        _ => panic!("{name}: valgrind counted nothing\n{said}"),
    }
}
