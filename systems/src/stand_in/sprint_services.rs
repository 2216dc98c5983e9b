//! Stand-ins for what the sprint service calls: `project-service`, `backlog-service` and
//! `chronicle-service`, each with its data and its switches.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, uri::InvalidUri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::switches::Switches;
use crate::hosting::Hosted;
use crate::sprint_service::Addresses;

/// All three.
#[derive(Debug)]
pub struct SprintServices {
    /// Knows projects.
    pub project: Project,
    /// Knows tasks.
    pub backlog: Backlog,
    /// Is told what happened.
    pub chronicle: Chronicle,
}

/// No stand-in could be started.
#[derive(Debug, Error)]
pub enum NoStandIn {
    /// Its socket.
    #[error("a stand-in cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// Its address.
    #[error(transparent)]
    Address(#[from] InvalidUri),
}

impl SprintServices {
    /// Starts them on ports that the system chooses, with the project ZEP010 and its ten tasks,
    /// NYX001 with four and ORB002 with six.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn start() -> Result<Self, NoStandIn> {
        let services = Self {
            project: Project::start().await?,
            backlog: Backlog::start().await?,
            chronicle: Chronicle::start().await?,
        };
        for (project, tasks) in [("ZEP010", 10), ("NYX001", 4), ("ORB002", 6)] {
            services.project.add(project);
            services.backlog.add(project, tasks);
        }
        Ok(services)
    }

    /// Where they are, a line for each.
    pub fn told(&self) -> String {
        let (project, backlog) = (self.project.url(), self.backlog.url());
        let chronicle = self.chronicle.url();
        format!(
            "project-service listens on {project}\nbacklog-service listens on {backlog}\n\
             chronicle-service listens on {chronicle}\n"
        )
    }

    /// Where they are.
    ///
    /// # Errors
    /// None that can happen: a socket's address is one.
    pub fn addresses(&self) -> Result<Addresses, InvalidUri> {
        let uri = |url: String| url.parse::<Uri>();
        Ok(Addresses {
            project: uri(self.project.url())?,
            backlog: uri(self.backlog.url())?,
            chronicle: uri(self.chronicle.url())?,
        })
    }
}

/// `GET /projects/{id}`.
#[derive(Debug)]
pub struct Project {
    hosted: Hosted,
    /// How it behaves.
    pub switches: Switches,
    projects: Data<Vec<String>>,
}

/// `GET /backlogs/{project}?status=unassigned` and one atomic `POST /assignments`.
#[derive(Debug)]
pub struct Backlog {
    hosted: Hosted,
    /// How it behaves.
    pub switches: Switches,
    tasks: Data<Tasks>,
}

/// `POST /events`, known by their `Idempotency-Key`.
#[derive(Debug)]
pub struct Chronicle {
    hosted: Hosted,
    /// How it behaves.
    pub switches: Switches,
    events: Data<Vec<(String, Value)>>,
}

/// What all handlers of a stand-in share.
type Data<T> = Arc<Mutex<T>>;

fn lock<T>(data: &Data<T>) -> MutexGuard<'_, T> {
    data.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn host(switches: &Switches, routes: Router) -> io::Result<Hosted> {
    Hosted::start(([127, 0, 0, 1], 0).into(), switches.over(routes)).await
}

fn told(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

impl Project {
    async fn start() -> io::Result<Self> {
        let (switches, projects) = (Switches::new(), Data::<Vec<String>>::default());
        let routes = Router::new()
            .route("/projects/{id}", get(find_project))
            .with_state(Arc::clone(&projects));
        Ok(Self {
            hosted: host(&switches, routes).await?,
            switches,
            projects,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.hosted.url()
    }

    /// Adds a project.
    pub fn add(&self, project: &str) {
        lock(&self.projects).push(project.to_owned());
    }
}

async fn find_project(
    State(projects): State<Data<Vec<String>>>,
    Path(id): Path<String>,
) -> Response {
    if lock(&projects).contains(&id) {
        return Json(json!({ "id": id, "name": format!("Project {id}") })).into_response();
    }
    told(StatusCode::NOT_FOUND, "there is no such project")
}

/// Tasks, by id, and the assignments that were carried out, by sprint.
#[derive(Debug, Default)]
struct Tasks {
    tasks: BTreeMap<String, Task>,
    assignments: BTreeMap<String, Value>,
    repeats: u64,
}

#[derive(Debug)]
struct Task {
    project: String,
    sprint: Option<String>,
}

impl Task {
    const fn status(&self) -> &'static str {
        match self.sprint {
            None => "unassigned",
            Some(_) => "assigned_to_sprint",
        }
    }
}

#[derive(Deserialize)]
struct WithStatus {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Assignment {
    sprint_id: String,
    task_ids: Vec<String>,
}

impl Backlog {
    async fn start() -> io::Result<Self> {
        let (switches, tasks) = (Switches::new(), Data::<Tasks>::default());
        let routes = Router::new()
            .route("/backlogs/{project}", get(list_tasks))
            .route("/assignments", post(assign))
            .with_state(Arc::clone(&tasks));
        Ok(Self {
            hosted: host(&switches, routes).await?,
            switches,
            tasks,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.hosted.url()
    }

    /// Adds unassigned tasks to a project.
    pub fn add(&self, project: &str, count: usize) {
        let tasks = &mut lock(&self.tasks).tasks;
        for number in tasks.len()..tasks.len() + count {
            let project = project.to_owned();
            let task = Task {
                project: project.clone(),
                sprint: None,
            };
            tasks.insert(format!("{project}-T{number:03}"), task);
        }
    }

    /// Assigns all unassigned tasks of a project by other hands.
    pub fn take(&self, project: &str, sprint: &str) {
        for task in lock(&self.tasks).tasks.values_mut() {
            if task.project == project && task.sprint.is_none() {
                task.sprint = Some(sprint.to_owned());
            }
        }
    }

    /// Every sprint that a task is assigned to, with the number of its tasks.
    pub fn sprints(&self) -> BTreeMap<String, usize> {
        let mut sprints = BTreeMap::new();
        for task in lock(&self.tasks).tasks.values() {
            if let Some(sprint) = &task.sprint {
                *sprints.entry(sprint.clone()).or_default() += 1;
            }
        }
        sprints
    }

    /// How many assignments came that had been carried out before.
    pub fn repeats(&self) -> u64 {
        lock(&self.tasks).repeats
    }
}

async fn list_tasks(
    State(tasks): State<Data<Tasks>>,
    Path(project): Path<String>,
    Query(wanted): Query<WithStatus>,
) -> Json<Vec<Value>> {
    let is_wanted = |task: &Task| {
        wanted
            .status
            .as_deref()
            .is_none_or(|status| status == task.status())
    };
    let found = lock(&tasks)
        .tasks
        .iter()
        .filter(|(_, task)| task.project == project && is_wanted(task))
        .map(|(id, task)| json!({ "id": id, "status": task.status(), "sprint_id": task.sprint }))
        .collect();
    Json(found)
}

/// All or nothing, under one lock.
async fn assign(State(tasks): State<Data<Tasks>>, Json(wanted): Json<Assignment>) -> Response {
    let tasks = &mut *lock(&tasks);
    if let Some(first) = tasks.assignments.get(&wanted.sprint_id) {
        tasks.repeats += 1;
        return Json(first.clone()).into_response();
    }
    let is_free = |id: &String| {
        tasks
            .tasks
            .get(id)
            .is_some_and(|task| task.sprint.is_none())
    };
    if !wanted.task_ids.iter().all(is_free) {
        return told(
            StatusCode::CONFLICT,
            "a task is assigned already or unknown; nothing was done",
        );
    }
    for id in &wanted.task_ids {
        if let Some(task) = tasks.tasks.get_mut(id) {
            task.sprint = Some(wanted.sprint_id.clone());
        }
    }
    let answer = json!({ "sprint_id": wanted.sprint_id, "assigned": wanted.task_ids.len() });
    tasks.assignments.insert(wanted.sprint_id, answer.clone());
    Json(answer).into_response()
}

impl Chronicle {
    async fn start() -> io::Result<Self> {
        let (switches, events) = (Switches::new(), Data::<Vec<(String, Value)>>::default());
        let routes = Router::new()
            .route("/events", post(tell).get(list_events))
            .with_state(Arc::clone(&events));
        Ok(Self {
            hosted: host(&switches, routes).await?,
            switches,
            events,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.hosted.url()
    }

    /// What it was told, in order, without repeats.
    pub fn events(&self) -> Vec<Value> {
        lock(&self.events)
            .iter()
            .map(|(_, event)| event.clone())
            .collect()
    }
}

async fn tell(
    State(events): State<Data<Vec<(String, Value)>>>,
    headers: HeaderMap,
    Json(event): Json<Value>,
) -> Response {
    let key = headers.get("idempotency-key");
    let Some(key) = key.and_then(|key| key.to_str().ok()) else {
        return told(StatusCode::BAD_REQUEST, "an event needs an Idempotency-Key");
    };
    let mut events = lock(&events);
    if !events.iter().any(|(known, _)| known == key) {
        events.push((key.to_owned(), event));
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn list_events(State(events): State<Data<Vec<(String, Value)>>>) -> Json<Vec<Value>> {
    Json(
        lock(&events)
            .iter()
            .map(|(_, event)| event.clone())
            .collect(),
    )
}
