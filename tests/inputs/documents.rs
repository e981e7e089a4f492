//! Connector files that are wrong as documents.

use crate::{Folder, SECRET, Verdict, WRONG, connector, document};

const OBJECT: &str = "a JSON object with \"name\" and \"config\"";
const WORKER: (&str, &[u8]) = ("worker.properties", b"walcast.sink=stdout\n");

#[test]
fn a_document_that_is_none_is_refused_with_the_place_or_the_key() {
    let (folder, mut verdict) = (Folder::new("documents"), Verdict::default());
    let good = document(&connector());
    let with = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty", Vec::new(), &["the file is empty", OBJECT]),
        ("blank", b" \n\t\n".to_vec(), &["the file is empty"]),
        ("a mark and nothing", "\u{feff}".into(), &["the file is empty"]),
        ("text", b"hello".to_vec(), &["malformed JSON at line 1, column 1", OBJECT]),
        ("properties", b"name=x\n".to_vec(), &["malformed JSON at line 1", OBJECT]),
        ("YAML", b"name: x\nconfig:\n  a: b\n".to_vec(), &["malformed JSON at line 1", OBJECT]),
        ("cut short", good[..good.len() - 5].into(), &["malformed JSON at line 1", OBJECT]),
        ("a comma too many", with("}}", ",}}"), &["malformed JSON"]),
        ("a comma too few", with("\",\"", "\" \""), &["malformed JSON"]),
        ("single quotes", good.replace('"', "'").into(), &["malformed JSON"]),
        ("a comment", with("{", "{ // mine\n"), &["malformed JSON"]),
        ("something after it", format!("{good} x").into(), &["malformed JSON"]),
        ("two documents", format!("{good}\n{good}").into(), &["malformed JSON at line 2"]),
        ("a number out of range", with("\"1\"", "1e999"), &["malformed JSON"]),
        ("a bare word", with("\"1\"", "None"), &["malformed JSON"]),
        ("UTF-16", utf16, &["malformed JSON at line 1, column 2"]),
        ("Latin-1", with("shop", "sh\u{1}p").iter().map(|b| if *b == 1 { 0xe4 } else { *b }).collect(), &["not UTF-8"]),
        ("binary", vec![0, 159, 146, 150], &["not UTF-8"]),
        ("zeros", vec![0; 4096], &["malformed JSON"]),
        ("a list", b"[]".to_vec(), &[OBJECT]),
        ("null", b"null".to_vec(), &[OBJECT]),
        ("a number", b"1".to_vec(), &[OBJECT]),
        ("a string", b"\"x\"".to_vec(), &[OBJECT]),
        ("nested without end", deep.into(), &["malformed JSON"]),
        ("a list of connectors", format!("[{good}]").into(), &[OBJECT]),
        ("nothing inside", b"{}".to_vec(), &["connector.class"]),
        ("no settings", br#"{"name":"x","config":{}}"#.to_vec(), &["connector.class"]),
        ("settings as a list", br#"{"name":"x","config":[]}"#.to_vec(), &["\"config\" must be a JSON object"]),
        ("settings as text", br#"{"name":"x","config":"a=b"}"#.to_vec(), &["\"config\" must be a JSON object"]),
        ("settings as null", br#"{"name":"x","config":null}"#.to_vec(), &["\"config\" must be a JSON object"]),
        ("a field beside them", with("\"name\"", "\"extra\":1,\"name\""), &["extra", "beside \"name\" and \"config\""]),
        ("a name that is a number", with("\"bad\"", "1"), &["\"name\" must be a string"]),
        (
            "a state that is a number",
            with("\"name\"", "\"initial_state\":1,\"name\""),
            &["\"initial_state\" must be a string"],
        ),
        (
            "a state that is unknown",
            with("\"name\"", "\"initial_state\":\"ASLEEP\",\"name\""),
            &["initial_state ASLEEP", "RUNNING, PAUSED or STOPPED"],
        ),
        ("two names", with("\"config\":{", "\"config\":{\"name\":\"other\","), &["other", "bad", "doesn't match"]),
        (
            "a key given twice",
            with("\"topic.prefix\"", "\"topic.prefix\":\"other\",\"topic.prefix\""),
            &["topic.prefix is given twice", "remove one"],
        ),
        (
            "a secret given twice",
            with("\"topic.prefix\"", "\"database.password\":\"x\",\"topic.prefix\""),
            &["database.password is given twice"],
        ),
        ("settings given twice", with("\"name\"", "\"config\":{},\"name\""), &["config is given twice"]),
        (
            "a list as a value",
            with("\"shop\"", "[\"shop\"]"),
            &["database.dbname: expected a string, a number or a boolean"],
        ),
        ("an object as a value", with("\"127.0.0.1\"", "{}"), &["database.hostname: expected a string"]),
    ];
    for (what, text, says) in cases {
        let said = folder.check(&text, WORKER);
        verdict.expect(what, &said, WRONG, says);
    }
    let (code, text) = folder.run(&["check", "absent.json"]);
    verdict.expect("no file", &(code, text), WRONG, &["absent.json"]);
    let (code, text) = folder.run(&["check", "."]);
    verdict.expect("a folder", &(code, text), WRONG, &["connector file ."]);
    verdict.close(40);
    assert!(good.contains(SECRET));
}
