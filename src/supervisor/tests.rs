//! Lives of fake connectors under a real supervisor and a real folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::fake::{Fake, config};
use super::*;

struct Rig {
    fake: Fake,
    folder: PathBuf,
    supervisor: Arc<Supervisor>,
}

impl Rig {
    fn new() -> Self {
        Self::over(std::env::temp_dir().join(format!("walcast-{}", uuid::Uuid::new_v4())), Duration::from_secs(5))
    }

    fn over(folder: PathBuf, grace: Duration) -> Self {
        let fake = Fake::default();
        let supervisor = Supervisor::new(Box::new(fake.clone()), Store::Folder(folder.clone()), None, grace);
        Self { fake, folder, supervisor }
    }

    /// The process ends and another one finds what it left.
    async fn again(&self) -> Self {
        self.supervisor.stop().await;
        let next = Self::over(self.folder.clone(), Duration::from_secs(5));
        next.supervisor.start(next.stored().await).await;
        next
    }

    async fn stored(&self) -> Vec<Stored> {
        let entries = Store::Folder(self.folder.clone()).load().await.unwrap();
        entries.into_iter().map(|(stored, _)| stored).collect()
    }

    async fn create(&self, name: &str, fake: &str) -> View {
        self.supervisor.create(name, config(name, fake), Target::Running).await.unwrap()
    }

    fn activity(&self, name: &str) -> Option<Activity> {
        self.supervisor.view(name).unwrap().task.map(|status| status.activity)
    }

    async fn until(&self, name: &str, wanted: impl Fn(Option<&Activity>) -> bool) {
        let wait = async {
            while !wanted(self.activity(name).as_ref()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(5), wait).await;
        waited.unwrap_or_else(|_| panic!("{name} stays {:?}", self.activity(name)));
    }

    async fn until_streaming(&self, name: &str) {
        self.until(name, |activity| activity == Some(&Activity::Streaming)).await;
    }
}

impl Rig {
    /// As a person or a deployment does it, and a look at what came of it.
    async fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.join(file), text).unwrap();
        self.supervisor.look_again(false).await;
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn failed(activity: Option<&Activity>) -> bool {
    matches!(activity, Some(Activity::Failed { .. }))
}

#[tokio::test]
async fn a_new_process_finds_every_connector_in_its_state() {
    let rig = Rig::new();
    for name in ["runs", "rests", "stands", "goes"] {
        rig.create(name, "streams").await;
    }
    rig.supervisor.set_target("rests", Target::Paused).await.unwrap();
    rig.supervisor.set_target("stands", Target::Stopped).await.unwrap();
    rig.supervisor.delete("goes").await.unwrap();
    let next = rig.again().await;
    next.until_streaming("runs").await;
    assert_eq!(next.supervisor.names(), ["rests", "runs", "stands"]);
    for (name, target) in [("rests", Target::Paused), ("stands", Target::Stopped)] {
        let view = next.supervisor.view(name).unwrap();
        assert_eq!((view.target, view.task), (target, None), "{name}");
    }
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let rig = Rig::new();
    let refused = rig.supervisor.create("a", config("a", "invalid"), Target::Running).await;
    assert!(matches!(refused, Err(ChangeError::Invalid(_))));
    assert!(rig.supervisor.names().is_empty() && rig.stored().await.is_empty());
    rig.create("a", "streams").await;
    let again = rig.supervisor.create("a", config("a", "fails"), Target::Running).await;
    assert!(matches!(again, Err(ChangeError::Exists(_))));
    rig.supervisor.update("a", config("a", "invalid")).await.unwrap_err();
    assert_eq!(rig.supervisor.view("a").unwrap().config, config("a", "streams"));
    assert_eq!((rig.fake.starts("a"), rig.stored().await[0].config.clone()), (1, config("a", "streams")));
}

#[tokio::test]
async fn a_failed_connector_stays_failed_until_it_is_restarted() {
    let rig = Rig::new();
    rig.create("a", "fails").await;
    rig.create("b", "streams").await;
    rig.until("a", failed).await;
    rig.until_streaming("b").await;
    rig.supervisor.set_target("a", Target::Running).await.unwrap();
    assert_eq!(rig.fake.starts("a"), 1, "resuming is no restart");
    rig.supervisor.restart("a", true).await.unwrap();
    rig.supervisor.restart("b", true).await.unwrap();
    assert_eq!((rig.fake.starts("a"), rig.fake.starts("b")), (2, 1));
    rig.supervisor.update("a", config("a", "streams")).await.unwrap();
    rig.until_streaming("a").await;
}

#[tokio::test]
async fn a_panic_fails_one_connector_only() {
    let rig = Rig::new();
    rig.create("a", "panics").await;
    rig.create("b", "streams").await;
    rig.until("a", failed).await;
    rig.until_streaming("b").await;
}

#[tokio::test]
async fn settings_that_no_longer_pass_fail_one_connector_only() {
    let rig = Rig::new();
    let stored =
        |name: &str, fake: &str| Stored { name: name.to_owned(), config: config(name, fake), target: Target::Running };
    rig.supervisor.start(vec![stored("a", "invalid"), stored("b", "streams")]).await;
    assert!(failed(rig.activity("a").as_ref()));
    rig.until_streaming("b").await;
}

#[tokio::test]
async fn pause_keeps_the_task_and_stop_ends_it() {
    let rig = Rig::new();
    rig.create("a", "streams").await;
    rig.until_streaming("a").await;
    rig.supervisor.set_target("a", Target::Paused).await.unwrap();
    rig.until("a", |activity| activity == Some(&Activity::Paused)).await;
    rig.supervisor.restart("a", false).await.unwrap();
    rig.until("a", |activity| activity == Some(&Activity::Paused)).await;
    rig.supervisor.set_target("a", Target::Running).await.unwrap();
    rig.until_streaming("a").await;
    assert_eq!(rig.fake.starts("a"), 2);
    rig.supervisor.set_target("a", Target::Stopped).await.unwrap();
    assert_eq!(rig.activity("a"), None);
    rig.supervisor.restart("a", false).await.unwrap();
    rig.supervisor.set_target("a", Target::Paused).await.unwrap();
    assert_eq!((rig.activity("a"), rig.fake.starts("a")), (None, 2), "neither starts what was stopped");
}

#[tokio::test]
async fn a_restart_is_finished_though_its_caller_left() {
    let rig = Rig::new();
    rig.create("a", "streams").await;
    rig.until_streaming("a").await;
    let left = tokio::time::timeout(Duration::from_millis(1), rig.supervisor.restart("a", false)).await;
    assert!(left.is_err(), "the caller has to leave in the middle");
    rig.until("a", |activity| rig.fake.starts("a") == 2 && activity == Some(&Activity::Streaming)).await;
}

#[tokio::test]
async fn stubborn_connectors_share_one_period_of_grace() {
    let grace = Duration::from_millis(300);
    let rig = Rig::over(std::env::temp_dir().join(format!("walcast-{}", uuid::Uuid::new_v4())), grace);
    for name in ["a", "b", "c", "d", "e"] {
        rig.create(name, "stubborn").await;
    }
    let began = tokio::time::Instant::now();
    rig.supervisor.stop().await;
    assert!(began.elapsed() >= grace && began.elapsed() < grace * 3, "{:?}", began.elapsed());
    assert!(rig.activity("e").is_none());
}

#[tokio::test]
async fn a_changed_file_is_applied_and_a_bad_one_changes_nothing() {
    let rig = Rig::new();
    rig.create("a", "streams").await;
    rig.create("b", "streams").await;
    rig.supervisor.look_again(false).await;
    rig.supervisor.look_again(true).await;
    assert_eq!((rig.fake.starts("a"), rig.fake.starts("b")), (1, 1), "what REST wrote is no change");
    rig.write("a.json", r#"{"name":"a","config":{"fake":"streams","more":"1"}}"#).await;
    rig.until_streaming("a").await;
    assert_eq!((rig.fake.starts("a"), rig.fake.starts("b")), (2, 1));
    for bad in [r#"{"name":"a","config":{"fake":"invalid"}}"#, "{", r#"{"name":"b","config":{"fake":"fails"}}"#] {
        rig.write("a.json", bad).await;
        assert_eq!((rig.activity("a"), rig.fake.starts("a")), (Some(Activity::Streaming), 2), "{bad}");
        assert_eq!(rig.supervisor.names(), ["a", "b"], "{bad}");
        assert_eq!((rig.activity("b"), rig.fake.starts("b")), (Some(Activity::Streaming), 1), "{bad}");
    }
    let paused = r#"{"name":"a","config":{"fake":"streams","more":"1"},"initial_state":"PAUSED"}"#;
    rig.write("a.json", paused).await;
    rig.until("a", |activity| activity == Some(&Activity::Paused)).await;
    rig.write("a.json", &paused.replace("PAUSED", "STOPPED")).await;
    assert_eq!(rig.activity("a"), None);
    rig.write("c.json", r#"{"name":"c","config":{"fake":"streams"}}"#).await;
    rig.until_streaming("c").await;
    rig.write("d.json", r#"{"name":"d","config":{"fake":"invalid"}}"#).await;
    assert_eq!(rig.supervisor.names(), ["a", "b", "c"], "a new file that does not pass is no connector");
}

#[tokio::test]
async fn a_connector_goes_with_its_file_when_it_stays_away() {
    let rig = Rig::new();
    rig.create("a", "streams").await;
    rig.supervisor.look_again(false).await;
    std::fs::rename(rig.folder.join("a.json"), rig.folder.join("a.saved")).unwrap();
    rig.supervisor.look_again(false).await;
    std::fs::rename(rig.folder.join("a.saved"), rig.folder.join("a.json")).unwrap();
    rig.supervisor.look_again(false).await;
    assert_eq!((rig.supervisor.names(), rig.fake.starts("a")), (vec!["a".to_owned()], 1), "away for a moment");
    let away = rig.folder.with_extension("away");
    std::fs::rename(&rig.folder, &away).unwrap();
    for closely in [false, false, true] {
        rig.supervisor.look_again(closely).await;
        assert_eq!((rig.supervisor.names(), rig.fake.starts("a")), (vec!["a".to_owned()], 1), "the folder is away");
    }
    std::fs::rename(&away, &rig.folder).unwrap();
    rig.supervisor.look_again(false).await;
    std::fs::remove_file(rig.folder.join("a.json")).unwrap();
    rig.supervisor.look_again(false).await;
    rig.supervisor.look_again(false).await;
    assert!(rig.supervisor.names().is_empty());
}

#[tokio::test]
async fn an_old_file_does_not_undo_what_was_said_later() {
    let rig = Rig::new();
    std::fs::create_dir_all(&rig.folder).unwrap();
    let file = |more: &str| format!(r#"{{"name":"a","config":{{"fake":"streams","more":"{more}"}}}}"#);
    std::fs::write(rig.folder.join("a.json"), file("old")).unwrap();
    let next = rig.again().await;
    let mut later = config("a", "streams");
    later.push(("more".to_owned(), "given on the command line".to_owned()));
    next.supervisor.start(vec![Stored { name: "a".to_owned(), config: later.clone(), target: Target::Running }]).await;
    for closely in [false, true] {
        next.supervisor.look_again(closely).await;
        assert_eq!(next.supervisor.view("a").unwrap().config, later);
    }
    next.write("a.json", &file("newer")).await;
    let more = |view: View| crate::settings::value(&view.config, "more").map(str::to_owned);
    assert_eq!(more(next.supervisor.view("a").unwrap()).as_deref(), Some("newer"));
    next.supervisor.delete("a").await.unwrap();
    next.write("a.json", &file("newer")).await;
    assert_eq!(next.supervisor.names(), ["a"], "put back after it was deleted");
}
