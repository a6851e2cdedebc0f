//! A worker of the schema benchmark (see doc.go): the jsonschema crate with serde_json.
use serde_json::{json, Value};
use std::collections::HashMap;
use std::hint::black_box;
use std::io::BufRead;
use std::path::Path;

struct Case {
    check: jsonschema::Validator,
    texts: Vec<Vec<u8>>,
    valid: usize,
    mutants: usize,
}

fn main() {
    let mut cases: HashMap<String, Case> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let (dir, millis) = line.rsplit_once(' ').expect("DIR MILLIS");
        let budget = millis.parse::<u64>().expect("milliseconds") * 1_000_000;
        if !cases.contains_key(dir) {
            match open(Path::new(dir)) {
                Ok(mut case) => {
                    measure(&mut case, budget);
                    cases.insert(dir.to_string(), case);
                }
                Err(e) => {
                    println!("{}", json!({"error": e}));
                    continue;
                }
            }
        }
        let case = cases.get_mut(dir).expect("the case");
        let ns = measure(case, budget);
        println!("{}", json!({"ns": ns, "valid": case.valid, "mutants": case.mutants}));
    }
}

fn open(dir: &Path) -> Result<Case, String> {
    let read = |name: &str| std::fs::read(dir.join(name)).map_err(|e| format!("{name}: {e}"));
    let schema: Value = serde_json::from_slice(&read("schema.json")?).map_err(|e| e.to_string())?;
    let check = jsonschema::validator_for(&schema).map_err(|e| e.to_string())?;
    let mut case = Case { check, texts: lines(read("instances.jsonl")?), valid: 0, mutants: 0 };
    case.valid = count(&case.check, &case.texts);
    case.mutants = count(&case.check, &lines(read("mutants.jsonl")?));
    Ok(case)
}

fn lines(raw: Vec<u8>) -> Vec<Vec<u8>> {
    raw.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| l.to_vec()).collect()
}

fn count(check: &jsonschema::Validator, texts: &[Vec<u8>]) -> usize {
    texts.iter().filter(|t| judge(check, t)).count()
}

fn judge(check: &jsonschema::Validator, text: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(text) {
        Ok(v) => check.is_valid(&v),
        Err(_) => false,
    }
}

/// measure returns the CPU nanoseconds that one text takes.
fn measure(case: &mut Case, budget: u64) -> f64 {
    let start = cpu();
    let mut n = 0;
    loop {
        for t in &case.texts {
            black_box(judge(&case.check, black_box(t)));
        }
        n += case.texts.len();
        let spent = cpu() - start;
        if spent >= budget {
            return spent as f64 / n as f64;
        }
    }
}

fn cpu() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: t is a valid timespec, and outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}
