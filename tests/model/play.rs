//! Clients at work: each does random things, against any instance, and writes down what it did.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::dice::Dice;
use super::history::{Minor, Name, Op, Outcome, Record, decimal, minor};
use super::wire::{Request, Wire};
use super::world::World;

/// What the clients of one history share.
pub struct Stage<'a> {
    pub world: &'a World,
    /// Where the instances listen.
    pub instances: Vec<SocketAddr>,
    /// Tokens of somebody who may do everything, and of somebody else who may.
    pub tokens: [String; 2],
    pub began_at: DateTime<Utc>,
    pub today: NaiveDate,
    pub scope: Scope,
    /// What a client does that is no request.
    pub aside: &'a (dyn Fn(&Op) + Sync),
    /// What may break between two things that a client does.
    pub chaos: &'a (dyn Fn(&mut Dice) + Sync),
    pub moments: AtomicU64,
    pub names: AtomicU32,
    pub known: Mutex<Known>,
}

/// What clients do.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Whether time passes, lines and memberships change.
    pub everything: bool,
    /// Whether instances break: answers may never come.
    pub faults: bool,
    pub amends: bool,
    pub batches: bool,
}

/// What there is to go on with.
#[derive(Default)]
pub struct Known {
    /// Customer, name, amount, until, and the identifier once it was told.
    pub reservations: Vec<(usize, Name, Minor, i64, Option<String>)>,
    pub payments: Vec<(Name, String)>,
    pub memberships: Vec<(Name, String)>,
    /// Minutes that have passed, as far as clients have seen.
    pub minutes: i64,
}

/// An operation as a client did it. What receivables are called is known only in the end.
pub struct Done {
    client: usize,
    op: Op,
    invoked: u64,
    answered: Option<(u64, u16, Value)>,
}

impl Done {
    /// The record of it.
    pub fn record(self, names: &BTreeMap<String, Name>) -> Record {
        let Self {
            client,
            op,
            invoked,
            answered,
        } = self;
        let answered =
            answered.map(|(at, status, body)| (at, Outcome::read(&op, status, &body, names)));
        Record {
            client,
            op,
            invoked,
            answered,
        }
    }
}

impl Known {
    pub fn new(world: &World) -> Self {
        Self {
            memberships: world.memberships.clone().into_iter().collect(),
            ..Self::default()
        }
    }
}

/// One client.
pub struct Player<'a> {
    pub stage: &'a Stage<'a>,
    pub dice: Dice,
    number: usize,
    wires: Vec<Wire>,
    done: Vec<Done>,
}

impl<'a> Player<'a> {
    pub fn new(stage: &'a Stage<'a>, number: usize, dice: Dice) -> Self {
        Self {
            wires: stage.instances.iter().map(|at| Wire::new(*at)).collect(),
            stage,
            number,
            dice,
            done: Vec::new(),
        }
    }

    /// Does so many random things.
    pub fn play(mut self, operations: usize) -> Vec<Done> {
        for _ in 0..operations {
            self.step();
        }
        self.done
    }

    fn step(&mut self) {
        (self.stage.chaos)(&mut self.dice);
        let op = self.choose();
        match &op {
            Op::Wait { .. } | Op::Sweep { .. } => {
                let invoked = self.moment();
                (self.stage.aside)(&op);
                if let Op::Wait { minutes } = op {
                    self.stage.known.lock().unwrap().minutes += minutes;
                }
                let answered = Some((self.moment(), 200, Value::Null));
                self.note(op, invoked, answered);
            }
            Op::Submit { .. } => self.change_limit(op),
            Op::Resume { line, application } => self.resume(*line, *application),
            Op::Leave { membership } => self.leave(*membership),
            _ => {
                let request = self.request(&op);
                self.perform(op, &request);
            }
        }
    }

    fn moment(&self) -> u64 {
        self.stage.moments.fetch_add(1, Ordering::SeqCst)
    }

    /// A name that nothing else has.
    pub fn name(&self) -> Name {
        self.stage.names.fetch_add(1, Ordering::SeqCst)
    }

    fn note(&mut self, op: Op, invoked: u64, answered: Option<(u64, u16, Value)>) {
        self.done.push(Done {
            client: self.number,
            op,
            invoked,
            answered,
        });
    }

    /// Asks until it is decided, and remembers what came of it.
    fn perform(&mut self, op: Op, request: &Request) -> Option<(u16, Value)> {
        let invoked = self.moment();
        let decided = self.insist(request);
        let answered = decided
            .clone()
            .map(|(status, body)| (self.moment(), status, body));
        if let Some((status, body)) = &decided {
            assert!(*status < 500, "{op:?}: {status} {body}");
            if *status < 300 {
                self.learn(&op, body);
            }
            if request.key.is_some() && self.dice.below(8) == 0 {
                // Whoever asks again under the same key is told the same and changes nothing.
                let again = self.insist(request);
                let same = again.is_none_or(|again| again == (*status, body.clone()));
                assert!(same, "{op:?} was answered otherwise the second time");
            }
        }
        self.note(op, invoked, answered);
        decided
    }

    /// Sends a request until somebody decides it. Busy instances and requests in progress mean
    /// "again, with the same key"; where the answer never came, the client asks again or gives up.
    fn insist(&mut self, request: &Request) -> Option<(u16, Value)> {
        let begun = Instant::now();
        let mut last = None;
        loop {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{} {} is never decided, at last {last:?}",
                request.method,
                request.path
            );
            let instance = self.dice.below(self.wires.len());
            match self.wires[instance].ask(request) {
                Ok((503, body)) => last = Some(body),
                Ok((409, body)) if body["code"] == "request_in_progress" => last = Some(body),
                Ok(answer) => return Some(answer),
                Err(error) => {
                    let Request { method, path, .. } = request;
                    assert!(self.stage.scope.faults, "{method} {path}: {error}");
                    if self.dice.below(2) == 0 {
                        return None;
                    }
                }
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    fn learn(&mut self, op: &Op, body: &Value) {
        let mut known = self.stage.known.lock().unwrap();
        let id = || body["id"].as_str().unwrap().to_owned();
        match op {
            Op::Reserve { reservation, .. } => known.tell(*reservation, id()),
            Op::ReserveAll { items, .. } => {
                for ((_, name, _), item) in items.iter().zip(body["items"].as_array().unwrap()) {
                    if let Some(id) = item["reservation"]["id"].as_str() {
                        known.tell(*name, id.to_owned());
                    }
                }
            }
            Op::Pay { payment, .. } => known.payments.push((*payment, id())),
            Op::Join {
                group, membership, ..
            } => {
                let group = &self.stage.world.groups[*group];
                let path = format!("/v1/credit-groups/{group}/members/{}", id());
                known.memberships.push((*membership, path));
            }
            _ => {}
        }
    }

    /// Applies for a line to be resumed and has it approved by somebody else.
    fn resume(&mut self, line: usize, application: Name) {
        let id = self.stage.world.lines[line].clone();
        let Some((_, seen)) = self.insist(&self.read(format!("/v1/credit-lines/{id}"))) else {
            return;
        };
        let limit = minor(&seen["limit"]["amount"]);
        let Some(path) = self.drafted(json!({"credit_line_id": id, "action": "resume"})) else {
            return;
        };
        let op = Op::Submit {
            line,
            application,
            from: limit,
            to: limit,
        };
        let submitting = self.write(format!("{path}/submit"), json!({}));
        if let Some((200, submitted)) = self.perform(op, &submitting) {
            let approving = self.approving(&path, &submitted);
            self.decide(Op::Resume { line, application }, &approving);
        }
    }

    /// Leaves by hand, or applies for it where more becomes usable by it.
    fn leave(&mut self, membership: Name) {
        let op = Op::Leave { membership };
        let request = self.request(&op);
        let invoked = self.moment();
        let decided = self.insist(&request);
        if !matches!(&decided, Some((409, body)) if body["code"] == "approval_required") {
            let answered = decided.map(|(status, body)| (self.moment(), status, body));
            return self.note(op, invoked, answered);
        }
        let named = decided.map(|(_, body)| body["apply_with"].clone());
        let Some(path) = named.and_then(|body| self.drafted(body)) else {
            return;
        };
        let submitting = self.write(format!("{path}/submit"), json!({}));
        if let Some((200, submitted)) = self.insist(&submitting) {
            let approving = self.approving(&path, &submitted);
            self.decide(Op::LetGo { membership }, &approving);
        }
    }

    /// Approves what was applied for. Where others have to decide by now, nothing is done.
    fn decide(&mut self, op: Op, approving: &Request) {
        let invoked = self.moment();
        let decided = self.insist(approving);
        if !matches!(&decided, Some((409, body)) if body["code"] == "approval_checks_changed") {
            let answered = decided.map(|(status, body)| (self.moment(), status, body));
            self.note(op, invoked, answered);
        }
    }

    /// The path of a draft, where one was drawn up.
    fn drafted(&mut self, body: Value) -> Option<String> {
        let drafting = self.write("/v1/credit-applications".to_owned(), body);
        match self.insist(&drafting)? {
            (201, draft) => Some(format!(
                "/v1/credit-applications/{}",
                draft["id"].as_str().unwrap()
            )),
            _ => None,
        }
    }

    fn approving(&self, path: &str, submitted: &Value) -> Request {
        let approval = json!({"approval_id": submitted["approval_id"]});
        Request {
            token: self.stage.tokens[1].clone(),
            ..self.write(format!("{path}/approve"), approval)
        }
    }

    /// Applies for another limit and has it approved by somebody else.
    fn change_limit(&mut self, op: Op) {
        let Op::Submit {
            line,
            application,
            to,
            ..
        } = op
        else {
            return;
        };
        let path = format!("/v1/credit-lines/{}", self.stage.world.lines[line]);
        let Some((_, seen)) = self.insist(&self.read(path)) else {
            return;
        };
        let from = minor(&seen["limit"]["amount"]);
        if from == to {
            return;
        }
        let action = if to > from { "increase" } else { "decrease" };
        let body = json!({
            "credit_line_id": self.stage.world.lines[line], "action": action, "amount": decimal(to),
        });
        let Some(path) = self.drafted(body) else {
            return;
        };
        let op = Op::Submit {
            line,
            application,
            from,
            to,
        };
        let submitting = self.write(format!("{path}/submit"), json!({}));
        let Some((200, submitted)) = self.perform(op, &submitting) else {
            return;
        };
        let approving = self.approving(&path, &submitted);
        let decided = self.perform(Op::Approve { application }, &approving);
        if let Some((200, body)) = decided {
            assert_ne!(body["status"], "submitted", "one step decides");
        }
    }

    pub fn read(&self, path: String) -> Request {
        Request {
            method: "GET",
            path,
            body: None,
            key: None,
            token: self.stage.tokens[0].clone(),
        }
    }

    pub fn write(&self, path: String, body: Value) -> Request {
        Request {
            method: "POST",
            path,
            body: Some(body),
            key: Some(format!("model-{}-{}", self.stage.world.number, self.name())),
            token: self.stage.tokens[0].clone(),
        }
    }
}

impl Known {
    fn tell(&mut self, name: Name, id: String) {
        if let Some(known) = self.reservations.iter_mut().find(|one| one.1 == name) {
            known.4 = Some(id);
        }
    }

    /// The identifier of a reservation that was told.
    pub fn id_of(&self, name: Name) -> String {
        let known = self.reservations.iter().find(|one| one.1 == name);
        known.and_then(|one| one.4.clone()).unwrap()
    }
}
